"""Where the catalog keeps its entities: SQLite now, any database of SQLAlchemy's later.

It must never hold an entity that no source gave, write one that did not change, or search by looking at every row. Only
`Catalog` calls it.
"""

from callboard.catalog.store.store import Known, Store, Written

__all__ = ["Known", "Store", "Written"]
