"""Where entities come from: files and URLs, what they may bring, and the documents they hold.

It must never read an address that `backend.reading.allow` does not name, follow a redirect, read a local file for a
document that came over the network, or read without a bound. The catalog's processing calls it.
"""

from callboard.catalog.sources.document import SourceDocument, read_documents
from callboard.catalog.sources.fetch import Fetch, Fetched
from callboard.catalog.sources.http import HttpFetch
from callboard.catalog.sources.location import Location

__all__ = ["Fetch", "Fetched", "HttpFetch", "Location", "SourceDocument", "read_documents"]
