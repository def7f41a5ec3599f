"""From locations to whole entities: reading, defaults, annotations, rules, conflicts, relations.

    roots ─▶ walk (read, nested Locations, rules) ─▶ claims (one source for each ref) ─▶ stitch (relations, status, etag)

It must never write to the store, drop an entity because its file broke, or let two sources share a ref. `Catalog` calls it.
"""
