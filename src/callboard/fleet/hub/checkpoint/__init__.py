"""What the hub holds, on disk: so that a restart shows what was known at once, and goes on from there.

One file for each stream, written now and then (`keeper`), in a form that is taken whole or not at all (`form`), in a directory
that nobody else may read or write (`files`). It must never hold a Secret, not even its name, nor anything that a caller's own
token read, and never be believed where somebody else could have written it. The hub uses it; nobody else does.
"""
