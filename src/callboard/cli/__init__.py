"""The terminal: the same answers as the page, as tables, as JSON and as exit codes.

It must never hold a rule of its own: what it prints, the page shows. It calls `portal` only; only `app` may call it.
"""
