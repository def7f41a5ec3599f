"""A quiet fleet of one cluster whose time stands still until a test steps it, and a client that speaks to it."""

import json
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from callboard.simulator import Fleet, SimulatedCluster

START = 1_790_000_000.0


class Client:
    """Requests to one cluster as one of its users."""

    def __init__(self, cluster: SimulatedCluster, session: aiohttp.ClientSession) -> None:
        self.cluster = cluster
        self.session = session
        self.context = ssl.create_default_context(cadata=cluster.ca_pem)

    def request(
        self,
        method: str,
        path: str,
        *,
        who: str = "admin",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        token = who if len(who) >= 40 else getattr(self.cluster.identities, who, "")
        sent = {
            "Accept": "application/json",
            **({"Authorization": f"Bearer {token}"} if token else {}),
            **(headers or {}),
        }
        return self.session.request(method, self.cluster.url + path, ssl=self.context, headers=sent, **more)

    async def ask(self, path: str, method: str = "GET", *, body: Any = None, **more: Any) -> tuple[int, Any]:
        """Status and decoded body of one request."""
        if body is not None and "data" not in more:
            more["data"] = body if isinstance(body, str | bytes) else json.dumps(body)
            more["headers"] = {"Content-Type": "application/json", **(more.get("headers") or {})}
        async with self.request(method, path, **more) as response:
            raw = await response.read()
            try:
                return response.status, json.loads(raw)
            except ValueError:
                return response.status, raw.decode()


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    async with Fleet.start("quiet", seed=7, speed=0, now=START) as made:
        yield made


@pytest.fixture
def cluster(fleet: Fleet) -> SimulatedCluster:
    return fleet[0]


@pytest.fixture
async def client(cluster: SimulatedCluster) -> AsyncIterator[Client]:
    timeout = aiohttp.ClientTimeout(total=20)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Client(cluster, session)
