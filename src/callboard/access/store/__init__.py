"""Where `access` keeps who may come in. It must never hold a token or what a session's cookie holds, only what they hash to. Only
`access` calls it.
"""

from callboard.access.store.audit import AuditStore
from callboard.access.store.sessions import KeptSession, SessionStore
from callboard.access.store.stars import StarStore
from callboard.access.store.tokens import CHAIN, KeptToken, TokenStore

__all__ = ["CHAIN", "AuditStore", "KeptSession", "KeptToken", "SessionStore", "StarStore", "TokenStore"]
