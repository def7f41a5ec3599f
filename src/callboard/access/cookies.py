"""Cookies: how ours are called, and what a header holds. Pure."""

from callboard.model.door import SessionCookie

__all__ = ["cookie_in", "session_cookie"]


def session_cookie(plain: str, *, secure: bool, path: str = "/") -> SessionCookie:
    """The session's cookie. Over TLS its name keeps others from setting it: `__Host-` belongs to one host and every path of it,
    which a portal below a path is not; `__Secure-` is what is left there. `plain` is its name without TLS."""
    if not secure:
        return SessionCookie(plain, path=path)
    return SessionCookie("__Host-callboard" if path == "/" else "__Secure-callboard", secure=True, path=path)


def cookie_in(header: str, name: str) -> str:
    """The value of the one cookie of that name; "" where there is none, or where there are several that differ: one of them would
    be somebody else's."""
    found = set()
    for part in header.split(";"):
        key, _, value = part.partition("=")
        if key.strip() == name:
            found.add(value.strip().strip('"'))
    return found.pop() if len(found) == 1 else ""
