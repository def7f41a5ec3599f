"""Who is asking, what they may do and see, and whether a request may come in at all.

Deciding is pure wherever it can be: `decide`, `visible`, `scopes` and the door's checks are functions of values; `reviews` alone
asks clusters, by connections that are handed to it, and `visibility` puts the two together; `sign_in` asks identity providers.
It must never know a route's template, nor let anything through by default: an error, silence, an answer that cannot be read are
a no. Callers: `portal` (visibility, permission) and, through a port, `http` (the door).
"""
