"""Credentials in force, hidden wherever words of a cluster are kept or shown: a server may echo what it was sent.

Noted whenever one is sent, for the whole process, because what one caller's token made a cluster say may be shown to another.
"""

import base64
from typing import Final

__all__ = ["MASK", "InForce", "in_force"]

MASK: Final = "(token)"
_SHORTEST: Final = 8
"""Characters of a secret below which it is a word like any other, and hiding it would hide words."""
_MOST: Final = 1024
"""Secrets remembered for one API server, the newest: the tokens of as many users."""
_MOST_SERVERS: Final = 4096


class InForce:
    """What was sent, by the URL of the API server it was sent to. Holds secrets in the clear; has no repr of them."""

    def __init__(self) -> None:
        self._sent: dict[str, dict[str, tuple[str, ...]]] = {}

    def note(self, url: str, secret: str, username: str = "") -> None:
        """This is on its way there; with a `username`, as both are sent together."""
        if len(secret) < _SHORTEST:
            return
        of = self._sent.get(url)
        if of is None:
            if len(self._sent) >= _MOST_SERVERS:
                del self._sent[next(iter(self._sent))]
            of = self._sent[url] = {}
        if secret not in of:
            if len(of) >= _MOST:
                del of[next(iter(of))]
            pair = base64.b64encode(f"{username}:{secret}".encode()).decode() if username else ""
            of[secret] = (secret, pair) if pair else (secret,)

    def hidden(self, url: str, body: bytes) -> bytes:
        """What this server said, without what was sent to it; the same object where none of it is in there."""
        for forms in self._sent.get(url, {}).values():
            for form in forms:
                raw = form.encode()
                if raw in body:
                    body = body.replace(raw, MASK.encode())
        return body

    def hidden_in(self, text: str) -> str:
        """The same for words of whatever server."""
        for of in self._sent.values():
            for forms in of.values():
                for form in forms:
                    if form in text:
                        text = text.replace(form, MASK)
        return text

    def __repr__(self) -> str:
        return "InForce(***)"


in_force: Final = InForce()
"""The process's own: a credential is in force wherever in it words are shown."""
