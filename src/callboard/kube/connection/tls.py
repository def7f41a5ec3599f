"""TLS with one API server: whom we trust, and our client certificate."""

import os
import ssl
import tempfile
from pathlib import Path

from callboard.kube.failure import AnswerRefused
from callboard.kube.named_file import read_named_file
from callboard.kube.text import clean
from callboard.model.cluster import Credential, Trust
from callboard.model.outcome import Failure, FailureCode

__all__ = ["tls_context", "trust_version"]


def trust_version(trust: Trust) -> tuple[int, int]:
    """Changes when the CA file does: (modification time in ns, size); zeros where there is none or it cannot be seen."""
    if not trust.ca_file:
        return (0, 0)
    try:
        seen = os.stat(trust.ca_file)  # noqa: PTH116 - for each look at each cluster; a Path takes longer to make
    except (OSError, ValueError):
        return (0, 0)
    return (seen.st_mtime_ns, seen.st_size)


def tls_context(trust: Trust, credential: Credential) -> ssl.SSLContext:
    """Blocking (it reads files). Raises AnswerRefused with a TLS or CREDENTIAL failure when the material will not do."""
    try:
        if trust.ca_file:
            context = ssl.create_default_context(cadata=read_named_file(trust.ca_file).decode())
        elif trust.ca_pem:
            context = ssl.create_default_context(cadata=trust.ca_pem)
        else:
            context = ssl.create_default_context()
    except OSError as error:  # ssl.SSLError is one, too
        why = "holds no certificate" if isinstance(error, ssl.SSLError) else "cannot be read"
        raise _refused(FailureCode.TLS, f"the cluster's CA {'file ' if trust.ca_file else ''}{why}") from None
    except ValueError:
        raise _refused(FailureCode.TLS, "the cluster's CA holds no certificate") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Go and so kubectl do not ask for the newest extensions of a CA, and many clusters' own CAs lack them.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if trust.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credential.certificate_pem:
        _load_certificate(context, credential)
    return context


def _load_certificate(context: ssl.SSLContext, credential: Credential) -> None:
    """OpenSSL's loader takes a path only: an anonymous file in memory where there is one, else one nobody else can read."""
    pem = f"{credential.certificate_pem.strip()}\n{credential.key_pem.reveal().strip()}\n".encode()
    try:
        if hasattr(os, "memfd_create"):
            number = os.memfd_create("callboard", os.MFD_CLOEXEC)
            try:
                os.write(number, pem)
                context.load_cert_chain(f"/proc/self/fd/{number}", password=_no_password)
            finally:
                os.close(number)
        else:
            with tempfile.TemporaryDirectory(prefix="callboard-") as directory:
                path = Path(directory) / "pem"
                with open(path, "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as file:
                    file.write(pem)
                context.load_cert_chain(path, password=_no_password)
    except (ssl.SSLError, OSError, ValueError) as error:
        reason = clean(
            str(getattr(error, "reason", None) or type(error).__name__).replace("_", " ").lower(), 80
        )
        raise _refused(FailureCode.CREDENTIAL, f"the client certificate cannot be used: {reason}") from None


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def _refused(code: FailureCode, message: str) -> AnswerRefused:
    return AnswerRefused(Failure(code=code, message=message))
