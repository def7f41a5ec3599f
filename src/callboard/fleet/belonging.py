"""The rules of `model.belonging`, which answers are ordered and filtered by as they arrive."""

from callboard.model.belonging import belonging, claims_of, members, nodes_of

__all__ = ["belonging", "claims_of", "members", "nodes_of"]
