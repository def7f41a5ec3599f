"""The `backend` section: where we listen, with which certificate, who may read us, what we may read, where we store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from callboard.base.secret import Secret
from callboard.base.settings.forms import Opaque, SettingsStruct

__all__ = [
    "BackendSettings",
    "CertificateSettings",
    "CorsSettings",
    "DatabaseSettings",
    "HttpsSettings",
    "ListenSettings",
    "ReadingAllow",
    "ReadingSettings",
]

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class ListenSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.listen`: `:7007`, `host:7007`, a port, or `{host, port}`."""

    host: str = "127.0.0.1"
    """The address to bind. Default: loopback, because anything else needs sign-in first. This differs from Backstage, where
    no host means every address; say `0.0.0.0` (or `::`) for that; it is refused as long as there is no sign-in."""

    port: Port = 7007
    """The TCP port; 0 takes a free one. Default: Backstage's."""


class CertificateSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.https.certificate`."""

    cert: str
    """The certificate chain, PEM (usually by `$file`)."""

    key: Secret
    """Its private key, PEM (usually by `$file`)."""


class HttpsSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.https`. Backstage's `true`, a certificate made on the spot, is not had here."""

    certificate: CertificateSettings
    """The certificate we serve with."""


class CorsSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.cors`: which other origins' pages may call the API. A list may be one text with commas; `false` is none."""

    origin: tuple[str, ...] = ()
    """Exact origins, e.g. `https://portal.example.org`. Default: none; a wildcard is refused when `credentials` is on."""

    methods: tuple[str, ...] = ()
    """Methods another origin may use. Default: those a route has."""

    allowed_headers: tuple[str, ...] = ()
    """Request headers another origin may send. Default: those the route reads."""

    exposed_headers: tuple[str, ...] = ()
    """Response headers another origin may read. Default: none beyond the safe ones."""

    credentials: bool = False
    """Whether cookies may come along. Default: off, because a cookie is the whole of a person's rights."""

    max_age: int | None = None
    """How long a browser may remember a preflight, in seconds. Default: the browser's own."""


class ReadingAllow(SettingsStruct, frozen=True, kw_only=True):
    """One entry of `backend.reading.allow`."""

    host: str
    """A host (with `:port` where it is not the usual one), or `*.example.org` for its sub-domains."""

    paths: tuple[str, ...] = ()
    """Path prefixes that may be read on it. Default: every path."""


class ReadingSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.reading`."""

    allow: tuple[ReadingAllow, ...] = ()
    """Hosts a `url` location may be read from. Default: none, so that a catalog file cannot make us call anywhere."""


class DatabaseSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.database`: where Callboard keeps its own tables. Only SQLite is used at present; `connection` may be one text,
    the file's name."""

    client: str = "better-sqlite3"
    """Backstage's name of the driver. `better-sqlite3` and `sqlite3` are SQLite; for any other the tables go to SQLite
    in the data directory, with a warning."""

    connection: Opaque = Opaque()
    """What belongs to the client: for SQLite `directory` or `filename` (`:memory:` for none)."""

    @property
    def is_sqlite(self) -> bool:
        """Whether `client` is one of Backstage's names for SQLite."""
        return self.client in ("better-sqlite3", "sqlite3")

    def sqlite_file(self, data_directory: str) -> str:
        """The SQLite file to use: a path, or `:memory:`. `data_directory` is where it lies when nothing else is said."""
        if self.is_sqlite:
            filename = self.connection.get("filename")
            if isinstance(filename, str) and filename:
                return filename
            directory = self.connection.get("directory")
            if isinstance(directory, str) and directory:
                return str(Path(directory) / "callboard.sqlite")
        return str(Path(data_directory) / "callboard.sqlite")


class BackendSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend`, as in Backstage."""

    NOT_YET: ClassVar[Mapping[str, str]] = {"cors": "no other origin's page is let in, whatever is said here"}
    """Fields that are read and have no effect, with what is to be known about it."""

    base_url: str | None = None
    """The address of the API, where it differs from `app.baseUrl`. Its host is let through the Host check."""

    listen: ListenSettings = ListenSettings()
    """Where to listen."""

    https: HttpsSettings | None = None
    """The certificate to serve with. Default: plain HTTP, right on loopback and behind a proxy that ends TLS."""

    cors: CorsSettings | None = None
    """Which other origins may call us. Default: none."""

    reading: ReadingSettings = ReadingSettings()
    """What `url` locations may read."""

    database: DatabaseSettings = DatabaseSettings()
    """Where the tables lie."""
