"""Entities: reading, validating and processing catalog files, their relations, the search and the store.

It must never talk to a cluster, read an address but through `outbound`, follow a redirect, read from a host that is not
allowed, or lose an entity's last good state because its file broke. `portal` and `app` may call it.

    sources ─▶ validation ─▶ processing ─▶ store ─▶ Catalog (entity, search, facets, problems)
"""

from callboard.catalog.catalog import Catalog, Refreshed
from callboard.catalog.search import FACETS, FacetValue, Found, SearchQuery
from callboard.catalog.sources import Fetch, Fetched, HttpFetch
from callboard.catalog.store import Store
from callboard.catalog.validate import Validation, validate_paths

__all__ = [
    "FACETS",
    "Catalog",
    "FacetValue",
    "Fetch",
    "Fetched",
    "Found",
    "HttpFetch",
    "Refreshed",
    "SearchQuery",
    "Store",
    "Validation",
    "validate_paths",
]
