"""The way to one API server: sockets, TLS, requests, and answers piece by piece.

`connection` (one cluster, as one identity) takes a socket out of a `pool`, behind a `gate` that bounds how many requests run at
once; `tls` and `socks` say how the server is reached, `request` what is sent, `heads` and `response` bound what comes back.
It must never let an unbounded body, head or wait through. `reads` and `watching` call it, and `fleet` makes connections.
"""
