"""npm's oidc-provider as a process on loopback: a real provider of OpenID Connect for tests and trials."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

__all__ = ["ACCOUNTS", "CLIENT", "RunningProvider", "running_provider"]

SCRIPT = Path(__file__).with_suffix(".mjs")
CLIENT: Mapping[str, Any] = {
    "client_id": "callboard",
    "client_secret": "a secret: with / what+must be%escaped",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
}
ACCOUNTS: Mapping[str, Mapping[str, Any]] = {
    "account-of-anna": {
        "name": "Anna A",
        "email": "anna@example.org",
        "email_verified": True,
        "groups": ["/sre"],
    },
    "4712": {"name": "Not Anna", "email": "anna@example.org", "email_verified": False},
    "4713": {"name": "Bo", "email": "bo@elsewhere.example", "email_verified": True},
}
"""Anna, somebody who only says that her address is theirs, and somebody whom the catalog does not know."""


class RunningProvider(msgspec.Struct, frozen=True):
    """`issuer` is its address."""

    issuer: str

    @property
    def metadata_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    async def switch(self, what: str) -> None:
        """`forget/ACCOUNT`, `keys`, `back/PORT`."""
        async with aiohttp.ClientSession() as http, http.post(f"{self.issuer}/switch/{what}") as answer:
            assert answer.status == 200


@asynccontextmanager
async def running_provider(
    node: Path, *, accounts: Mapping[str, Mapping[str, Any]] = ACCOUNTS, access_seconds: int = 300
) -> AsyncIterator[RunningProvider]:
    """For as long as the context lasts."""
    told = json.dumps({"client": CLIENT, "accounts": accounts, "accessSeconds": access_seconds})
    process = await asyncio.create_subprocess_exec(
        str(node),
        str(SCRIPT),
        told,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=1024 * 1024,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = b""
            while not line.startswith(b"{"):  # before it may come a warning about the version of Node.js
                line = await process.stdout.readline()
                assert line, "the provider ended"
        yield RunningProvider(json.loads(line)["issuer"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
