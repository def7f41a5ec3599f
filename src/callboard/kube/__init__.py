"""ONE cluster: connection, list, watch, get, logs and access reviews, kubeconfig, and redaction at ingest.

It must never know of entities, of a second cluster or of who is looking; never let a cluster's failure out as an
exception; never keep a Secret's values, last-applied copies or managedFields. `fleet`, `portal` and `app` may call it.

From the top down, each importing only what stands lower:

    watching                a list that goes on
    reads                   questions that are answered once
    connection, kubeconfig  how an API server is reached; who may be asked, and as whom
    ingest, loop            bytes become objects; sharing the event loop
    failure                 whatever went wrong, as a value
    limits, lines, named_file, in_force, text

The road of an answer: `connection/request.py` (what is sent) → `connection/connection.py` (deadlines, limits, retries) →
`failure.py` or `ingest/decode.py` (each object by itself, through `redact`) → `reads/lists.py` (the pages of one question) or
`watching/watch.py` → `reads/fetcher.py` (all questions of one cluster, side by side).
"""
