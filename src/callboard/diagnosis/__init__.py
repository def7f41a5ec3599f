"""What a snapshot means: pure functions from model to model, one file per family of conditions.

It must never do I/O, read a clock or import a room other than `model` and `base`; it sees only what the caller may
see, and unknown is never none. `portal` may call it.
"""
