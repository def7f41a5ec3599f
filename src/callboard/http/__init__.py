"""The edge that everything reached over HTTP stands behind: the listener, its connections and their bounds.

It must never know what a route shows, nor talk to a cluster, a store or the portal; whatever a stranger sends has a bound in
bytes, lines and time before it is taken apart. Callers: `web` and `api`, whose routes stand behind it, and `app`, which puts it
on a socket.
"""
