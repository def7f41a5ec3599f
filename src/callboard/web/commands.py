"""kubectl commands to copy. Every name in them is foreign text and quoted for a POSIX shell; where one is not fit for a terminal
there are none.
"""

from shlex import quote

import msgspec

from callboard.portal.views import ContainerRow, ObjectKey, ObjectView

__all__ = ["Command", "commands_for", "in_context", "pod_commands"]

DEBUGGER = "busybox"
"""The image that `kubectl debug` brings to containers that have no shell."""


class Command(msgspec.Struct, frozen=True):
    """One line for a terminal, and what it does."""

    title: str
    line: str


def commands_for(view: ObjectView) -> tuple[Command, ...]:
    """What a person would type next about this object, in the context that is named like the cluster."""
    key = view.key
    if not _typable(key, *(c.name for c in view.containers)):
        return ()
    start = _start(key.cluster, key.namespace)
    what = quote(f"{key.type}/{key.name}")
    found = [
        Command("Describe it", f"{start} describe {what}"),
        Command("Its YAML", f"{start} get {what} -o yaml"),
    ]
    if key.type == "pods":
        pod = quote(f"pod/{key.name}")
        logged = [c for c in view.containers if c.role == "container" and c.has_log]
        found += [Command(f"Log of {c.name}", _logs(start, pod, c)) for c in logged][:3]
        found += [
            Command(f"Log of {c.name} before its last restart", _logs(start, pod, c, previous=True))
            for c in view.containers
            if c.has_previous
        ][:3]
    return tuple(found)


def in_context(line: str, cluster: str) -> str:
    """A line that begins with `kubectl`, for the context that is named like the cluster: without it kubectl would act on
    whichever cluster is chosen at that terminal. Another line, or one for a name that is not fit for a terminal, is as it was."""
    program, space, rest = line.partition(" ")
    if program != "kubectl" or not space or not cluster or not cluster.isprintable():
        return line
    return f"kubectl --context={quote(cluster)} {rest}"


def pod_commands(context: str, key: ObjectKey, container: ContainerRow | None) -> tuple[Command, ...]:
    """All that somebody does with one pod at a terminal."""
    if not context.isprintable() or not _typable(key, container.name if container else ""):
        return ()
    start, pod = _start(context, key.namespace), quote(f"pod/{key.name}")
    found = [Command("Describe it", f"{start} describe {pod}")]
    if container is not None:
        name = quote(container.name)
        if container.has_log:
            follow = f"{start} logs {pod} --container={name} --tail=200 --follow"
            found.append(Command("Follow its log", follow))
        if container.has_previous:
            before = _logs(start, pod, container, previous=True)
            found.append(Command("Its log before the last restart", before))
        debug = f"{start} debug -it {pod} --image={DEBUGGER} --target={name}"
        found += [
            Command("A shell in it", f"{start} exec -it {pod} --container={name} -- sh"),
            Command("A shell beside it, where it has none", debug),
        ]
        for port in container.ports:
            local = _local(port)
            title = f"Its port {port} at localhost:{local}"
            found.append(Command(title, f"{start} port-forward {pod} {local}:{port}"))
    return tuple(found)


def _start(context: str, namespace: str) -> str:
    return f"kubectl --context={quote(context)}" + (f" --namespace={quote(namespace)}" if namespace else "")


def _logs(start: str, pod: str, container: ContainerRow, *, previous: bool = False) -> str:
    which = " --previous" if previous else " --tail=200"
    return f"{start} logs {pod} --container={quote(container.name)}{which}"


def _local(port: int) -> int:
    """A port that anybody may listen on."""
    return port if port >= 1024 else 8000 + port


def _typable(key: ObjectKey, *names: str) -> bool:
    """Whether all of it can be pasted: a control character acts on the terminal, quoted or not."""
    return all(text.isprintable() for text in (key.cluster, key.namespace, key.type, key.name, *names))
