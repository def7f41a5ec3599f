"""Benchmarks that anyone can run: `make bench`. What they measure and how is told in docs/benchmarks.md.

They time and are therefore no tests: nothing in `tests` depends on a figure of theirs, and they must never decide
whether something is right. Whoever wants to know what Callboard costs may run them; no other code imports this package.
"""
