"""Merging kubeconfig files by kubectl's rules (k8s.io/client-go/tools/clientcmd/loader.go), and what comes of it."""

import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeVar

from callboard.base.errors import BadInput, Problem
from callboard.base.secret import Secret
from callboard.kube.kubeconfig.address import PROXIES, proxy_address, server_address
from callboard.kube.kubeconfig.file import Entry, read_file
from callboard.kube.kubeconfig.schema import (
    Context,
    ExecPlugin,
    ExecVariable,
    Kubeconfig,
    KubeconfigUser,
    NamedCluster,
    NamedContext,
    NamedUser,
    RawCluster,
    RawExecPlugin,
    RawUser,
)
from callboard.kube.text import clean
from callboard.model.cluster import Trust

__all__ = ["default_files", "expanded", "read_kubeconfig"]

MOST_PROBLEMS: Final = 100
"""How many problems are told; a generated file can hold tens of thousands of the same kind."""

_T = TypeVar("_T", NamedCluster, NamedUser, NamedContext)
_Found = dict[str, tuple[Path, Entry[_T]]]


def default_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files kubectl reads: those of $KUBECONFIG, else ~/.kube/config."""
    listed = [expanded(p) for p in environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    return tuple(dict.fromkeys(listed)) or (expanded("~/.kube/config"),)


def expanded(path: str) -> Path:
    """`path` with the home directory for `~`; as it stands where there is none."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's raises for a user who is nobody


def read_kubeconfig(paths: Sequence[Path], *, missing_ok: bool = False) -> Kubeconfig:
    """Read and merge: for each name the first file that has it wins, as does the first current-context.

    Raises BadInput for a file that cannot be read or is no kubeconfig (with `missing_ok`, one that is not there is passed
    over, as kubectl does with $KUBECONFIG). A context that cannot be used (its cluster is nowhere, its user has a number
    for a token) is left out and told in `problems`; the others stand. Blocking.
    """
    clusters: _Found[NamedCluster] = {}
    users: _Found[NamedUser] = {}
    contexts: _Found[NamedContext] = {}
    current = ""
    read: list[str] = []
    wrong: list[Problem] = []
    for path in paths:
        if missing_ok and not os.path.exists(path):  # noqa: PTH110 - Path's raises where a directory may not be searched
            continue
        file = read_file(path)
        read.append(str(path))
        current = current or file.current_context
        wrong += file.problems
        for name, cluster in file.clusters.items():
            clusters.setdefault(name, (path, cluster))
        for name, user in file.users.items():
            users.setdefault(name, (path, user))
        for name, context in file.contexts.items():
            contexts.setdefault(name, (path, context))
    made: list[Context] = []
    unusable: list[Problem] = []
    for name, (path, entry) in contexts.items():
        if isinstance(entry.said, Problem):
            continue  # told as what the file says wrongly
        try:
            made.append(_context(name, path, Entry(entry.said, entry.place), clusters, users))
        except BadInput as bad:
            about = f"the context {clean(name, 80)!r} cannot be used: {bad.problem.message}"
            unusable.append(replace(bad.problem, message=about))
    told = {(p.where, p.path) for p in unusable}  # of what a context needs, the context tells
    problems = [*(p for p in wrong if (p.where, p.path) not in told), *unusable]
    return Kubeconfig(
        contexts=tuple(made), current=current, problems=_bounded(problems, read), files=tuple(read)
    )


def _bounded(problems: Sequence[Problem], files: Sequence[str]) -> tuple[Problem, ...]:
    if len(problems) <= MOST_PROBLEMS:
        return tuple(problems)
    more = Problem(f"{len(problems) - MOST_PROBLEMS + 1} more problems are not told", where=", ".join(files))
    return (*problems[: MOST_PROBLEMS - 1], more)


