"""Addresses of files on GitHub and GitLab as people paste them, and where the files themselves are. Pure."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from callboard.base.settings import IntegrationsSettings
from callboard.outbound import Network, WebAddress, address_of

__all__ = ["GitHost", "git_hosts", "host_of", "raw_address"]

VIEWS: Final = frozenset({"blob", "tree", "raw", "edit", "blame"})
"""What stands between a repository and a branch in the address of a page that shows a file."""


class GitHost(msgspec.Struct, frozen=True):
    """A server of one kind (`github`, `gitlab`). `name` is its host, with its port where that is unusual; `raw` is where its
    files begin (GitHub's only); `network` how far requests to it may reach."""

    kind: str
    name: str
    raw: str
    network: Network


def git_hosts(settings: IntegrationsSettings) -> tuple[GitHost, ...]:
    """Those of the configuration, which may lie in our own network, and the public two."""
    configured = [
        *(
            GitHost("github", each.host.lower(), each.raw_base_url or _raw_of_github(each.host), Network.OURS)
            for each in settings.github
        ),
        *(GitHost("gitlab", each.host.lower(), "", Network.OURS) for each in settings.gitlab),
    ]
    public = [
        GitHost("github", "github.com", _raw_of_github("github.com"), Network.PUBLIC),
        GitHost("gitlab", "gitlab.com", "", Network.PUBLIC),
    ]
    known = {each.name for each in public}
    return (*public, *(each for each in configured if each.name not in known))


def _raw_of_github(host: str) -> str:
    return "https://raw.githubusercontent.com" if host.lower() == "github.com" else f"https://{host}/raw"


def host_of(address: WebAddress, hosts: Sequence[GitHost]) -> GitHost | None:
    """The host that an address belongs to, as a page or as a raw file."""
    for host in hosts:
        if address.name == host.name:
            return host
        if host.raw:
            raw = address_of(host.raw)
            if address.origin == raw.origin and address.path.startswith(raw.path.rstrip("/") + "/"):
                return host
    return None


def raw_address(address: WebAddress, host: GitHost) -> WebAddress | None:
    """Where the text of a file is, for the page that shows it or the text itself; None for what is no address of a file."""
    steps = [step for step in address.path.split("/") if step]
    if host.kind == "github":
        if address.name != host.name or (host.raw.startswith(f"{address.origin}/") and steps[:1] == ["raw"]):
            return address if len(steps) >= 4 else None
        if len(steps) < 5 or steps[2] not in VIEWS:
            return None
        owner, repository, _, *place = steps
        return address_of(f"{host.raw.rstrip('/')}/{'/'.join((owner, repository, *place))}")
    found = re.fullmatch(r"(/.+?/[^/]+?)/(?:-/)?(blob|tree|raw|edit|blame)/([^/]+/.+)", address.path)
    if found is None:
        return None
    return msgspec.structs.replace(address, path=f"{found[1]}/-/raw/{found[3]}")
