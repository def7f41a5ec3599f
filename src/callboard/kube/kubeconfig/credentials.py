"""Credentials of kubeconfig users, as they are now: files are read again when they change, plugins run when theirs expires."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from callboard.base.clock import Clock
from callboard.base.errors import BadInput, Problem
from callboard.base.secret import Secret
from callboard.kube.kubeconfig.exec_plugin import PluginCredential, run_plugin
from callboard.kube.kubeconfig.schema import Context, User
from callboard.model.cluster import Credential, CredentialKind

__all__ = ["UserCredentials"]

_BEFORE_EXPIRY: Final = timedelta(seconds=30)
_UNSAID: Final = timedelta(minutes=10)
"""How long a credential is used whose plugin named no end."""
_MOST_BYTES: Final = 1024 * 1024

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

    def problems(self, user: User) -> tuple[Problem, ...]:
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
        if user.plugin is not None and not self._allow_exec:
            found.append(
                _problem(
                    user,
                    "exec",
                    "the credential comes from a program, and the operator has not allowed starting programs",
                    hint="set callboard.kubeconfig.allowExecPlugins to true, or use a token or a client certificate",
                )
            )
        if user.impersonates:
            found.append(_problem(user, "as", "impersonation is not supported"))
        if bool(user.certificate_pem or user.certificate_file) != bool(user.key_pem or user.key_file):
            found.append(_problem(user, "", "a client certificate needs its key, and a key its certificate"))
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
        if user.plugin is not None:
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

    async def _token(self, user: User) -> Secret:
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

    async def _content(self, user: User, path: str, field: str) -> Secret:
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
            raise BadInput(_problem(user, field, "the file is not text, or far too large")) from None
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
                until = now + _UNSAID
                if given.expires is not None:
                    expires = given.expires if given.expires.tzinfo else given.expires.replace(tzinfo=UTC)
                    until = expires - _BEFORE_EXPIRY
                kept = self._plugins[key] = (until, given)
            return kept[1]


def _read(path: str) -> str:
    with Path(path).open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(path)
    return content.decode()


def _problem(user: User, field: str, message: str, hint: str = "") -> Problem:
    place = f"{user.path}.{field}" if field else user.path
    return Problem(message, where=user.where, path=place, hint=hint)
