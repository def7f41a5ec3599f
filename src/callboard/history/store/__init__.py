"""Where history keeps what it remembers. It must never hold more than its owner's bounds allow. Only `history` calls it."""

from callboard.history.store.verdicts import CHAIN, VerdictStore

__all__ = ["CHAIN", "VerdictStore"]
