"""Credentials from a program: the `exec` plugins of client.authentication.k8s.io.

Started without a terminal, with what the protocol gives it in KUBERNETES_EXEC_INFO, and killed with all its children at the
deadline. Where it fails, the end of what it wrote to standard error is told, without what may be a secret.
"""

import asyncio
import base64
import os
import signal
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from callboard.base.errors import Unavailable
from callboard.base.secret import Secret
from callboard.kube.kubeconfig.plugin_words import (
    MOST_WORDS,
    SECRET_NAME,
    Overheard,
    overhearing,
    shown_words,
)
from callboard.kube.kubeconfig.schema import Context, ExecPlugin
from callboard.kube.named_file import read_named_file
from callboard.kube.text import clean
from callboard.model.cluster import Trust

__all__ = ["PluginCredential", "run_plugin"]

V1: Final = "client.authentication.k8s.io/v1"
VERSIONS: Final = (V1, "client.authentication.k8s.io/v1beta1")
_MOST_OUTPUT: Final = 1024 * 1024
_LAST_WAIT: Final = 2.0
_LAST_WORDS: Final = 0.2
"""Seconds that what is on its way on standard error gets when the program has ended."""


class PluginCredential(msgspec.Struct, frozen=True):
    """What the program gave: a token, a client certificate, or both. `expires` None means that it did not say."""

    token: Secret
    certificate_pem: str
    key_pem: Secret
    expires: datetime | None


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _ExecCredential(msgspec.Struct, rename="camel"):
    kind: str
    api_version: str
    status: _Status | None = None


async def run_plugin(plugin: ExecPlugin, context: Context, deadline: float) -> PluginCredential:
    """Run it once, for at most `deadline` seconds.

    Raises Unavailable, which never quotes standard output; it ends with the program's own words on standard error, masked.
    """
    name = Path(plugin.command).name
    if plugin.api_version not in VERSIONS:
        raise _failed(name, f"it speaks {plugin.api_version[:64]!r}; supported are {' and '.join(VERSIONS)}")
    if plugin.interactive_mode == "Always":
        raise _failed(name, "it wants a terminal (interactiveMode Always)")
    command = plugin.command
    if "/" in command and not command.startswith("/"):
        command = str(Path(plugin.directory) / command)
    async with overhearing() as (stderr, said):
        try:
            process = await _started(plugin, context, command, stderr)
        except (OSError, ValueError) as error:
            why = f"it cannot be started: {getattr(error, 'strerror', None) or 'bad arguments'}"
            if isinstance(error, FileNotFoundError) and plugin.install_hint:
                why += f"; {clean(plugin.install_hint, MOST_WORDS)}"
            raise _failed(name, why) from None
        finally:
            os.close(stderr)
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            async with asyncio.timeout(deadline):
                output = await _read(process.stdout)
                status = await process.wait() if output is not None else None
        except TimeoutError:
            raise _failed(name, f"it gave no answer within {deadline:g} s", _words(plugin, said)) from None
        finally:
            await _end(process, process.stdout)
        if output is None:
            raise _failed(name, "it writes more than a credential")
        if status != 0:
            await _last_words(said)
            raise _failed(name, f"it ended with exit code {status}", _words(plugin, said))
        try:
            return _credential(plugin, output)
        except ValueError as error:
            await _last_words(said)
            raise _failed(name, str(error), _words(plugin, said)) from None


async def _started(
    plugin: ExecPlugin, context: Context, command: str, stderr: int
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        command,
        *plugin.args,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        env={
            **os.environ,
            **{v.name: v.value for v in plugin.env},
            "KUBERNETES_EXEC_INFO": _info(plugin, context),
        },
        start_new_session=True,
    )


async def _last_words(said: Overheard) -> None:
    """Let what is on its way on standard error come in. A helper that goes on may hold it open: so not for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_WORDS):
            await said.ended.wait()


async def _read(stream: asyncio.StreamReader) -> bytes | None:
    pieces = bytearray()
    while piece := await stream.read(65536):
        pieces += piece
        if len(pieces) > _MOST_OUTPUT:
            return None
    return bytes(pieces)


async def _end(process: asyncio.subprocess.Process, stdout: asyncio.StreamReader) -> None:
    """The program and whatever it started are gone when this returns."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # it ended by itself and left nothing behind
    try:
        async with asyncio.timeout(_LAST_WAIT):
            while await stdout.read(65536):  # its end is seen only when what it wrote is read
                pass
            await process.wait()
    except TimeoutError:
        pass  # something it started left its process group and holds the pipe: not worth a caller's time


def _words(plugin: ExecPlugin, said: Overheard) -> str:
    return shown_words(said.text(), (v.value for v in plugin.env if SECRET_NAME.search(v.name)))


def _info(plugin: ExecPlugin, context: Context) -> str:
    spec: dict[str, object] = {"interactive": False}
    if plugin.provide_cluster_info:
        trust = context.trust
        spec["cluster"] = {
            "server": context.server,
            "tls-server-name": trust.server_name,
            "insecure-skip-tls-verify": trust.skip_verify,
            "certificate-authority-data": _authority(trust),
            "proxy-url": trust.proxy_url,
        }
    return msgspec.json.encode(
        {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    ).decode()


def _authority(trust: Trust) -> str:
    try:
        pem = read_named_file(trust.ca_file) if trust.ca_file else trust.ca_pem.encode()
    except (OSError, ValueError):
        pem = b""
    return base64.b64encode(pem).decode()


def _credential(plugin: ExecPlugin, output: bytes) -> PluginCredential:
    """Raises ValueError, whose text says what is missing."""
    try:
        found = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ValueError("what it wrote is no ExecCredential") from None
    status = found.status
    if found.kind != "ExecCredential" or found.api_version != plugin.api_version or status is None:
        raise ValueError(f"what it wrote is no ExecCredential of {plugin.api_version}")
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise ValueError("it gave a client certificate without its key, or a key without its certificate")
    if not status.token and not status.client_certificate_data:
        raise ValueError("it gave neither a token nor a client certificate with its key")
    return PluginCredential(
        Secret(status.token),
        status.client_certificate_data,
        Secret(status.client_key_data),
        status.expiration_timestamp,
    )


def _failed(name: str, why: str, words: str = "") -> Unavailable:
    told = f"the credential plugin {clean(name, 64)!r} did not help: {why}"
    return Unavailable(f"{told}; it said: {words}" if words else told, code="credential-plugin")
