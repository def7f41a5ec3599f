"""What every implementation of a part must hold to, one module for each kind; `laws` has what holds for all.

Each check calls a part as Callboard does, and as it does where somebody leaves, two ask at once, nothing is there, or what it
is asked about is hostile. It must never look inside a part, or need more than the protocol says. Callers: tests.
"""
