"""Credentials of kubeconfig users, as they are now: files are read again when they change, plugins run when theirs expires."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import BadInput, Problem
from callboard.base.secret import Secret
from callboard.kube.kubeconfig.exec_plugin import V1, PluginCredential, run_plugin
from callboard.kube.kubeconfig.schema import Context, ExecPlugin, KubeconfigUser
from callboard.kube.named_file import read_named_file
from callboard.kube.text import clean
from callboard.model.cluster import Credential, CredentialKind

__all__ = ["UserCredentials"]

_BEFORE_EXPIRY: Final = timedelta(seconds=30)
_UNSAID: Final = timedelta(minutes=10)
"""How long a credential is used whose plugin named no end."""
_MIDDLE: Final = 5000
_ENDS: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
"""Of the calendar: the first year's first hours and the last year's last ones have no moment in UTC that could be told."""

_Stamp = tuple[int, int]


class UserCredentials:
    """One for all kubeconfigs of a process.

    `allow_exec` is the operator's leave to start credential plugins; `exec_deadline` is in seconds.
    """

    def __init__(self, clock: Clock, *, allow_exec: bool = False, exec_deadline: float = 30.0) -> None:
        self._clock = clock
        self._allow_exec = allow_exec
        self._exec_deadline = exec_deadline
        self._files: dict[str, tuple[_Stamp, Secret]] = {}
        self._plugins: dict[bytes, tuple[datetime, PluginCredential]] = {}
        self._locks: dict[bytes, asyncio.Lock] = {}

    def problems(self, user: KubeconfigUser) -> tuple[Problem, ...]:
        """Why this user can get no credential here; empty when he may. Reads nothing."""
        found: list[Problem] = []
        if user.auth_provider:
            found.append(
                _problem(
                    user,
                    "auth-provider",
                    "auth-provider is gone from Kubernetes since 1.26 and is not supported",
                    hint="use the provider's exec plugin, a token or a client certificate",
                )
            )
        if user.plugin is not None:
            found += _plugin_problems(user, user.plugin)
        if _asks_plugin(user) and not self._allow_exec:
            found.append(
                _problem(
                    user,
                    "exec",
                    "the credential comes from a program, and the operator has not allowed starting programs",
                    hint="set callboard.kubeconfig.allowExecPlugins to true, or use a token or a client certificate",
                )
            )
        if user.impersonates:
            found.append(_problem(user, user.impersonates, "impersonation is not supported"))
        if (user.certificate_pem or user.certificate_file) and not (user.key_pem or user.key_file):
            found.append(_problem(user, "client-key", "the client certificate has no key"))
        if (user.token or user.token_file) and (user.username or user.password):
            found.append(_problem(user, "", "it holds a token and a password; one of them is allowed"))
        return tuple(found)

    async def credential(self, context: Context, identity: str = "") -> Credential:
        """The credential to use now. `identity` names the holder; default: "kubeconfig user NAME".

        Raises BadInput for what the file says wrongly or names in vain, Unavailable for what a plugin did not give.
        """
        user = context.user
        problems = self.problems(user)
        if problems:
            raise BadInput(problems[0])
        identity = identity or (f"kubeconfig user {user.name}" if user.name else "anonymous")
        if _asks_plugin(user):
            given = await self._from_plugin(context)
            kind = CredentialKind.BEARER if given.token else CredentialKind.CERTIFICATE
            return Credential(
                kind=kind,
                identity=identity,
                token=given.token,
                certificate_pem=given.certificate_pem,
                key_pem=given.key_pem,
            )
        certificate = (
            user.certificate_pem
            or (await self._content(user, user.certificate_file, "client-certificate")).reveal()
        )
        key = user.key_pem or await self._content(user, user.key_file, "client-key")
        token = await self._token(user)
        kind = CredentialKind.ANONYMOUS
        if token:
            kind = CredentialKind.BEARER
        elif user.username:
            kind, token = CredentialKind.BASIC, user.password
        elif certificate:
            kind = CredentialKind.CERTIFICATE
        return Credential(
            kind=kind,
            identity=identity,
            token=token,
            username=user.username,
            certificate_pem=certificate,
            key_pem=key,
        )

    async def _token(self, user: KubeconfigUser) -> Secret:
        """The file's token wins where it can be read (AuthInfo.TokenFile)."""
        if not user.token_file:
            return user.token
        try:
            content = await self._content(user, user.token_file, "tokenFile")
        except BadInput:
            if user.token:
                return user.token
            raise
        token = content.reveal().strip()
        if not token:
            raise BadInput(_problem(user, "tokenFile", "the token file is empty"))
        return Secret(token)

    async def _content(self, user: KubeconfigUser, path: str, field: str) -> Secret:
        if not path:
            return Secret("")
        try:
            seen = os.stat(path)  # noqa: PTH116 - one call, no reading
            stamp = (seen.st_mtime_ns, seen.st_size)
            kept = self._files.get(path)
            if kept is None or kept[0] != stamp:
                kept = self._files[path] = (stamp, Secret(await asyncio.to_thread(_read, path)))
        except OSError as error:
            raise BadInput(_problem(user, field, f"the file cannot be read: {error.strerror}")) from None
        except ValueError:
            raise BadInput(_problem(user, field, "not a regular file of text, or far too large")) from None
        return kept[1]

    async def _from_plugin(self, context: Context) -> PluginCredential:
        plugin = context.user.plugin
        assert plugin is not None  # noqa: S101 - its only caller has looked
        about = (context.server, context.trust) if plugin.provide_cluster_info else None
        key = msgspec.json.encode((plugin, about))
        async with self._locks.setdefault(key, asyncio.Lock()):
            now = self._clock.now()
            kept = self._plugins.get(key)
            if kept is None or now >= kept[0]:
                given = await run_plugin(plugin, context, self._exec_deadline)
                until = now + _UNSAID if given.expires is None else _renewal(given.expires)
                kept = self._plugins[key] = (until, given)
            return kept[1]