def _context(
    name: str,
    path: Path,
    entry: Entry[NamedContext],
    clusters: _Found[NamedCluster],
    users: _Found[NamedUser],
) -> Context:
    """Raises BadInput where the context leads nowhere."""
    assert isinstance(entry.said, NamedContext)  # noqa: S101 - its only caller has looked
    said = entry.said.context
    if not name:
        raise _bad(path, f"{entry.place}.name", "it has no name")
    if said is None or not said.cluster:
        raise _bad(
            path, f"{entry.place}.context", "it names no cluster", expected="cluster: a name in clusters"
        )
    cluster_path, cluster, cluster_place = _named(
        clusters, said.cluster, path, f"{entry.place}.context.cluster"
    )
    server, trust = _cluster(cluster.cluster, cluster_path, f"{cluster_place}.cluster")
    user = KubeconfigUser(where=str(path))
    if said.user:
        user_path, found, user_place = _named(users, said.user, path, f"{entry.place}.context.user")
        # kubectl proves itself over TLS alone
        if server.startswith("https:"):
            user = _user(said.user, found.user, user_path, f"{user_place}.user")
    return Context(
        name=name,
        server=server,
        trust=trust,
        user=user,
        cluster_name=said.cluster,
        namespace=said.namespace,
        where=f"{path}, context {name!r}",
    )


def _named(entries: _Found[_T], name: str, path: Path, place: str) -> tuple[Path, _T, str]:
    """The entry of that name, with its file and place. Raises BadInput where there is none to use."""
    if name not in entries:
        raise _bad(path, place, "it names what is nowhere", name)
    found, entry = entries[name]
    if isinstance(entry.said, Problem):
        raise BadInput(entry.said)
    return found, entry.said, entry.place


def _cluster(raw: RawCluster, path: Path, place: str) -> tuple[str, Trust]:
    ca = _decoded(raw.certificate_authority_data, path, f"{place}.certificate-authority-data")
    if raw.insecure_skip_tls_verify and (ca or raw.certificate_authority):
        raise _bad(
            path,
            f"{place}.insecure-skip-tls-verify",
            "certificates are to be checked by a CA, and not to be checked",
            expected="a CA or insecure-skip-tls-verify",
        )
    ca_file = _beside(path, raw.certificate_authority) if raw.certificate_authority and not ca else ""
    try:
        server = server_address(raw.server)
    except ValueError as error:
        raise _bad(path, f"{place}.server", str(error), expected="http(s)://host[:port]") from None
    try:
        proxy = proxy_address(raw.proxy_url)
    except ValueError as error:
        kinds = ", ".join(PROXIES)
        raise _bad(path, f"{place}.proxy-url", str(error), expected=f"one of {kinds}, ://host:port") from None
    trust = Trust(
        ca_pem=ca,
        ca_file=ca_file,
        server_name=raw.tls_server_name,
        skip_verify=raw.insecure_skip_tls_verify,
        proxy_url=proxy,
    )
    return server, trust


def _user(name: str, raw: RawUser, path: Path, place: str) -> KubeconfigUser:
    certificate = _decoded(raw.client_certificate_data, path, f"{place}.client-certificate-data")
    key = _decoded(raw.client_key_data, path, f"{place}.client-key-data")
    impersonation = {
        "as": raw.as_user,
        "as-uid": raw.as_uid,
        "as-groups": raw.as_groups,
        "as-user-extra": raw.as_user_extra,
    }
    return KubeconfigUser(
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
        plugin=_plugin(raw.exec, path) if raw.exec else None,
        auth_provider=(raw.auth_provider.name or "without a name") if raw.auth_provider else "",
        impersonates=next((field for field, value in impersonation.items() if value), ""),
    )


def _plugin(raw: RawExecPlugin, path: Path) -> ExecPlugin:
    return ExecPlugin(
        command=raw.command,
        api_version=raw.api_version,
        args=tuple(argument or "" for argument in raw.args),
        env=tuple(variable or ExecVariable() for variable in raw.env),
        interactive_mode=raw.interactive_mode,
        install_hint=raw.install_hint,
        provide_cluster_info=raw.provide_cluster_info,
        directory=str(path.absolute().parent),
    )


def _beside(path: Path, named: str) -> str:
    """Relative paths start from the file that holds them."""
    return str(path.absolute().parent / named) if named else ""


def _decoded(data: str, path: Path, place: str) -> str:
    """Base64 as Go reads it: line breaks are passed over, other white space is not."""
    try:
        plain = data.replace("\n", "").replace("\r", "").encode("ascii")
        return binascii.a2b_base64(plain, strict_mode=True).decode()
    except ValueError:
        raise _bad(path, place, "the data cannot be decoded", expected="base64 of PEM") from None


def _bad(path: Path, place: str, message: str, found: str = "", expected: str = "") -> BadInput:
    return BadInput(
        Problem(
            message,
            where=str(path),
            path=place,
            found=repr(clean(found, 120)) if found else "",
            expected=expected,
        )
    )
