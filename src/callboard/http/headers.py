"""Headers on every answer, whatever it is.

The policy allows our own files only: no inline script or style, no frame, no foreign form target. `data:` images are the
marks in our own stylesheet.
"""

from starlette.datastructures import MutableHeaders

__all__ = ["CONTENT_SECURITY_POLICY", "secure"]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)

SECURITY = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}


HSTS = "max-age=31536000"
"""A year. Of this host alone: what else there is below its name is not ours to say."""


def secure(headers: MutableHeaders, request_id: str, *, hsts: bool = False) -> None:
    """Add what every answer carries. An answer that says nothing on caching is not to be kept by anyone. `hsts` is for where TLS
    is ours."""
    for name, value in SECURITY.items():
        if name != "referrer-policy" or name not in headers:
            headers[name] = value
    if hsts:
        headers["strict-transport-security"] = HSTS
    headers["x-request-id"] = request_id
    headers.setdefault("cache-control", "no-store")
