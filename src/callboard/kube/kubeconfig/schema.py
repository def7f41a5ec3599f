"""What a kubeconfig says, as plain structs: as written (`clientcmd/api/v1`) and as used."""

import msgspec

from callboard.base.errors import Problem
from callboard.base.secret import Secret
from callboard.model.cluster import Trust

__all__ = [
    "Context",
    "ExecPlugin",
    "ExecVariable",
    "Kubeconfig",
    "KubeconfigUser",
    "NamedCluster",
    "NamedContext",
    "NamedUser",
    "RawCluster",
    "RawUser",
]


class ExecVariable(msgspec.Struct, frozen=True):
    """What a program finds in its environment."""

    name: str = ""
    value: str = ""


class RawExecPlugin(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`user.exec` as written: what is null in a list is an empty argument there, and no variable."""

    command: str = ""
    api_version: str = ""
    args: tuple[str | None, ...] = ()
    env: tuple[ExecVariable | None, ...] = ()
    interactive_mode: str = ""
    install_hint: str = ""
    provide_cluster_info: bool = False


class ExecPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A program that gives credentials. `directory` is where a relative command starts from."""

    command: str
    api_version: str
    args: tuple[str, ...] = ()
    env: tuple[ExecVariable, ...] = ()
    interactive_mode: str = ""
    install_hint: str = ""
    provide_cluster_info: bool = False
    directory: str = ""


class RawAuthProvider(msgspec.Struct, frozen=True):
    """`user.auth-provider`: gone from Kubernetes, and told so."""

    name: str = ""


class RawUser(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    """`users[].user` as written."""

    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    username: str = ""
    password: str = ""
    exec: RawExecPlugin | None = None
    auth_provider: RawAuthProvider | None = None
    as_user: str = msgspec.field(default="", name="as")
    as_uid: str = ""
    as_groups: tuple[str | None, ...] = ()
    as_user_extra: dict[str, tuple[str | None, ...]] = {}

    def __repr__(self) -> str:
        return "RawUser(***)"


class RawCluster(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    """`clusters[].cluster` as written."""

    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class RawContext(msgspec.Struct, frozen=True):
    """`contexts[].context` as written."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class NamedCluster(msgspec.Struct, frozen=True):
    """An item of `clusters`."""

    name: str = ""
    cluster: RawCluster = RawCluster()


class NamedUser(msgspec.Struct, frozen=True):
    """An item of `users`."""

    name: str = ""
    user: RawUser = RawUser()


class NamedContext(msgspec.Struct, frozen=True):
    """An item of `contexts`; one without a context leads nowhere."""

    name: str = ""
    context: RawContext | None = None


class KubeconfigUser(msgspec.Struct, frozen=True, kw_only=True):
    """How the holder of a context proves who he is. Paths are absolute; `where` names file and place for errors.

    Certificate and key are PEM, or paths of files that hold them. An empty user is anonymous.
    """

    name: str = ""
    where: str = ""
    path: str = ""
    token: Secret = Secret("")
    token_file: str = ""
    certificate_pem: str = ""
    certificate_file: str = ""
    key_pem: Secret = Secret("")
    key_file: str = ""
    username: str = ""
    password: Secret = Secret("")
    plugin: ExecPlugin | None = None
    auth_provider: str = ""
    impersonates: str = ""
    """The field that asks for it: `as`, or `as-groups` and the like."""


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One usable context: an API server and a user of it."""

    name: str
    server: str
    trust: Trust
    user: KubeconfigUser
    cluster_name: str
    namespace: str = ""
    where: str = ""


class Kubeconfig(msgspec.Struct, frozen=True, kw_only=True):
    """All files, merged. `problems` says what cannot be used and why; `files` are the ones read."""

    contexts: tuple[Context, ...] = ()
    current: str = ""
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
