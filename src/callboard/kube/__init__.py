"""ONE cluster: connection, list, watch, get, logs and access reviews, kubeconfig, and redaction at ingest.

It must never know of entities, of a second cluster or of who is looking; never let a cluster's failure out as an
exception; never keep a Secret's values, last-applied copies or managedFields. `fleet`, `portal` and `app` may call it.
"""
