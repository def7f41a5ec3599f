"""The parts of a fleet behind their fences: what is wired is one of these, whoever made what is inside.

Each implements the protocol of its part, and takes nothing on trust: not that an answer comes, nor what it is, nor how much of
it there is. What goes wrong costs what the part is there for, and is told by the part's name where it is missing. Only the
wiring makes them.
"""
