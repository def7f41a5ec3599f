"""Whom we trust over TLS."""

import ssl
from pathlib import Path

from callboard.base.errors import BadInput, Problem

__all__ = ["trust"]


def trust(ca_file: str) -> ssl.SSLContext:
    """The system's authorities (or those of SSL_CERT_FILE) and the operator's. It blocks. Raises BadInput."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file:
        try:
            context.load_verify_locations(cadata=Path(ca_file).read_text())
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError, too
            found = "no certificate" if isinstance(error, ssl.SSLError | ValueError) else str(error.strerror)
            raise BadInput(
                Problem(
                    "the authorities of callboard.outbound.caFile cannot be used",
                    where=ca_file,
                    found=found,
                    expected="certificates in PEM",
                )
            ) from None
    return context
