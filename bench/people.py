"""`make people`: a thousand people signed in, two hundred of them with an open page, sessions in PostgreSQL. Then Callboard is
restarted and killed, the database stopped, and keys are changed: who is still signed in, and whose page came back?

Everybody has signed in at a stand-in for a provider, whose tokens are good for a few seconds and once, so that it is asked about
each of them after every trouble. Callboard is behind a proxy as far as it knows: each person has an address of their own.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import yaml

from bench import tree
from bench.issuer import CLIENT, Issuer, issuer
from bench.machine import describe, load
from bench.rollover import HOST, PUBLIC, Running, Viewer, free_port
from bench.tables import doing, say, table
from callboard.simulator.fleet import Fleet
from support.databases import PASSWORD, USER, PostgresServer, binaries, server

_HERE = (sys.executable, "-c", "from callboard.app.main import main; main()")
_PAGE = "/api/callboard/v1/services/default/component/dice-roller"
_AT_ONCE = 20
"""People who ask at the same moment."""
_TOKENS = 15
"""Seconds that the provider vouches for somebody."""
_AGAIN = 31.0
"""Seconds after which it is asked again: twice in half a minute it is not."""
_LONGEST = 90.0
"""Seconds that an open page gets to come back, and somebody to be answered."""
_AWAY = 8.0
"""Seconds that the database is away."""


class Person:
    """Somebody with a browser; `answers` of `asked` by status, 0 where nobody listened."""

    def __init__(self, number: int, url: str, http: aiohttp.ClientSession) -> None:
        self.name = f"p{number}"
        self._page = "/me" if number % 20 == 0 else _PAGE
        self.cookie = ""
        self._url = url
        self._http = http
        self.headers = {"Host": HOST, "X-Forwarded-For": f"10.9.{number // 250}.{number % 250 + 1}"}

    async def sign_in(self, provider: Issuer) -> None:
        """As a browser does: away, to the provider, and back."""
        way = f"{self._url}/sign-in/oidc"
        async with self._http.get(way, headers=self.headers, allow_redirects=False) as answer:
            if answer.status not in (302, 303):
                raise SystemExit(f"not led to the provider: {answer.status} {(await answer.text())[:300]}")
            begun, away = _cookie(answer), answer.headers["Location"]
        away += "&" + urlencode({"account": self.name})
        async with self._http.get(away, allow_redirects=False) as answer:
            back = answer.headers["Location"].replace(PUBLIC, self._url)
        headers = {**self.headers, "Cookie": begun}
        async with self._http.get(back, headers=headers, allow_redirects=False) as answer:
            if answer.status not in (302, 303):
                raise SystemExit(f"not signed in: {answer.status} {(await answer.text())[:600]}")
            self.cookie = _cookie(answer, "__Host-callboard")
        self.headers["Cookie"] = self.cookie

    async def ask(self) -> int:
        """What the catalog says of a service; of some, who they are."""
        with suppress(aiohttp.ClientError, OSError):
            asked = self._url + self._page
            async with self._http.get(asked, headers=self.headers, allow_redirects=False) as answer:
                shown = await answer.text()
                if answer.status == 200 and self._page == "/me" and f"user:default/{self.name}" not in shown:
                    raise SystemExit(f"{self.name} was taken for somebody else:\n{shown[:600]}")
                return answer.status
        return 0


def _cookie(answer: aiohttp.ClientResponse, name: str = "") -> str:
    found = [f"{key}={each.value}" for key, each in answer.cookies.items() if key == name or not name]
    return "; ".join(found)


class Crowd:
    """All of them, and what they saw since `begin`."""

    def __init__(self, people: list[Person], viewers: list[Viewer]) -> None:
        self.people = people
        self.viewers = viewers
        self.begin()

    def begin(self) -> None:
        """Count anew."""
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        for each in self.viewers:
            each.gaps.clear()
            each.refused.clear()

    async def ask(self, person: Person) -> int:
        """One question of one person."""
        began = time.monotonic()
        status = await person.ask()
        self.statuses[status] += 1
        if status:
            self.slowest = max(self.slowest, time.monotonic() - began)
        return status

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Some of them, one after the other, without a pause longer than a moment."""

        async def one() -> None:
            while True:
                await self.ask(random.choice(self.people))  # noqa: S311
                await asyncio.sleep(0.1)

        tasks = [asyncio.create_task(one()) for _ in range(4)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def lost(self) -> int:
        """How many of all are not signed in any more; whoever is told to come later does."""
        until = time.monotonic() + _LONGEST

        async def still(person: Person) -> bool:
            while (status := await self.ask(person)) != 200:
                if status in (401, 403) or time.monotonic() > until:
                    return False
                await asyncio.sleep(0.5)
            return True

        return (await each_of(self.people, still)).count(False)

    async def away(self, had_ended: bool) -> int:
        """How many open pages have no stream; they get time to come back."""
        until = time.monotonic() + _LONGEST
        while had_ended and not all(v.gaps for v in self.viewers) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        return sum(1 for v in self.viewers if not v.open)


async def each_of(people: list[Person], do: Callable[[Person], Awaitable[Any]]) -> list[Any]:
    """So many at once."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(person: Person) -> Any:
        async with gate:
            return await do(person)

    return list(await asyncio.gather(*map(one, people)))


class Scene:
    """The process, its configuration and its database."""

    def __init__(
        self,
        folder: Path,
        provider: Issuer,
        postgres: PostgresServer,
        kubeconfig: Path,
        http: aiohttp.ClientSession,
    ) -> None:
        self._folder = folder
        self._http = http
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.pid = 0
        self._running: Running | None = None
        self.settings: dict[str, Any] = {
            "app": {"baseUrl": PUBLIC},
            "auth": {
                "environment": "production",
                "session": {"secret": "the first secret of this measurement"},
                "providers": {"oidc": {"production": {
                    "metadataUrl": f"{provider.base}/.well-known/openid-configuration",
                    "clientId": CLIENT, "clientSecret": "x", "tokenSignedResponseAlg": "ES256",
                }}},
            },
            "backend": {
                "listen": {"host": "127.0.0.1", "port": self._port},
                "database": {"client": "pg", "connection": {
                    "host": "127.0.0.1", "port": postgres.port, "user": USER, "password": PASSWORD,
                    "database": "postgres",
                }},
            },
            "catalog": {
                "rules": [{"allow": ["Component", "User"]}],
                "locations": [{"type": "file", "target": str(folder / "catalog.yaml")}],
            },
            "kubernetes": {"clusterLocatorMethods": [{"type": "kubeconfig", "files": [str(kubeconfig)]}]},
            "callboard": {
                "dataDirectory": str(folder / "data"),
                "web": {"trustedProxies": ["127.0.0.0/8"]},
                "auth": {"formerSecrets": []},
            },
        }  # fmt: skip

    async def start(self) -> None:
        """Until it is ready."""
        path = self._folder / "app-config.yaml"
        path.write_text(yaml.safe_dump(self.settings))
        with (self._folder / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *_HERE, "serve", "--config", str(path), stdout=log, stderr=log, cwd=self._folder
            )
        self.pid = process.pid
        self._running = Running(process, self._port)
        await self._running.ready(self._http)

    async def restart(self, *, kill: bool = False) -> None:
        """End it, and start it again."""
        assert self._running is not None  # noqa: S101
        if kill:
            self._running.kill()
        else:
            self._running.tell_to_stop()
        await self._running.ended()
        await self.start()

    def kill(self) -> None:
        """At the end."""
        if self._running is not None:
            self._running.kill()


def catalog(count: int) -> str:
    """So many people, and a service of the first."""
    people = "".join(
        "---\napiVersion: backstage.io/v1alpha1\nkind: User\n"
        f"metadata: {{name: p{n}}}\nspec: {{memberOf: [], profile: {{email: p{n}@example.org}}}}\n"
        for n in range(count)
    )
    return people + (
        "---\napiVersion: backstage.io/v1alpha1\nkind: Component\n"
        "metadata: {name: dice-roller, annotations: {backstage.io/kubernetes-id: dice-roller}}\n"
        "spec: {type: service, lifecycle: production, owner: p0}\n"
    )


async def measure(count: int, streams: int, folder: Path) -> None:
    """Everything, and the table."""
    programs = binaries()
    if programs is None:
        raise SystemExit("PostgreSQL's initdb is missing")
    (folder / "catalog.yaml").write_text(catalog(count))
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(Fleet.start("quiet", clusters=1))
        postgres = stack.enter_context(server(programs, folder / "pg"))
        provider = await stack.enter_async_context(issuer(_TOKENS))
        http = await stack.enter_async_context(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                timeout=aiohttp.ClientTimeout(total=None, sock_read=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        )
        scene = Scene(folder, provider, postgres, fleet.kubeconfig(folder / "kubeconfig"), http)
        stack.callback(scene.kill)
        await scene.start()
        rows: list[tuple[str, ...]] = []
        people = [Person(n, scene.url, http) for n in range(count)]
        rows.append(("nobody signed in", *[""] * 7, f"{tree.rss(scene.pid) / 2**20:.0f}"))
        began = time.monotonic()
        await each_of(people, lambda each: each.sign_in(provider))
        doing(f"{count} people signed in after {time.monotonic() - began:.1f} s")
        viewers = [Viewer(scene.url, http, each.headers) for each in people[:streams]]
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(each.look()) for each in viewers]
        async with asyncio.timeout(_LONGEST):
            for each in viewers:
                await each.first.wait()
        crowd = Crowd(people, viewers)

        async def told(name: str, trouble: Callable[[], Awaitable[None]], *, ends: bool = True) -> None:
            crowd.begin()
            confirmed = provider.said["refresh_token"]
            async with crowd.asking():
                await trouble()
            lost, away = await crowd.lost(), await crowd.away(ends)
            gaps = [max(v.gaps, default=0.0) for v in viewers]
            refused = {s: n for s, n in crowd.statuses.items() if s not in (0, 200)}
            row = (
                name,
                str(lost),
                str(away),
                f"{max(gaps):.1f}",
                f"{crowd.statuses.total()}, {crowd.statuses[0]}",
                ", ".join(f"{n} × {s}" for s, n in sorted(refused.items())) or "none",
                f"{crowd.slowest:.2f}",
                str(provider.said["refresh_token"] - confirmed),
                f"{tree.rss(scene.pid) / 2**20:.0f}",
            )
            rows.append(row)
            doing(" | ".join(row))

        async def nothing() -> None:
            await asyncio.sleep(1.0)

        async def due() -> None:
            await asyncio.sleep(_AGAIN)  # until the provider has to be asked about each

        async def database_away() -> None:
            await asyncio.to_thread(postgres.stop)
            await asyncio.sleep(_AWAY)
            await asyncio.to_thread(postgres.start)

        async def another_secret() -> None:
            before = scene.settings["auth"]["session"]["secret"]
            scene.settings["auth"]["session"]["secret"] = "the second secret of this measurement"
            scene.settings["callboard"]["auth"]["formerSecrets"] = [before]
            await scene.restart()
            await due()

        async def former_gone() -> None:
            scene.settings["callboard"]["auth"]["formerSecrets"] = []
            await scene.restart()

        async def another_key() -> None:
            provider.change_key()
            await due()

        try:
            await told("everybody asks, nothing happens", nothing, ends=False)
            await told("Callboard told to stop, and started", scene.restart)
            await told("Callboard killed, and started", lambda: scene.restart(kill=True))
            await told(f"the database stopped for {_AWAY:.0f} s", database_away, ends=False)
            await told("another `auth.session.secret`, the old one in `formerSecrets`", another_secret)
            await told("the old one taken out", former_gone)
            await told("the provider signs with another key", another_key, ends=False)
        finally:
            for task in tasks:
                task.cancel()
        table(
            f"{count} people signed in, {streams} open pages, sessions in PostgreSQL",
            (
                "",
                "sessions lost",
                "pages that did not come back",
                "longest without a stream, s",
                "asked, nobody listened",
                "refused",
                "slowest answer, s",
                "asked at the provider",
                "memory, MiB",
            ),
            rows,
        )
        say(f"\nThe provider answered: {dict(provider.said)}. Load at the end: {load()}")


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(prog="bench.people", description="A company that is signed in.")
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="a folder for configuration and log, which stays")
    said = parser.parse_args()
    table("Machine", ("", ""), describe(""))
    with tempfile.TemporaryDirectory(prefix="callboard-people-") as folder:
        place = said.keep or Path(folder)
        place.mkdir(exist_ok=True, parents=True)
        place.chmod(0o755)
        asyncio.run(measure(said.people, said.streams, place))


if __name__ == "__main__":
    main()
