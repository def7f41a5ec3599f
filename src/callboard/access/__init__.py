"""Who is asking, what they may see, and whether a request may come in at all.

Deciding is pure wherever it can be: `visible` and the door's checks are functions of values. It must never know a route's
template or a cluster's connection, and never let anything through by default. Callers: `portal` (visibility) and, through
a port, `web` (the door).
"""
