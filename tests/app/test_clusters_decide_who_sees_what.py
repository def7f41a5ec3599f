"""With `visibility: cluster`, each cluster's own authorizer says what a caller sees; over real sockets."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from callboard.access import reviews as module
from callboard.app.application import Application
from callboard.app.notices import tell_who_sees_nothing
from callboard.base.errors import CallboardError
from callboard.cli.check_text import check_exit, check_lines
from callboard.cli.exits import Exit
from callboard.cli.status_text import status_lines
from callboard.cli.text import Terminal
from callboard.model.caller import Caller
from callboard.model.outcome import Answer
from callboard.model.snapshot import ClusterState
from callboard.portal.documents.status_writer import document_of
from callboard.portal.protocol import LogQuery, ServicesQuery
from callboard.portal.views import ClusterPart, KubernetesView, ObjectKey
from callboard.simulator import Fleet
from support.portal import application
from support.shared_cluster import (
    DICE,
    REVIEWS,
    config_map,
    deciding,
    furnish,
    namespaces_in,
    namespaces_of_part,
    person,
    reviews,
    unbind,
)

ANNA = person("anna")


async def settled(app: Application, caller: Caller) -> KubernetesView:
    view = await app.portal.kubernetes_settled(DICE, caller, within=15)
    assert view.settled
    return view


async def until(
    views: AsyncGenerator[KubernetesView, None], wanted: Callable[[KubernetesView], bool]
) -> KubernetesView:
    async with asyncio.timeout(10):
        async for view in views:
            if wanted(view):
                return view
    raise AssertionError("the views ended")


@pytest.mark.parametrize("provider", ["fanOut", "hub"])
async def test_a_viewer_of_two_namespaces_sees_these_two(tmp_path: Path, provider: str) -> None:
    async with Fleet.start(clusters=2) as fleet:
        furnish(fleet)
        for cluster in fleet:
            cluster.bind("anna", "view", "games", "lab")
        async with application(tmp_path, fleet, "dice-roller", callboard=deciding(provider)) as app:
            seen = await settled(app, ANNA)
            assert [namespaces_of_part(p) for p in seen.clusters] == [{"games", "lab"}] * 2
            fleet[0].bind("boss", "cluster-admin")
            fleet[1].bind("boss", "cluster-admin")
            assert namespaces_in(await settled(app, person("boss"))) == {"games", "lab", "vault"}


async def test_what_nobody_granted_is_told_as_such_and_leaves_no_trace(tmp_path: Path) -> None:
    async with Fleet.start() as fleet:
        furnish(fleet)
        async with application(tmp_path, fleet, "dice-roller", callboard=deciding()) as app:
            view = await settled(app, person("nobody-here"))
            (part,) = view.clusters
            assert (namespaces_in(view), part.objects, part.events.rows) == (set(), 0, ())
            assert {row.plain.split(" pods")[0] for row in part.missing} == {"you may not see"}
            assert view.verdict.could_not_tell
            with pytest.raises(CallboardError) as told:
                await app.portal.object(
                    DICE, ObjectKey(fleet[0].name, "configmaps", "vault", "settings-of-vault"), ANNA
                )
            with pytest.raises(CallboardError) as absent:
                await app.portal.object(
                    DICE, ObjectKey(fleet[0].name, "configmaps", "vault", "nothing"), ANNA
                )
            assert str(told.value).replace("settings-of-vault", "x") == str(absent.value).replace(
                "nothing", "x"
            )


async def test_the_person_at_this_machine_is_nobody_until_the_settings_say_who(tmp_path: Path) -> None:
    async with Fleet.start() as fleet:
        furnish(fleet)
        fleet[0].bind("anna", "view", "lab")
        async with application(tmp_path, fleet, "dice-roller", callboard=deciding()) as app:
            view = await settled(app, Caller.loopback())
            assert namespaces_in(view) == set()
            assert "you are not set up as one" in view.clusters[0].missing[0].plain
            assert reviews(fleet) == 0
        mapped = deciding(access={"users": {"user:default/local": {"user": "anna"}}})
        async with application(tmp_path, fleet, "dice-roller", callboard=mapped) as app:
            assert namespaces_in(await settled(app, Caller.loopback())) == {"lab"}


async def test_who_is_no_user_is_told_so_shortly_once_and_with_the_next_step(tmp_path: Path) -> None:
    async with Fleet.start(clusters=3) as fleet:
        furnish(fleet)
        async with application(tmp_path, fleet, "dice-roller", callboard=deciding()) as app:
            view = await settled(app, Caller.loopback())
            plain = "what runs there is shown only to users of the cluster, and you are not set up as one"
            assert view.verdict.sentence == f"Could not tell for any of the 3 clusters: {plain}."
            assert {p.verdict.sentence for p in view.clusters} == {plain}
            assert {(m.plain, m.words) for p in view.clusters for m in p.missing} == {(plain, plain)}
            (notice,) = view.notices
            assert notice.code == "no-user"
            assert all(c.name in notice.message for c in fleet)
            assert "callboard.access.users" in notice.message
            document = document_of(view)
            assert {g.why for g in document.conclusion.could_not_tell} == {plain}
            shown = "\n".join(status_lines(document, Terminal()))
            assert (shown.count(plain), shown.count("callboard.access.users")) == (5, 1)
            assert "deployments" not in shown
            boss = await settled(app, person("nobody-here"))
            assert {p.verdict.sentence for p in boss.clusters} == {"you may see nothing of it there"}
            assert boss.notices == ()
        mapped = deciding(access={"users": {"user:default/local": {"user": "anna"}}})
        async with application(tmp_path, fleet, "dice-roller", callboard=mapped) as app:
            assert (await settled(app, Caller.loopback())).notices == ()


async def test_the_operator_is_told_who_decides_and_who_is_no_user(tmp_path: Path) -> None:
    structlog.reset_defaults()
    async with Fleet.start(clusters=2) as fleet:
        one = {"byName": {fleet[0].name: {"visibility": "cluster"}}}
        anna = {"users": {"user:default/local": {"user": "anna", "groups": ["dev"]}}}
        for access, users in (({}, ("", "")), (anna, ("anna", ""))):
            more = {"clusters": one, "access": access}
            async with application(tmp_path, fleet, "dice-roller", callboard=more) as app:
                found = await app.operations.check(Caller.loopback())
                assert [c.decides for c in found.clusters] == ["cluster", "portal"]
                assert tuple(c.viewer_user for c in found.clusters) == users
                assert check_exit(found, failed_suppliers=False) is (Exit.FINE if access else Exit.TROUBLE)
                shown = "\n".join(check_lines(found, Terminal()))
                assert ("callboard.access.users" in shown) is not bool(access)
                assert (
                    "user:default/local is its user anna (groups dev, system:authenticated)" in shown
                ) is bool(access)
                assert "Callboard shows everybody what this credential sees" in shown
                with capture_logs() as told:
                    tell_who_sees_nothing(app.configuration.settings.callboard, app.visibility)
                assert [line["clusters"] for line in told] == ([] if access else [[fleet[0].name]])


async def test_pages_of_one_caller_cost_the_reviews_of_one_and_equal_users_share(tmp_path: Path) -> None:
    async with Fleet.start() as fleet:
        furnish(fleet)
        fleet[0].bind("developers", "view", "games", kind="Group")
        async with application(tmp_path, fleet, "dice-roller", callboard=deciding()) as app:
            first = await asyncio.gather(*(settled(app, person("dora", "developers")) for _ in range(5)))
            cost = reviews(fleet)
            assert cost > 0
            again = await asyncio.gather(*(settled(app, person("dora", "developers")) for _ in range(5)))
            assert reviews(fleet) == cost
            assert {frozenset(namespaces_in(v)) for v in (*first, *again)} == {frozenset({"games"})}
            await settled(app, person("otto", "developers"))
            # which objects there are by then is the cluster's affair
            assert cost < reviews(fleet) <= 2 * cost + 4


async def test_two_users_of_equal_rights_share_one_class_and_what_is_remembered(tmp_path: Path) -> None:
    async with Fleet.start() as fleet:
        furnish(fleet)
        fleet[0].bind("developers", "view", "games", kind="Group")
        async with application(tmp_path, fleet, "dice-roller", callboard=deciding("hub")) as app:
            one = await settled(app, person("dora", "developers"))
            two = await settled(app, person("otto", "developers"))
            for _ in range(10):
                if two.clusters[0] is one.clusters[0]:
                    break  # else a change of the cluster came in between
                one, two = two, await settled(app, person("dora", "developers"))
            assert two.clusters[0] is one.clusters[0]
            rows = {}
            for caller in (person("otto", "developers"), person("nobody"), Caller.loopback()):
                listed = await app.portal.services(ServicesQuery(), caller)
                rows[caller.subject] = next(r for r in listed.rows if r.ref == DICE).sentence
            assert rows == {"otto": two.verdict.sentence, "nobody": "", "user:default/local": ""}


async def test_an_open_page_loses_what_is_revoked_and_gains_what_is_granted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Long enough that answers to reviews do not wake the reader for the next: time does.
    monkeypatch.setattr(module, "RENEWAL", 1.5)
    async with Fleet.start(speed=0) as fleet:
        furnish(fleet)
        fleet[0].bind("anna", "view", "games", "lab")
        async with (
            application(tmp_path, fleet, "dice-roller", callboard=deciding("hub")) as app,
            aclosing(app.portal.kubernetes(DICE, ANNA)) as views,
        ):
            await until(views, lambda v: namespaces_in(v) == {"games", "lab"})
            unbind(fleet[0], "anna", "lab")
            await until(views, lambda v: namespaces_in(v) == {"games"})
            fleet[0].bind("anna", "view", "vault")
            await until(views, lambda v: namespaces_in(v) == {"games", "vault"})


async def test_an_open_page_is_empty_when_the_cluster_no_longer_says_who_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEWAL", 0.2)
    monkeypatch.setattr(module, "LIFETIME", 1.5)
    monkeypatch.setattr(module, "RETRY", 0.2)
    async with Fleet.start() as fleet:
        fleet[0].bind("anna", "view")
        async with (
            application(tmp_path, fleet, "dice-roller", callboard=deciding("hub")) as app,
            aclosing(app.portal.kubernetes(DICE, ANNA)) as views,
        ):
            await until(views, lambda v: v.settled and namespaces_in(v) == {"games"})
            fleet[0].chaos.on("server-error", path=f"{REVIEWS}*")
            gone = await until(views, lambda v: namespaces_in(v) == set())
            assert "it could not be decided whether you may see" in gone.clusters[0].missing[0].plain
            fleet[0].chaos.off()
            await until(views, lambda v: namespaces_in(v) == {"games"})


@pytest.mark.parametrize(
    "mode",
    ["server-error", "forbidden", "html", "truncated", "list-for-object", "hang", "reset", "unauthorized"],
)
async def test_a_review_without_an_answer_allows_nothing_and_holds_nobody_up(
    tmp_path: Path, mode: str
) -> None:
    async with Fleet.start(clusters=2) as fleet:
        for cluster in fleet:
            cluster.bind("anna", "view")
        fleet[0].chaos.on(mode, path=f"{REVIEWS}*")
        sick = fleet[0].name
        async with (
            application(tmp_path, fleet, "dice-roller", callboard=deciding()) as app,
            aclosing(app.portal.kubernetes(DICE, ANNA)) as views,
        ):
            parts: dict[str, ClusterPart] = {}
            meanwhile = set()
            async for view in views:
                parts = {p.cluster.name: p for p in view.clusters}
                assert namespaces_of_part(parts[sick]) == set()
                if parts[fleet[1].name].state is ClusterState.ANSWERED:
                    meanwhile.add(parts[sick].state)
            assert mode != "hang" or ClusterState.AWAITED in meanwhile
            assert namespaces_of_part(parts[fleet[1].name]) == {"games"}
            assert {m.answer for m in parts[sick].missing} == {Answer.FORBIDDEN}
            assert "it could not be decided whether you may see" in parts[sick].missing[0].plain


ANNA_OF_TEAM = person("anna", "group:default/team")
"""One of the service's owners: the policies let them read logs."""


