"""Entities: reading, validating and processing catalog files, their relations, the search and the store.

It must never talk to a cluster, follow a redirect, read from a host that is not allowed, or lose an entity's last good
state because its file broke. `portal` and `app` may call it.
"""
