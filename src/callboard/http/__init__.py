"""The edge that everything reached over HTTP stands behind: listener, door, route classes, errors, headers, compression.

It must never know what a route shows, nor talk to a cluster, a store or the portal. Callers: `web` and `api`, whose routes stand
behind it, and `app`, which puts it on a socket.
"""
