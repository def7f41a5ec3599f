"""The `backend` section: where we listen, with which certificate, who may read us, what we may read, where we store."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec

from callboard.base.secret import Secret
from callboard.base.settings.forms import SettingsStruct

__all__ = [
    "AccessRestriction",
    "BackendAuthSettings",
    "BackendSettings",
    "CertificateSettings",
    "CorsSettings",
    "DatabaseConnection",
    "DatabaseSettings",
    "DatabaseTlsSettings",
    "ExternalAccessSettings",
    "ExternalOptions",
    "HttpsSettings",
    "ListenSettings",
    "PermissionAttribute",
    "ReadingAllow",
    "ReadingSettings",
]

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class ListenSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.listen`: `:7007`, `host:7007`, a port, or `{host, port}`."""

    host: str = "127.0.0.1"
    """The address to bind. Default: loopback, because anything else needs sign-in and TLS first. This differs from
    Backstage, where no host means every address; say `0.0.0.0` (or `::`) for that."""

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
    """Exact origins, e.g. `https://portal.example.org`. Default: none."""

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
    """Hosts a `url` location may be read from, beside the files on github.com, gitlab.com and the servers of `integrations`.
    Default: none, so that a catalog file cannot make us call anywhere."""


class DatabaseTlsSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.database.connection.ssl`: TLS to the server. `true` is the same as `{}`, `false` as `{require: false}`. Default,
    where nothing is said: as the connection's text says (`sslmode`), else TLS where the server has it, unchecked."""

    require: bool = True
    """Whether to use TLS at all."""

    reject_unauthorized: bool = True
    """Whether the server's certificate is checked, with its name. Default: yes; without, a stranger in between could read the
    password."""

    ca: str | None = None
    """The certificates that may have signed the server's, PEM (usually by `$file`). Default: those of the system."""

    cert: str | None = None
    """Our own certificate for a server that wants one, PEM."""

    key: Secret | None = None
    """Its private key, PEM."""


class DatabaseConnection(SettingsStruct, frozen=True, kw_only=True):
    """`backend.database.connection`. It may be one text: `postgresql://user:password@host:5432/database?sslmode=verify-full` for
    PostgreSQL, the file's name for SQLite."""

    host: str | None = None
    """PostgreSQL: the server's name or address, or the directory of its socket."""

    port: Port | None = None
    """PostgreSQL: its port, also as Kubernetes writes it into the variable of a Service: `tcp://10.0.0.7:5432`. Default: 5432."""

    user: str | None = None
    """PostgreSQL: as whom. Default: the user of the process."""

    password: Secret | None = None
    """PostgreSQL: the user's password."""

    database: str | None = None
    """PostgreSQL: which database; the tables go to the schema `callboard` in it. Default: the one of the user's name."""

    ssl: DatabaseTlsSettings | None = None
    """PostgreSQL: TLS."""

    connection_string: Secret | None = None
    """PostgreSQL: all of it in one text; keys beside it win."""

    filename: str | None = None
    """SQLite: the file; `:memory:` for none."""

    directory: str | None = None
    """SQLite: the directory of the file `callboard.sqlite`."""


class DatabaseSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.database`: where Callboard keeps its own tables, in SQLite or PostgreSQL."""

    client: str = "better-sqlite3"
    """Backstage's name of the driver: `better-sqlite3` (or `sqlite3`) for SQLite, `pg` for PostgreSQL 13 or newer. Others are
    refused."""

    connection: DatabaseConnection = DatabaseConnection()
    """Where it is."""

    @property
    def is_sqlite(self) -> bool:
        """Whether `client` is one of Backstage's names for SQLite."""
        return self.client in ("better-sqlite3", "sqlite3")

    def sqlite_file(self, data_directory: str) -> str:
        """The SQLite file to use: a path, or `:memory:`. `data_directory` is where it lies when nothing else is said."""
        if self.connection.filename:
            return self.connection.filename
        return str(Path(self.connection.directory or data_directory) / "callboard.sqlite")


class PermissionAttribute(SettingsStruct, frozen=True, kw_only=True):
    """`permissionAttribute` of a restriction."""

    action: tuple[str, ...] = ()
    """`read`, `create`, `update`, `delete`; one text will do. Callboard reads. Default: any."""


class AccessRestriction(SettingsStruct, frozen=True, kw_only=True):
    """One of `accessRestrictions`: what an external service may do."""

    plugin: str
    """The plugin it may ask: `callboard`, `kubernetes` and `catalog` are us; entries for others say nothing here."""

    permission: tuple[str, ...] = ()
    """Names of permissions, e.g. `kubernetes.resources.read`; one text with commas will do. Default: all that reads."""

    permission_attribute: PermissionAttribute = PermissionAttribute()
    """Which sorts of permissions."""


class ExternalOptions(SettingsStruct, frozen=True, kw_only=True):
    """`options` of an external service."""

    token: Secret | None = None
    """`static`: the token."""

    subject: str | None = None
    """`static`: what the service is called."""

    url: str | None = None
    """`jwks`: where its issuer's keys are."""

    issuer: tuple[str, ...] = ()
    """`jwks`: values of `iss` that will do; one text will do. Required here."""

    audience: tuple[str, ...] = ()
    """`jwks`: values of `aud` that are ours; one text will do. Required here, for a token for another is no token for us."""

    algorithm: tuple[str, ...] = ()
    """`jwks`: the algorithms agreed on. Default: `RS256`."""

    subject_prefix: str | None = None
    """`jwks`: what stands before a subject."""


class ExternalAccessSettings(SettingsStruct, frozen=True, kw_only=True):
    """One of `backend.auth.externalAccess`."""

    type: str
    """`static` or `jwks`; Backstage's `legacy` is not taken."""

    options: ExternalOptions = ExternalOptions()
    """What its tokens are known by."""

    access_restrictions: tuple[AccessRestriction, ...] | None = None
    """What it may do. Default: all that reads, logs included."""


class BackendAuthSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend.auth`."""

    external_access: tuple[ExternalAccessSettings, ...] = ()
    """Services outside that may ask."""


class BackendSettings(SettingsStruct, frozen=True, kw_only=True):
    """`backend`, as in Backstage."""

    NOT_YET: ClassVar[Mapping[str, str]] = {"cors": "no other origin's page is let in, whatever is said here"}
    """Fields that are read and have no effect, with what is to be known about it."""

    base_url: str | None = None
    """The address of the API, where it differs from `app.baseUrl`. Its host is let through the Host check, and
    requests may begin with its path."""

    listen: ListenSettings = ListenSettings()
    """Where to listen."""

    auth: BackendAuthSettings = BackendAuthSettings()
    """Which services may ask."""

    https: HttpsSettings | None = None
    """The certificate to serve with. Default: plain HTTP, right on loopback and behind a proxy that ends TLS."""

    cors: CorsSettings | None = None
    """Which other origins may call us. Default: none."""

    reading: ReadingSettings = ReadingSettings()
    """What `url` locations may read."""

    database: DatabaseSettings = DatabaseSettings()
    """Where the tables lie."""
