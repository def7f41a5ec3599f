"""The terminal: the portal's answers as tables and JSON, and the operator's tools.

It must never ask a cluster or read the catalog by itself: it calls `portal`, and what has to be wired (a running portal, a
server, the simulator) comes from `app` through `wiring.Wiring`. Exit codes are part of its contract. Caller: `app`.
"""
