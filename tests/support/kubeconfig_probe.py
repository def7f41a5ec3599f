"""Two servers, two proxies and a certificate authority on loopback, and what reaches them: as whom, and on which way."""

import asyncio
import base64
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from callboard.simulator.serving.certificates import Authority, server_context

__all__ = ["CONTEXT_OF", "Probe", "Said", "probing", "what_kubectl_says"]

Said = dict[str, Any]
"""`accepted`: the file was read; `reached`: what came to a server, or None; `prompts`: kubectl wants a name typed in, where
no user is named. `words` is kubectl's output."""

_PLUGIN = 'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"from-plugin"}}\''
_VERSION = json.dumps({"major": "1", "minor": "32", "gitVersion": "v1.32.0"}).encode()
_REFUSED = "error loading config file"
_PROMPT = "Please enter Username"


def CONTEXT_OF(case: str) -> str:  # noqa: N802
    """The context of a case that is asked through."""
    name = case.removeprefix("context name ")
    return "x" if name == case else name.strip('"')


class Probe:
    """Where odd kubeconfigs lead to."""

    def __init__(self) -> None:
        self.authority = Authority()
        self._client = self.authority.client("kubeconfig-user")
        self.seen: list[Said] = []
        self.places: dict[str, str] = {}
        self._ways: dict[int, str] = {}

    def write(self, directory: Path, case: str | bytes) -> Path:
        """The case as a file, its words in capitals filled in."""
        (directory / "ca.pem").write_text(self.authority.pem)
        encoded = {"CA": self.authority.pem, "CERT": self._client.certificate, "KEY": self._client.key}
        words = {k: base64.b64encode(v.encode()).decode() for k, v in encoded.items()}
        words |= self.places | {"CAFILE": "ca.pem", "EXEC": _PLUGIN.replace("'", "''")}
        # one that is no text in UTF-8 is filled in as it is
        encoding = "utf-16" if isinstance(case, bytes) and case[:2] == b"\xff\xfe" else "latin-1"
        text = case.decode(encoding) if isinstance(case, bytes) else case
        filled = re.sub("@([A-Z]+)@", lambda m: words[m[1]], text)
        file = directory / "config"
        file.write_bytes(filled.encode(encoding if isinstance(case, bytes) else "utf-8"))
        return file

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As an API server would, closing after each request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        first, *lines = head.split("\r\n")
        path = first.split(" ")[1].partition("?")[0]
        fields = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        body = b"{}"
        if path.endswith("/probe"):
            tls = writer.get_extra_info("ssl_object")
            certificate = tls.getpeercert() if tls else None
            port = writer.get_extra_info("peername")[1]
            self.seen.append(
                {
                    "tls": tls is not None,
                    "authorization": fields.get("authorization", ""),
                    "certificate": bool(certificate),
                    "way": self._ways.get(port, ""),
                }
            )
        elif path.endswith("/version"):
            body = _VERSION
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        writer.close()

    async def socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """SOCKS 5, with a name and a password where the client has them (RFC 1928, RFC 1929)."""
        way = "socks5"
        try:
            methods = await reader.readexactly((await reader.readexactly(2))[1])
            if 2 in methods:
                writer.write(b"\x05\x02")
                name = await reader.readexactly((await reader.readexactly(2))[1])
                password = await reader.readexactly((await reader.readexactly(1))[0])
                way += f" as {name.decode()}:{password.decode()}"
                writer.write(b"\x01\x00")
            else:
                writer.write(b"\x05\x00")
            kind = (await reader.readexactly(4))[3]
            await reader.readexactly({1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0])
            port = int.from_bytes(await reader.readexactly(2), "big")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        await self._through(port, way, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", reader, writer)

    async def proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """An HTTP proxy, asked to CONNECT."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        port = int(head.split(b" ")[1].rpartition(b":")[2])
        await self._through(port, "http", b"HTTP/1.1 200 OK\r\n\r\n", reader, writer)

    async def _through(
        self, port: int, way: str, greeting: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
        self._ways[up_writer.get_extra_info("sockname")[1]] = way
        writer.write(greeting)

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    target.write(data)
            except ConnectionError:
                pass
            target.close()

        await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer))


@asynccontextmanager
async def probing() -> AsyncIterator[Probe]:
    """The servers, listening."""
    probe = Probe()
    context = server_context(probe.authority.server(), probe.authority.pem)
    servers = {
        "TLS": await asyncio.start_server(probe.answer, "127.0.0.1", 0, ssl=context),
        "PLAIN": await asyncio.start_server(probe.answer, "127.0.0.1", 0),
        "SOCKS": await asyncio.start_server(probe.socks, "127.0.0.1", 0),
        "PROXY": await asyncio.start_server(probe.proxy, "127.0.0.1", 0),
    }
    probe.places = {k: f"127.0.0.1:{s.sockets[0].getsockname()[1]}" for k, s in servers.items()}
    try:
        yield probe
    finally:
        for server in servers.values():
            server.close()
            await server.wait_closed()


async def what_kubectl_says(
    kubectl: Path, probe: Probe, directory: Path, name: str, case: str | bytes
) -> Said:
    """What comes of `kubectl get --raw /probe` with this kubeconfig."""
    file = probe.write(directory, case)
    environment: Mapping[str, str] = {"HOME": str(directory), "PATH": os.environ["PATH"]}
    probe.seen.clear()
    process = await asyncio.create_subprocess_exec(
        str(kubectl),
        f"--kubeconfig={file}",
        f"--context={CONTEXT_OF(name)}",
        "--request-timeout=5s",
        "get",
        "--raw",
        "/probe",
        env=environment,
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    reached = probe.seen[-1] if probe.seen else None
    words = output.decode(errors="replace")
    return {
        "accepted": _REFUSED not in words,
        "prompts": _PROMPT in words,
        "reached": reached if process.returncode == 0 else None,
        "words": words,
    }
