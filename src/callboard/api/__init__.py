"""The JSON routes.

It must never talk to a cluster or a store, or answer with what the page would hide from the same caller. It calls `portal` only,
and stands behind the edge that is `http`; only `app` may call it.
"""
