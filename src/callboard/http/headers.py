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


def secure(headers: MutableHeaders, request_id: str) -> None:
    """Add what every answer carries. An answer that says nothing on caching is not to be kept by anyone."""
    for name, value in SECURITY.items():
        headers[name] = value
    headers["x-request-id"] = request_id
    headers.setdefault("cache-control", "no-store")
