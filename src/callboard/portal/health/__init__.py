"""The health of every service, kept current while nobody looks.

The way inside: `board` (hears of changes and has services judged) → `queue` (which service is next) → `cluster_verdicts` (what a
service is on one cluster) → `service_state` (what that comes to). Where the provider only answers when asked, `sweep` opens
the services one after another instead. It must never ask a cluster itself, and must never tell a caller who may not see
everything how many services are unwell. Callers: `listing`, `portal.portal`, and `app`, which wires it.
"""
