"""Expressions (CEL) that shape what a declared route answers, evaluated in processes of their own.

An expression is foreign, and what it is given is too: it must never be compiled or evaluated in this process, see anything but
what it is given, or hold up another. Callers: `host`'s declared routes; `app` makes the one pool.
"""
