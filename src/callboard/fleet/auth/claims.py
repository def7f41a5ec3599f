"""What a JSON Web Token says of itself (RFC 7519). Signatures are not checked: nothing is granted by what is read here."""

import base64
import binascii
from datetime import UTC, datetime

import msgspec

from callboard.base.secret import Secret
from callboard.model.cluster import Credential
from callboard.model.objects.time import usable

__all__ = ["Claims", "claims_of", "expiry_of"]


class Claims(msgspec.Struct, frozen=True):
    """The subject, and when the token runs out in seconds of Unix time; what is not said is "" or None."""

    sub: str = ""
    exp: float | None = None


def claims_of(token: Secret) -> Claims:
    """The claims of a token; none where it is no JWT."""
    parts = token.reveal().split(".")
    if len(parts) == 3:
        try:
            payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
            return msgspec.json.decode(payload, type=Claims)
        except (binascii.Error, ValueError, msgspec.MsgspecError):
            pass
    return Claims()


def expiry_of(credential: Credential) -> datetime | None:
    """When the credential runs out, as its strategy says or its token; None where neither does, or not in the time there is."""
    try:
        expires = credential.expires
        if expires is None and (exp := claims_of(credential.token).exp) is not None:
            expires = datetime.fromtimestamp(exp, UTC)
        return expires if expires is not None and usable(expires) else None
    except (OverflowError, OSError, ValueError):
        return None
