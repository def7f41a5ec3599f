"""A visible snapshot becomes views: rows, sentences, sections, and what is missing and why.

Everything here is a function of values. It must never ask anything, and never leave out what was fetched. `asking`, `offline`
and `listing` call it; of the faces only those that word a view import it.
"""
