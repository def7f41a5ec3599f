"""ONE cluster: connection, list, watch, get, logs and access reviews, kubeconfig, and redaction at ingest.

It must never know of entities, of a second cluster or of who is looking; never let a cluster's failure out as an
exception; never keep a Secret's values, last-applied copies or managedFields. `fleet`, `portal` and `app` may call it.

The road of an answer: `request` (what is sent) → `connection` (past a `gate`, out of a `pool`; TLS, deadlines,
limits, retries; `heads` bounds what comes around an answer, which is a `response`) →
`failure` (whatever went wrong, as a value) or `decode` (each object by itself, through `redact`; open, or packed by
`keeping`) → `lists` (pages of one question) or `watch` (a list that goes on) → `fetcher` (all questions of one cluster,
side by side). `logs`, `proxy`, `access_review` and
`discovery` stand beside it on the same connection; `kubeconfig` reads who may be asked and as whom.
"""
