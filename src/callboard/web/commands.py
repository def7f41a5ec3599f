"""kubectl commands to copy. Every name in them is foreign text and quoted for a POSIX shell."""

from shlex import quote

import msgspec

from callboard.portal.views import ContainerRow, ObjectView

__all__ = ["Command", "commands_for"]


class Command(msgspec.Struct, frozen=True):
    """One line for a terminal, and what it does."""

    title: str
    line: str


def commands_for(view: ObjectView) -> tuple[Command, ...]:
    """What a person would type next about this object, in the context that is named like the cluster."""
    key = view.key
    start = f"kubectl --context {quote(key.cluster)}" + (
        f" -n {quote(key.namespace)}" if key.namespace else ""
    )
    what = f"{quote(key.type)} {quote(key.name)}"
    found = [
        Command("Describe it", f"{start} describe {what}"),
        Command("Its YAML", f"{start} get {what} -o yaml"),
    ]
    if key.type == "pods":
        found += [_log(start, key.name, c) for c in view.containers if c.role == "container" and c.has_log][
            :3
        ]
        found += [
            Command(
                f"Log of {c.name} before its last restart",
                f"{start} logs {quote(key.name)} -c {quote(c.name)} --previous",
            )
            for c in view.containers
            if c.has_previous
        ][:3]
    return tuple(found)


def _log(start: str, pod: str, container: ContainerRow) -> Command:
    return Command(
        f"Log of {container.name}", f"{start} logs {quote(pod)} -c {quote(container.name)} --tail 200"
    )
