"""The JSON routes, and the operator's: liveness, readiness, metrics.

It must never talk to a cluster or a store, or answer with what the page would hide from the same caller. It calls
`portal` only; only `app` may call it.
"""
