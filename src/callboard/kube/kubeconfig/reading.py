"""Reading and merging kubeconfig files by kubectl's rules (k8s.io/client-go/tools/clientcmd/loader.go)."""

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import yaml

from callboard.base.errors import BadInput, Problem
from callboard.base.secret import Secret
from callboard.kube.kubeconfig.schema import Context, File, Kubeconfig, RawCluster, RawUser, User
from callboard.kube.text import clean
from callboard.model.cluster import Trust

__all__ = ["default_files", "read_kubeconfig"]

MOST_BYTES: Final = 8 * 1024 * 1024


def default_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files kubectl reads: those of $KUBECONFIG, else ~/.kube/config."""
    listed = [Path(p).expanduser() for p in environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    return tuple(dict.fromkeys(listed)) or (Path("~/.kube/config").expanduser(),)


def read_kubeconfig(paths: Sequence[Path], *, missing_ok: bool = False) -> Kubeconfig:
    """Read and merge: for each name the first file that has it wins, as does the first current-context.

    Raises BadInput for a file that cannot be read or is no kubeconfig (with `missing_ok`, one that is not there is passed
    over, as kubectl does with $KUBECONFIG). A context that cannot be used (its cluster is nowhere, its CA is not base64)
    is left out and told in `problems`; the others stand. Blocking.
    """
    clusters: dict[str, tuple[RawCluster, Path, str]] = {}
    users: dict[str, tuple[RawUser, Path, str]] = {}
    contexts: dict[str, tuple[str, str, str, Path, str]] = {}
    current = ""
    read: list[str] = []
    for path in paths:
        if missing_ok and not path.exists():
            continue
        file = _file(path)
        read.append(str(path))
        current = current or file.current_context
        for i, c in enumerate(file.clusters or ()):
            clusters.setdefault(c.name, (c.cluster or RawCluster(), path, f"clusters[{i}].cluster"))
        for i, u in enumerate(file.users or ()):
            users.setdefault(u.name, (u.user or RawUser(), path, f"users[{i}].user"))
        for i, x in enumerate(file.contexts or ()):
            if x.context is not None:
                place = f"contexts[{i}].context"
                contexts.setdefault(
                    x.name, (x.context.cluster, x.context.user, x.context.namespace, path, place)
                )
    made: list[Context] = []
    problems: list[Problem] = []
    for name, (cluster, user, namespace, path, place) in contexts.items():
        try:
            if cluster not in clusters:
                raise _bad(
                    path, f"{place}.cluster", f"the context {name!r} names a cluster that is nowhere", cluster
                )
            if user and user not in users:
                raise _bad(path, f"{place}.user", f"the context {name!r} names a user who is nowhere", user)
            server, trust = _cluster(*clusters[cluster])
            made.append(
                Context(
                    name=name,
                    server=server,
                    trust=trust,
                    user=_user(user, *users[user]) if user else User(where=str(path)),
                    cluster_name=cluster,
                    namespace=namespace,
                    where=f"{path}, context {name!r}",
                )
            )
        except BadInput as bad:
            problems.append(bad.problem)
    return Kubeconfig(contexts=tuple(made), current=current, problems=tuple(problems), files=tuple(read))


def _file(path: Path) -> File:
    try:
        with path.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(Problem(f"the kubeconfig cannot be read: {error.strerror}", where=str(path))) from None
    if len(content) > MOST_BYTES:
        raise BadInput(
            Problem("the kubeconfig is too large", where=str(path), expected=f"at most {MOST_BYTES} bytes")
        )
    try:
        tree = yaml.load(content, yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadInput(
            Problem(f"not YAML: {clean(error.problem or '', 120)}", where=str(path), line=line)
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise BadInput(Problem("not YAML", where=str(path))) from None
    if tree is None:
        return File()
    if not isinstance(tree, dict):
        raise BadInput(
            Problem("not a kubeconfig", where=str(path), found=type(tree).__name__, expected="a mapping")
        )
    if tree.get("kind", "Config") != "Config" or tree.get("apiVersion", "v1") != "v1":
        raise BadInput(
            Problem("not a kubeconfig", where=str(path), path="kind", expected="kind Config of apiVersion v1")
        )
    try:
        file = msgspec.convert(tree, File)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at ")
        raise BadInput(
            Problem(clean(what, 200), where=str(path), path=place.strip("`").removeprefix("$").lstrip("."))
        ) from None
    for field in ("clusters", "users", "contexts"):
        names = [item.name for item in getattr(file, field) or ()]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice is not None:
            raise BadInput(Problem(f"the name {twice!r} stands twice", where=str(path), path=field))
    return file


def _cluster(raw: RawCluster, path: Path, place: str) -> tuple[str, Trust]:
    target = urlsplit(raw.server)
    if target.scheme not in ("http", "https") or not target.hostname:
        raise _bad(
            path, f"{place}.server", "the API server's address will not do", "", "http(s)://host[:port]"
        )
    if target.username or target.password:
        raise _bad(
            path,
            f"{place}.server",
            "the API server's address carries a credential",
            "",
            "no user in the address",
        )
    ca = _decoded(raw.certificate_authority_data, path, f"{place}.certificate-authority-data")
    ca_file = _beside(path, raw.certificate_authority) if raw.certificate_authority and not ca else ""
    trust = Trust(
        ca_pem="" if raw.insecure_skip_tls_verify else ca,
        ca_file="" if raw.insecure_skip_tls_verify else ca_file,
        server_name=raw.tls_server_name,
        skip_verify=raw.insecure_skip_tls_verify,
        proxy_url=raw.proxy_url,
    )
    return raw.server, trust


def _user(name: str, raw: RawUser, path: Path, place: str) -> User:
    certificate = _decoded(raw.client_certificate_data, path, f"{place}.client-certificate-data")
    key = _decoded(raw.client_key_data, path, f"{place}.client-key-data")
    plugin = msgspec.structs.replace(raw.exec, directory=str(path.absolute().parent)) if raw.exec else None
    return User(
        name=name,
        where=str(path),
        path=place,
        token=Secret(raw.token),
        token_file=_beside(path, raw.token_file),
        certificate_pem=certificate,
        certificate_file="" if certificate else _beside(path, raw.client_certificate),
        key_pem=Secret(key),
        key_file="" if key else _beside(path, raw.client_key),
        username=raw.username,
        password=Secret(raw.password),
        plugin=plugin,
        auth_provider=(raw.auth_provider.name or "without a name") if raw.auth_provider else "",
        impersonates=raw.as_user,
    )


def _beside(path: Path, named: str) -> str:
    """Relative paths start from the file that holds them."""
    return str(path.absolute().parent / named) if named else ""


def _decoded(data: str, path: Path, place: str) -> str:
    try:
        return base64.b64decode("".join(data.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _bad(path, place, "the data cannot be decoded", "", "base64 of PEM") from None


def _bad(path: Path, place: str, message: str, found: str, expected: str = "") -> BadInput:
    return BadInput(
        Problem(
            message,
            where=str(path),
            path=place,
            found=repr(clean(found, 120)) if found else "",
            expected=expected,
        )
    )
