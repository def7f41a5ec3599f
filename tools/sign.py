"""`python tools/sign.py KEY FILE…`: beside each file a Sigstore bundle (v0.3), signed by a key of ours, without any network.

KEY is an ECDSA P-256 private key as PEM; `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out release.key` makes
one. Its public half is written beside the files as `callboard-release.pub`, for comparison with the one people already have.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

PUBLIC = "callboard-release.pub"


def bundle(digest: bytes, key: ec.EllipticCurvePrivateKey) -> str:
    """The bundle for a file of this SHA-256. Its hint names the key: the SHA-256 of its public half, as DER."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    said = {
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": _text(hashlib.sha256(public).digest())}},
        "messageSignature": {
            "messageDigest": {"algorithm": "SHA2_256", "digest": _text(digest)},
            "signature": _text(signature),
        },
    }
    return json.dumps(said, separators=(",", ":")) + "\n"


def main() -> None:
    """Sign each file."""
    place, *files = map(Path, sys.argv[1:])
    key = load_pem_private_key(place.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise SystemExit(f"{place} holds no ECDSA key on P-256")
    for file in files:
        with file.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").digest()
        file.with_name(f"{file.name}.sigstore.json").write_text(bundle(digest, key))
    if files:
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        files[0].with_name(PUBLIC).write_bytes(public)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


if __name__ == "__main__":
    main()
