"""A fleet of stand-in Kubernetes API servers on real sockets: the demo, the tests and the benchmarks use this one.

It must never import a room other than `base`, know of a finding code, or answer in a way that a real API server would
not. `app` and `cli` may start it.
"""
