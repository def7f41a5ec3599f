"""TLS on the way out: the name is checked, and whom we trust is the system and what the operator adds."""

import datetime
import ipaddress
import ssl
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
