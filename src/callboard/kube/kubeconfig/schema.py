"""What a kubeconfig says, as plain structs: as written (`clientcmd/api/v1`) and as used."""

import msgspec

from callboard.base.errors import Problem
from callboard.base.secret import Secret
from callboard.model.cluster import Trust

__all__ = ["Context", "ExecPlugin", "File", "Kubeconfig", "User"]


class ExecVariable(msgspec.Struct, frozen=True):
    name: str
    value: str = ""


class ExecPlugin(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`user.exec`. `directory` is where a relative command starts from."""

    command: str
    api_version: str = ""
    args: tuple[str, ...] | None = None
    env: tuple[ExecVariable, ...] | None = None
    interactive_mode: str = ""
    provide_cluster_info: bool = False
    directory: str = ""


class RawAuthProvider(msgspec.Struct, frozen=True):
    name: str = ""


class RawUser(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    username: str = ""
    password: str = ""
    exec: ExecPlugin | None = None
    auth_provider: RawAuthProvider | None = None
    as_user: str = msgspec.field(default="", name="as")

    def __repr__(self) -> str:
        return "RawUser(***)"


class RawCluster(msgspec.Struct, frozen=True, rename="kebab", kw_only=True):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class RawContext(msgspec.Struct, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class NamedCluster(msgspec.Struct, frozen=True):
    name: str
    cluster: RawCluster | None = None


class NamedUser(msgspec.Struct, frozen=True):
    name: str
    user: RawUser | None = None


class NamedContext(msgspec.Struct, frozen=True):
    name: str
    context: RawContext | None = None


class File(msgspec.Struct, frozen=True, rename="kebab"):
    """One file as written. Fields unknown here (preferences, extensions) are passed over, as kubectl does."""

    clusters: tuple[NamedCluster, ...] | None = None
    users: tuple[NamedUser, ...] | None = None
    contexts: tuple[NamedContext, ...] | None = None
    current_context: str = ""


class User(msgspec.Struct, frozen=True, kw_only=True):
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


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One usable context: an API server and a user of it."""

    name: str
    server: str
    trust: Trust
    user: User
    cluster_name: str
    namespace: str = ""
    where: str = ""


class Kubeconfig(msgspec.Struct, frozen=True, kw_only=True):
    """All files, merged. `problems` says which contexts cannot be used and why; `files` are the ones read."""

    contexts: tuple[Context, ...] = ()
    current: str = ""
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
