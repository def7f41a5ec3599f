"""What a caller's own token reads goes to one reader, is asked again while they look, and is over when the token is."""

import asyncio
import base64
import time
from contextlib import aclosing
from datetime import UTC, datetime

import msgspec
import pytest

from callboard.base.errors import NotSignedIn
from callboard.base.secret import Secret
from callboard.fleet.auth.claims import claims_of, expiry_of
from callboard.fleet.hub.port import Source, Update
from callboard.model.cluster import Credential, CredentialKind
from callboard.model.outcome import FailureCode, Freshness, Question
from callboard.model.resource import KNOWN_TYPES
from callboard.model.snapshot import ClusterState, ServiceSnapshot
from callboard.simulator.fleet import Fleet
from support.fake_fleet import CALLER, entity
from support.listening import HUB, Follower, Listening, contents, listening

DICE = entity("dice-roller")


def jwt(**claims: object) -> str:
    body = base64.urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")
    return f"e30.{body}.c2ln"


def deployments(snapshot: ServiceSnapshot) -> list[str]:
    return [o.name for part in snapshot.clusters for o in part.objects() if o.type.plural == "deployments"]


async def to_its_end(world: Listening, *, revoke: bool = False) -> list[ServiceSnapshot]:
    """Follow until it ends; with `revoke`, no token is accepted any more once everything has settled."""
    seen: list[ServiceSnapshot] = []
    async with aclosing(world.provider.objects(DICE, CALLER)) as snapshots:
        async for snapshot in snapshots:
            seen.append(snapshot)
            if snapshot.settled and revoke:
                for cluster in world.fleet:
                    cluster.tokens.revoke(world.tokens.tokens[cluster.name])
    return seen


async def test_each_reader_asks_for_themselves_and_nothing_stays() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        world.tokens.own = True
        async with Follower(world.provider, DICE) as one, Follower(world.provider, DICE) as two:
            first, second = await one.settled(), await two.settled()
            assert contents(first) == contents(second)
            assert fleet[0].counters.count("/deployments") >= 2
            assert not world.hub.streams
        asked = world.requests()
        async with Follower(world.provider, DICE) as three:
            await three.settled()
        assert world.requests() > asked


@pytest.mark.parametrize("watched", [True, False], ids=["watched", "polled"])
async def test_a_stream_itself_reads_nothing_with_a_callers_own_token(watched: bool) -> None:
    """Whoever begins a stream looks first; the stream looks again, before every request."""
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        (cluster,) = await world.parts.clusters.clusters(CALLER)
        mine = msgspec.structs.replace(await world.tokens.credential(cluster, CALLER), own=True)

        async def credential() -> Credential:
            return mine

        settings = HUB if watched else msgspec.structs.replace(HUB, scope="entity", watch_entities=False)
        source = Source(cluster, mine.identity, credential, world.parts.fetcher, settings)
        before = world.requests()
        reader = world.hub.subscribe(source)
        reader.want((Question(type=KNOWN_TYPES[0], namespace="games"),))
        told: list[Update] = []
        async with asyncio.timeout(10):
            while not told:
                await reader.wait()
                told = [update for update in reader.take() if update.status.failure is not None]
        assert told[0].status.failure is not None
        assert told[0].status.failure.code is FailureCode.CREDENTIAL
        assert not told[0].status.answer.known
        assert not len(world.hub.streams[0].held.objects)
        assert world.requests() == before
        reader.close()


async def test_it_is_asked_again_while_somebody_looks_and_says_so() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        world.tokens.own = True
        async with Follower(world.provider, DICE) as viewer:
            settled = await viewer.settled()
            assert settled.live
            assert {o.freshness for o in settled.clusters[0].outcomes} == {Freshness.POLLED}
            fleet[0].store.delete("deployments", "dice-roller", "games")
            await viewer.until(lambda s: "dice-roller" not in deployments(s))
            fleet[0].chaos.on("server-error")
            stale = await viewer.until(lambda s: any(o.stale_since for o in s.clusters[0].outcomes))
            assert stale.clusters[0].state is ClusterState.ANSWERED
            fleet[0].chaos.off()
            await viewer.until(lambda s: not any(o.stale_since for o in s.clusters[0].outcomes))


async def test_a_token_the_cluster_no_longer_accepts_ends_the_stream_and_says_what_to_do() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        world.tokens.own = True
        with pytest.raises(NotSignedIn, match="Sign in") as caught:
            await to_its_end(world, revoke=True)
        assert caught.value.code == "token-expired"
        assert fleet[0].name in caught.value.message


async def test_a_token_that_says_when_it_runs_out_ends_the_stream_then() -> None:
    async with Fleet.start("quiet", speed=0.0) as fleet, listening(fleet) as world:
        token = jwt(sub="anna", exp=time.time() + 1.5)
        fleet[0].tokens.add(token, "anna", "system:masters")
        world.tokens.own, world.tokens.tokens[fleet[0].name] = True, token
        with pytest.raises(NotSignedIn, match=r"ran out at \d\d:\d\d:\d\dZ") as caught:
            await to_its_end(world)
        assert token not in str(caught.value)


async def test_a_token_refused_from_the_start_is_that_clusters_failure_and_the_others_stand() -> None:
    async with Fleet.start("quiet", clusters=2, speed=0.0) as fleet, listening(fleet) as world:
        world.tokens.own = True
        world.tokens.tokens[fleet[0].name] = jwt(exp=time.time() - 60)
        async with Follower(world.provider, DICE) as viewer:
            states = {p.cluster.name: p.state for p in (await viewer.settled()).clusters}
            assert states == {
                fleet[0].name: ClusterState.FAILED,
                fleet[1].name: ClusterState.ANSWERED,
            }


def test_an_expiry_is_read_from_the_token_unless_the_strategy_knows_it() -> None:
    def bearer(token: str, expires: datetime | None = None) -> Credential:
        return Credential(
            kind=CredentialKind.BEARER, identity="anna", token=Secret(token), own=True, expires=expires
        )

    moment = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert expiry_of(bearer(jwt(exp=moment.timestamp()))) == moment
    assert expiry_of(bearer(jwt(exp=1), moment)) == moment
    for opaque in ("", "opaque", "a.b.c", jwt(exp="soon"), jwt(exp=1e300), "x." + "=" * 9 + ".y", jwt()):
        assert expiry_of(bearer(opaque)) is None
    assert claims_of(Secret(jwt(sub="system:serviceaccount:a:b"))).sub == "system:serviceaccount:a:b"
