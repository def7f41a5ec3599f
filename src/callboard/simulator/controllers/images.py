"""Which images no registry has, by their names, and what a kubelet says when it pulls one. Pure.

Every other image can be pulled: the simulator has no registry. For trying out a failed rollout there are

- a registry whose host ends in `.invalid`, the domain that RFC 2606 keeps from ever existing: it cannot be found;
- a tag that says that it is not there, with or without dashes: `does-not-exist`, `nonexistent`, `missing`, `no-such-…`,
  `not-found`, `nope`, also within a longer tag: there is no such tag;
- a tag that begins with `denied`: the registry does not let us.
"""

import re

__all__ = ["pull_error", "pull_of", "resolved"]

_ABSENT = ("doesnotexist", "doesntexist", "nonexist", "nosuch", "notfound", "missing", "nope")


def pull_of(image: str) -> str:
    """How pulling an image ends because of its name: `ok`, `missing`, `denied` or `no-host`."""
    name, tag = _parted(resolved(image))
    if name.partition("/")[0].partition(":")[0].endswith(".invalid"):
        return "no-host"
    if tag.startswith("denied"):
        return "denied"
    plain = re.sub(r"[^a-z0-9]", "", tag.lower())
    return "missing" if any(word in plain for word in _ABSENT) else "ok"


def resolved(image: str) -> str:
    """An image's whole name as a container runtime completes it: with its registry, and a tag where there is no digest."""
    first, slash, _ = image.partition("/")
    if not slash:
        image = f"docker.io/library/{image}"
    elif not ("." in first or ":" in first or first == "localhost"):
        image = f"docker.io/{image}"
    return image if _parted(image)[1] or "@" in image else f"{image}:latest"


def pull_error(kind: str, image: str) -> str:
    """The words of containerd for a pull that fails; `kind` is `missing`, `denied`, `unreachable` or `no-host`."""
    image = resolved(image)
    name, tag = _parted(image)
    host, _, repository = name.partition("/")
    failed = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
    if kind == "denied":
        return (
            f"{failed}failed to authorize: failed to fetch anonymous token: unexpected status from GET request to "
            f"https://{host}/token: 403 Forbidden"
        )
    if kind in ("unreachable", "no-host"):
        manifest = f"https://{host}/v2/{repository}/manifests/{tag or image.partition('@')[2]}"
        why = (
            f"dial tcp: lookup {host.partition(':')[0]} on 10.96.0.10:53: no such host"
            if kind == "no-host"
            else "dial tcp 203.0.113.10:443: i/o timeout"
        )
        return f'{failed}failed to do request: Head "{manifest}": {why}'
    return f"rpc error: code = NotFound desc = {failed}{image}: not found"


def _parted(image: str) -> tuple[str, str]:
    """(name with its registry, tag or "")."""
    image = image.partition("@")[0]
    path, slash, last = image.rpartition("/")
    name, _, tag = last.partition(":")
    return path + slash + name, tag
