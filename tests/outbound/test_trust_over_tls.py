"""TLS on the way out: the name is checked, and whom we trust is the system and what the operator adds."""

import asyncio
import datetime
import ipaddress
import ssl
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from callboard.base.errors import BadInput, Unavailable
from callboard.outbound import Network, Outbound
from support.http_server import Answer, served


async def test_a_certificate_is_checked_against_the_authorities_and_the_name(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with served(context) as server:
        server.answers["/x"] = Answer(body=b"over tls")
        async with (
            Outbound(environment={}, ca_file=str(certificate)) as trusting,
            Outbound(environment={}) as doubtful,
        ):
            url = server.url("/x", scheme="https")
            assert (await trusting.get(url, lambda _: Network.OURS)).body == b"over tls"
            other_name = server.url("/x", host="localhost", scheme="https")
            for way, asked in ((trusting, other_name), (doubtful, url)):
                with pytest.raises(Unavailable) as caught:
                    await way.get(asked, lambda _: Network.OURS)
                assert caught.value.code == "url-tls"
            assert len(server.asked) == 1


@pytest.mark.parametrize("content", [None, "no certificate", ""])
async def test_authorities_that_cannot_be_used_are_told_by_their_file(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    async with Outbound(environment={}, ca_file=str(file)) as way:
        with pytest.raises(BadInput) as caught:
            await way.get("https://example.org/", lambda _: Network.PUBLIC)
    assert caught.value.problem.where == str(file)


async def test_tls_goes_through_a_proxy_and_is_checked_behind_it(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    asked: list[bytes] = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        host, _, port = asked[-1].split()[1].decode().partition(":")
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            await asyncio.gather(relay(reader, inner_writer), relay(inner_reader, writer))

    with served(context) as server:
        server.answers["/x"] = Answer(body=b"through")
        listener = await asyncio.start_server(proxy, "127.0.0.1", 0)
        address = f"http://me:canary@127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with (
            Outbound(proxy=address, environment={}, ca_file=str(certificate)) as trusting,
            Outbound(proxy=address, environment={}) as doubtful,
        ):
            url = server.url("/x", scheme="https")
            assert (await trusting.get(url, lambda _: Network.OURS)).body == b"through"
            with pytest.raises(Unavailable) as caught:
                await doubtful.get(url, lambda _: Network.OURS)
            assert caught.value.code == "url-tls"
        listener.close()
        await listener.wait_closed()
    assert asked[0].startswith(f"CONNECT 127.0.0.1:{server.port} ".encode())
    assert b"proxy-authorization: basic" in asked[0].lower()
    assert all("canary" not in str(each.headers) for each in server.asked)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\ncanary",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
        b"SSH-2.0-canary\r\n\r\n",
        b"",
    ],
    ids=lambda answer: repr(answer[:12]),
)
async def test_a_proxy_that_refuses_is_told_in_words_of_ours(answer: bytes) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(refuse, "127.0.0.1", 0)
    proxy = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with Outbound(proxy=proxy, environment={}) as way:
        with pytest.raises(Unavailable) as caught:
            await way.get("https://example.org/x", lambda _: Network.PUBLIC)
    assert "canary" not in caught.value.message
    listener.close()
    await listener.wait_closed()


def _certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and for no name."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = directory / "cert.pem", directory / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files