async def test_logs_take_their_own_leave(tmp_path: Path) -> None:
    async with Fleet.start() as fleet:
        fleet[0].role("looker", [{"verbs": ["list"], "apiGroups": ["*"], "resources": ["*"]}])
        fleet[0].bind("anna", "looker")
        async with application(tmp_path, fleet, "dice-roller", callboard=deciding()) as app:
            view = await settled(app, ANNA_OF_TEAM)
            key = view.clusters[0].workloads[0].pods[0].key
            refused = await app.portal.log(DICE, key, LogQuery(), ANNA_OF_TEAM)
            assert (refused.lines, refused.failure) == (
                (),
                "You may not see the logs of this namespace's pods.",
            )
            crash = await app.portal.crash(DICE, key, "app", ANNA_OF_TEAM, previous=False)
            assert (crash.lines, crash.line, crash.failure) == ((), "", refused.failure)
            fleet[0].bind("berta", "view")
            assert (await app.portal.log(DICE, key, LogQuery(), person("berta", "group:default/team"))).lines


async def test_only_one_of_the_clusters_decides_where_only_it_is_told_to(tmp_path: Path) -> None:
    async with Fleet.start(clusters=2) as fleet:
        furnish(fleet)
        one = {"clusters": {"byName": {fleet[0].name: {"visibility": "cluster"}}}}
        async with application(tmp_path, fleet, "dice-roller", callboard=one) as app:
            parts = {p.cluster.name: p for p in (await settled(app, ANNA)).clusters}
            assert namespaces_of_part(parts[fleet[0].name]) == set()
            assert namespaces_of_part(parts[fleet[1].name]) == {"games", "lab", "vault"}
            assert fleet[1].counters.count("/subjectaccessreviews") == 0


async def test_a_hidden_change_is_not_even_a_new_view(tmp_path: Path) -> None:
    async with Fleet.start() as fleet:
        furnish(fleet)
        fleet[0].bind("anna", "view", "games")
        async with (
            application(tmp_path, fleet, "dice-roller", callboard=deciding("hub")) as app,
            aclosing(app.portal.kubernetes(DICE, ANNA)) as views,
            aclosing(app.portal.kubernetes(DICE, Caller.callboard())) as everything,
        ):
            seen = await until(views, lambda v: v.settled and namespaces_in(v) == {"games"})
            config_map(fleet[0], "hidden", "vault")
            await until(
                everything,
                lambda v: any(r.key.name == "hidden" for s in v.clusters[0].sections for r in s.rows),
            )
            config_map(fleet[0], "shown", "games")
            later = await until(
                views, lambda v: any(r.key.name == "shown" for s in v.clusters[0].sections for r in s.rows)
            )
            assert later.revision == seen.revision + 1
