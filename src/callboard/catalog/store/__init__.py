"""Where the catalog keeps its entities: SQLite or PostgreSQL.

It must never hold an entity that no source gave, write one that did not change, or search by looking at every row. Only
`Catalog` calls it.
"""

from callboard.catalog.store.copied import CopiedStore
from callboard.catalog.store.store import CHAIN, Known, Store, Written

__all__ = ["CHAIN", "CopiedStore", "Known", "Store", "Written"]
