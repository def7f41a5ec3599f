"""`callboard.links` and `callboard.connect`: where pages lead to outside Callboard, and how people reach a cluster themselves."""

from typing import Annotated, ClassVar

import msgspec

from callboard.base.settings.forms import SettingsStruct

__all__ = ["ConnectSettings", "LinkSettings", "LinksSettings"]

Text = Annotated[str, msgspec.Meta(min_length=1)]


class LinkSettings(SettingsStruct, frozen=True, kw_only=True):
    """A link with gaps. In braces stand `{service}`, `{cluster}`, `{namespace}`, `{pod}`, `{container}`, and `{from}` and `{to}`,
    the time in question (ISO 8601; `{from_ms}` and `{to_ms}` in milliseconds). Each is encoded for an address. Where something
    has no value that a link asks for, such as a pod, the link is left out."""

    GAPS: ClassVar[tuple[str, ...]] = (
        *("service", "cluster", "namespace", "pod", "container"),
        *("from", "to", "from_ms", "to_ms", "title", "page", "snapshot"),
    )
    """The gaps:"""

    title: Text
    """What stands on it."""

    url: Text
    """An http or https address, such as `https://logs.example.com/search?q=pod:{pod}&from={from}`. Gaps stand behind its host."""


class LinksSettings(SettingsStruct, frozen=True, kw_only=True):
    """Where pages lead to outside Callboard."""

    logs: tuple[LinkSettings, ...] = ()
    """Log aggregators, in the order in which they are shown."""

    consoles: dict[str, str] = msgspec.field(default_factory=dict)
    """Consoles of clusters beyond those of Backstage: the name that a cluster's `dashboardApp` has, and an address with gaps:
    those of links, and `{url}` (the cluster's `dashboardUrl`, at the beginning), `{kind}`, `{plural}`, `{name}`, and each of the
    cluster's `dashboardParameters`."""

    support: tuple[LinkSettings, ...] = ()
    """Where people ask for help: a chat's channel, or `mailto:platform@example.com?subject={title}&body={snapshot}`. Beside the
    gaps of links there are `{title}`, `{page}` (this page's address) and `{snapshot}`: what is wrong, as text, as far as the
    reader sees it. An http, https or mailto address."""


class ConnectSettings(SettingsStruct, frozen=True, kw_only=True):
    """How people reach some clusters with kubectl. The first entry that fits a cluster is taken."""

    clusters: tuple[str, ...] = ()
    """Names of clusters, in which `*` stands for anything. Default: any."""

    auth_provider: str = ""
    """The auth strategy they have. Default: any."""

    context: str = "{cluster}"
    """The name of the context that the commands make, with the same gaps."""

    commands: tuple[str, ...] = ()
    """Commands that sign somebody in and make the context, such as `tsh kube login {cluster}`. In braces stand `{cluster}`,
    `{context}`, `{namespace}`, each of the cluster's `dashboardParameters`, and `{server}`, the address of its API server, which
    only who reads these commands is told. Each is quoted for a shell. Never write a credential here: everyone who may see a
    service reads them."""
