"""An extension brings an engine that decides beside the policies: on each face, named where it is asked why."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from callboard.access.policies.another import AnotherEngine
from callboard.app.policies import engine_of
from callboard.base.clock import SystemClock
from callboard.base.errors import BadInput
from callboard.base.settings import PoliciesSettings
from callboard.extend import AccessAnswer, AccessAnswers, AccessQuestion, Action, Registration, hookimpl
from callboard.extend.registration import Offered
from callboard.model.caller import Caller
from support.checkout import ROOT
from support.extended import ENTITY, extended, site_of

PATHS = (
    ENTITY,
    f"{ENTITY}/kubernetes?wait=5",
    "/api/callboard/v1/services/default/component/web",
    "/api/callboard/v1/services/default/component/web/kubernetes?wait=5",
)


class Opa:
    """Decides by what it is told to."""

    ignores: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.forbidden: set[Action] = set()
        self.clusters: set[str] = set()
        self.broken = False
        self.asked: list[AccessQuestion] = []
        self.ended = False

    async def decide(self, questions: Sequence[AccessQuestion]) -> AccessAnswers:
        self.asked += questions
        if self.broken:
            raise RuntimeError("token=hunter2")
        return AccessAnswers(tuple(map(self._answer, questions)), lifetime=1.0)

    def _answer(self, question: AccessQuestion) -> AccessAnswer:
        no = question.action in self.forbidden or question.cluster in self.clusters
        return AccessAnswer(not no, "not today" if no else "")

    async def close(self) -> None:
        self.ended = True


class Extension:
    def __init__(self, engine: object) -> None:
        self.engine = engine

    @hookimpl
    def callboard_decide(self) -> Any:
        return [Registration("opa", lambda _: self.engine)]


def named(name: str) -> dict[str, Any]:
    policies = {"ready": "open-inside"}
    return {"access": {"policies": {**policies, "engine": name} if name else policies}}


async def test_what_it_forbids_is_on_no_face(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opa = Opa()
    async with (
        extended({"mine": Extension(opa)}, tmp_path, monkeypatch, callboard=named("opa")) as app,
        site_of(app) as site,
    ):
        for path in PATHS:
            answer = await site.get(path)
            assert answer.status == 200, path
        assert "us" in json.loads((await site.get(PATHS[3])).text)["clusters"][1]["name"]
        opa.clusters = {"us"}
        app.policies.engine.use_another(None)  # as when what it said has run out
        await app.policies.use_engine(app.engine_of(app.configuration.settings))
        document = json.loads((await site.get(PATHS[3])).text)
        assert [c["name"] for c in document["clusters"]] == ["eu"]
        opa.clusters, opa.forbidden = set(), {Action.ENTITY_READ}
        await app.policies.use_engine(app.engine_of(app.configuration.settings))
        for path in PATHS:
            assert (await site.get(path)).status == 404, path
        assert json.loads((await site.get("/api/callboard/v1/services")).text)["services"] == []
        opa.forbidden, opa.broken = set(), True
        await app.policies.use_engine(app.engine_of(app.configuration.settings))
        for path in PATHS:
            answer = await site.get(path)
            assert answer.status == 404, "what it does not answer nobody may"
            assert "hunter2" not in answer.text
        asked = {"who": "service:r", "action": "kubernetes.logs.read", "what": "component:default/web"}
        view = await app.portal.policies(asked | {"cluster": "eu"}, Caller.loopback())
        assert view.engine == "the engine 'opa' of the extension 'mine'"
        assert view.explanation is not None
        assert not view.explanation.allowed
        assert view.explanation.policies == (view.engine,)
        assert view.explanation.errors == (view.explanation.by,)
        assert any(view.engine in error for error in view.errors)
        opa.broken = False
    assert opa.ended


async def test_it_is_in_force_where_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opa = Opa()
    async with (
        extended({"mine": Extension(opa)}, tmp_path, monkeypatch, callboard=named("")) as app,
        site_of(app) as site,
    ):
        assert (await site.get(PATHS[3])).status == 200
        assert opa.asked == []


@pytest.mark.parametrize(
    ("name", "engine", "told"),
    [
        ("rego", Opa(), "no extension brings an engine of that name; found rego; expected one of: opa"),
        ("opa", object(), "gave something else than it should: what has no method `decide`"),
        ("opa", type("Odd", (Opa,), {"ignores": frozenset({"colour"})})(), "ignores what no question holds"),
        ("opa", type("None", (Opa,), {"ignores": None})(), "gave something else than it should"),
    ],
)
def test_one_that_cannot_be_asked_is_told(name: str, engine: object, told: str) -> None:
    offered = [Offered("mine", Registration("opa", lambda _: engine))]
    with pytest.raises(Exception, match="engine") as wrong:
        engine_of(
            PoliciesSettings(engine=name),
            offered,
            clock=SystemClock(),
            catalog=None,  # type: ignore[arg-type]
            directory=Path(),
        )
    assert told in str(wrong.value)
    assert name != "rego" or isinstance(wrong.value, BadInput)


async def test_the_one_of_the_guide_answers() -> None:
    guide = (ROOT / "docs" / "guides" / "policies.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", guide, re.S)
    names: dict[str, Any] = {}
    exec(compile(block, "policies.md", "exec"), names)
    (registration,) = names["callboard_decide"]()
    office = registration.make(None)
    assert AnotherEngine("office", office, "").looks_at("cluster")
    logs = AccessQuestion(action=Action.LOGS_READ, cluster_labels=(("environment", "production"),))
    on_duty = msgspec.structs.replace(logs, groups=frozenset({"group:default/on-duty"}))
    read = msgspec.structs.replace(logs, action=Action.RESOURCES_READ)
    answers = (await office.decide((logs, on_duty, read))).answers
    assert [a.allowed for a in answers] == [False, True, True]
