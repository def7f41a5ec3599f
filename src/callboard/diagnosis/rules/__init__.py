"""The rules: which conditions Callboard knows, and what tells each of them.

A rule is a plain function of facts (`facts.py`) in one small form (`rule.py`); the families stand in files of their own, their
words in `diagnosis.texts`, and `registry.py` puts them together. A rule never asks, waits or remembers; what could not be
read is unknown to it (None), never absent; it must be total over foreign values. Callers: `diagnosis.engine`, and whoever
explains a code.
"""
