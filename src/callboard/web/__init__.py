"""The page: routes, templates and browser files; server-rendered, readable without JavaScript.

It must never talk to a cluster or a store, decide what a caller may see, or put foreign text into a page unescaped.
It calls `portal`, and `host` for extensions' pages, and stands behind the edge that is `http`; only `app` may call it.
"""