def _asks_plugin(user: KubeconfigUser) -> bool:
    """A token or password that stands in the file is used and the program left alone: client-go adds to no request that
    proves itself already."""
    return user.plugin is not None and not (user.token or user.token_file or user.username)


def _plugin_problems(user: KubeconfigUser, plugin: ExecPlugin) -> list[Problem]:
    """What kubectl asks of an `exec` (clientcmd/validation.go)."""
    found: list[Problem] = []
    if not plugin.command:
        found.append(_problem(user, "exec.command", "it is missing"))
    if not plugin.api_version:
        found.append(_problem(user, "exec.apiVersion", "it is missing"))
    if any(not variable.name for variable in plugin.env):
        found.append(_problem(user, "exec.env", "a variable has no name"))
    modes = (
        ("Never", "IfAvailable", "Always")
        if plugin.api_version == V1
        else ("Never", "IfAvailable", "Always", "")
    )
    if plugin.interactive_mode not in modes:
        found.append(
            Problem(
                "no such mode",
                where=user.where,
                path=f"{user.path}.exec.interactiveMode",
                found=repr(clean(plugin.interactive_mode, 40)),
                expected=f"one of {', '.join(filter(None, modes))}",
            )
        )
    return found


def _renewal(expires: datetime) -> datetime:
    """When a new credential is asked for: a little before this one ends. A time without a zone is UTC."""
    try:
        return expires.replace(tzinfo=expires.tzinfo or UTC).astimezone(UTC) - _BEFORE_EXPIRY
    except OverflowError:
        return _ENDS[expires.year > _MIDDLE]


def _read(path: str) -> str:
    return read_named_file(path).decode()


def _problem(user: KubeconfigUser, field: str, message: str, hint: str = "") -> Problem:
    place = f"{user.path}.{field}" if field else user.path
    return Problem(message, where=user.where, path=place, hint=hint)
