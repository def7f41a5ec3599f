"""Attacks by a cluster and its readers, on a running Callboard: what each costs it, and everybody else.

`hostile` is the server, one behaviour below each path; `measure` runs Callboard between it and a cluster that is well, and
watches; `python -m bench.attack` (`make attack`) prints the table. Everything is on loopback, and bounded in time and bytes.
"""
