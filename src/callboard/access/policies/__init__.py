"""Who may do what, by policies in Cedar: read from files, checked against our schema, decided by what they look at.

`load` makes `Policies` of texts, or says what is wrong and where; `engine` decides by the ones in force. A policy that errs when
it is evaluated denies, and is told: Cedar itself passes over it. It must never let anything through that no policy permits, ask
a cluster, or read the catalog (a `Directory` is handed to it). Callers: `access.visibility`, `portal`, `app`.
"""
