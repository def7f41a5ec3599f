"""`callboard.services`: services beside Callboard that answer at addresses of its own and fill tabs."""

from typing import Annotated

import msgspec

from callboard.base.settings.forms import Seconds, SettingsStruct

__all__ = ["ServiceBesideSettings", "ServiceRouteSettings", "ServiceTabSettings"]

Text = Annotated[str, msgspec.Meta(min_length=1)]


class ServiceRouteSettings(SettingsStruct, frozen=True, kw_only=True):
    """A route that the service answers, at `/api/ext/<name><path>`."""

    path: Text
    """As `/costs/{entity}/{month}`: plain segments, and parameters in braces. `{entity}` stands for namespace, kind and name of
    an entity, which its caller must be allowed to read."""

    permission: Text
    """What its caller must be allowed to do, by the name of the permission, before the service is asked."""

    method: str = "GET"
    """GET, POST, PUT, PATCH or DELETE. All but GET are let in from Callboard's own pages only."""

    to: str = ""
    """The path at the service, with the same parameters. Default: `path`."""

    query: tuple[str, ...] = ()
    """Parameters of the query string that are handed on, each at most once. Default: none; others are refused."""

    title: str = ""
    """What it is for, in one sentence."""

    timeout: Seconds | None = None
    """Seconds for one call, 60 at most. Default: the service's."""


class ServiceTabSettings(SettingsStruct, frozen=True, kw_only=True):
    """A tab of entities that the service fills with data."""

    title: Text
    """Its heading."""

    to: Text
    """The path at the service, in which `{entity}` stands for namespace, kind and name."""

    permission: Text
    """What its reader must be allowed to do to the entity, by the name of the permission."""

    kinds: tuple[str, ...] = ("component",)
    """Kinds of entities that have it."""

    annotation: str = ""
    """Where it is given, entities with this annotation alone have it."""


class ServiceBesideSettings(SettingsStruct, frozen=True, kw_only=True):
    """Any HTTP service, in any language. It is asked with a token that says who asks, and answers with JSON or plain text."""

    target: Text
    """Its address: `http://costs.tools.svc:8080`, with a path where it has one. It is connected to directly, without a proxy, and
    may stand in our own network; clouds' metadata cannot be reached."""

    title: str = ""
    """What people know it by. Default: its name."""

    timeout: Seconds = 10.0
    """Seconds for one call, 60 at most."""

    concurrent: int = 8
    """Calls that may run at once, 100 at most; one more is told to come again."""

    max_bytes: int = 1024 * 1024
    """Bytes of an answer, 4 MiB at most."""

    max_body: int = 64 * 1024
    """Bytes of a body that is handed on, 4 MiB at most."""

    routes: tuple[ServiceRouteSettings, ...] = ()
    """What it answers."""

    tabs: dict[str, ServiceTabSettings] = msgspec.field(default_factory=dict)
    """Tabs that it fills, by the part of the address that each has."""
