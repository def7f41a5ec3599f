"""A request to a site in this process, and what it answers; and one element of a page."""

from collections.abc import Mapping, MutableMapping
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

__all__ = ["Reply", "call", "element"]

# elements without an end
_VOID: Final = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    ]
)


class Reply(msgspec.Struct, frozen=True):
    """What came of a request."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """By name, in lower case."""
    body: bytes
    """As it was sent."""

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8")

    def json(self, of: Any = Any) -> Any:
        """The body out of JSON, as a value of this type where one is given."""
        return msgspec.json.decode(self.body, type=of)


async def call(
    site: Any, method: str, url: str, headers: Mapping[str, str], body: bytes, *, host: str
) -> Reply:
    """Ask, as a client does that closes nothing early."""
    parts = urlsplit(url)
    given = {"host": host, "accept-encoding": "identity", **{k.lower(): v for k, v in headers.items()}}
    if body:
        given["content-length"] = str(len(body))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": parts.path, "raw_path": quote(parts.path, safe="/%").encode(), "query_string": parts.query.encode(),
        "root_path": "", "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in given.items()],
        "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    sent = False
    status, told, pieces = 0, {}, []

    async def receive() -> MutableMapping[str, Any]:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, told
        if message["type"] == "http.response.start":
            status = message["status"]
            told = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
        elif message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    await site(scope, receive, send)
    return Reply(status, told, b"".join(pieces))


def element(html: str, name: str, value: str) -> str:
    """What stands in the first element with an attribute of this name and value; "" where there is none."""
    found = _Finder(name, value)
    found.feed(html)
    lines = html.splitlines(keepends=True)
    if found.begin is None or found.end is None:
        return ""
    return _between(lines, found.begin, found.end).strip()


def _between(lines: list[str], begin: tuple[int, int], end: tuple[int, int]) -> str:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    text = "".join(lines)
    return text[offsets[begin[0] - 1] + begin[1] : offsets[end[0] - 1] + end[1]]


class _Finder(HTMLParser):
    def __init__(self, name: str, value: str) -> None:
        super().__init__(convert_charrefs=False)
        self._wanted = (name, value)
        self._depth = 0
        self.begin: tuple[int, int] | None = None
        self.end: tuple[int, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.end is not None or tag in _VOID:
            return
        if self.begin is not None:
            self._depth += 1
        elif self._wanted in attrs:
            line, column = self.getpos()
            text = self.get_starttag_text() or ""
            below = text.count("\n")
            self.begin = (line + below, len(text.rpartition("\n")[2]) + (0 if below else column))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """It holds nothing."""

    def handle_endtag(self, tag: str) -> None:
        if self.begin is None or self.end is not None or tag in _VOID:
            return
        if self._depth == 0:
            self.end = self.getpos()
        self._depth -= 1
