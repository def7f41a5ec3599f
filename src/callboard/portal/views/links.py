"""Where people go from here: addresses outside Callboard, and their own way into a cluster."""

import msgspec

from callboard.model.cluster import ClusterInfo

__all__ = ["AccessStep", "ClusterAccess", "LinkTemplate", "OutwardLinks"]


class LinkTemplate(msgspec.Struct, frozen=True):
    """A link with gaps in braces (`base.gaps`)."""

    title: str
    url: str


class OutwardLinks(msgspec.Struct, frozen=True, kw_only=True):
    """What is configured: links to logs, consoles by the name of their format, where to ask for help."""

    logs: tuple[LinkTemplate, ...] = ()
    consoles: tuple[LinkTemplate, ...] = ()
    support: tuple[LinkTemplate, ...] = ()


class AccessStep(msgspec.Struct, frozen=True):
    """A line for a terminal, quoted for a POSIX shell, and what it does."""

    title: str
    line: str


class ClusterAccess(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody reaches a cluster with kubectl, without a credential: `context` is the context that `steps` make and choose.
    `note` says what is taken for granted; with `refused` there are no steps, and it says why."""

    cluster: ClusterInfo
    context: str
    namespace: str = ""
    steps: tuple[AccessStep, ...] = ()
    note: str = ""
    refused: str = ""
