"""Questions that are answered once: lists, logs, discovery, access reviews, and what passes through the proxy.

It must never write to a cluster. `fleet`, `portal` and `app` may call it.
"""
