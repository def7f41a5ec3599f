"""The contract of a fetcher."""

from collections.abc import Callable, Sequence
from typing import Any

from callboard.extend.parts import Fetcher
from callboard.extend.testing.contracts.laws import Laws, fits
from callboard.extend.testing.samples import sample_cluster
from callboard.model.cluster import Cluster, Credential
from callboard.model.outcome import Outcome, Question
from callboard.model.resource import ResourceType
from callboard.model.selection import Selection
from callboard.model.selector import LabelSelector

__all__ = ["check_fetcher"]

_PODS = ResourceType("", "v1", "pods", "Pod", True)
_DEPLOYMENTS = ResourceType("apps", "v1", "deployments", "Deployment", True)
_NOWHERE = ResourceType("nobody.example.com", "v1", "things", "Thing", True)


async def check_fetcher(
    fetcher: Fetcher,
    cluster: Cluster,
    credential: Credential,
    *,
    silent: Cluster | None = None,
    within: float = 20.0,
) -> None:
    """Raises ContractBroken. `cluster` is one that answers this credential, be it with nothing; `silent` one that does not answer
    (by itself, one whose name nobody knows)."""
    laws = Laws(fetcher, Fetcher, within=within)
    await laws.begin()
    selection = Selection((_PODS, _DEPLOYMENTS, _NOWHERE), LabelSelector.parse("app=web"))
    questions = (Question(_PODS), Question(_PODS, "shop", name="web-1"), Question(_NOWHERE))
    for what, asked, begin in (
        ("fetch()", selection.questions(), lambda c=cluster: fetcher.fetch(c, credential, selection)),
        ("ask()", questions, lambda c=cluster: fetcher.ask(c, credential, questions)),
    ):
        await _answers(laws, what, asked, begin)
        await laws.step_left(what, begin)
        await _answers(laws, f"{what} after somebody left", asked, begin)
    await _answers(laws, "ask() of nothing", (), lambda: fetcher.ask(cluster, credential, ()))
    dead = silent or sample_cluster("silent", url="https://127.0.0.1:9")
    outcomes = await _answers(
        laws, "ask() of a silent cluster", questions, lambda: fetcher.ask(dead, credential, questions)
    )
    if any(not o.answer.failed or o.failure is None for o in outcomes):
        laws.broken("ask() of a silent cluster does not tell the failure: each outcome has to have one")
    await laws.end()


async def _answers(
    laws: Laws, what: str, asked: Sequence[Question], begin: Callable[[], Any]
) -> tuple[Outcome, ...]:
    """One sound outcome for each question."""
    given = await laws.steps(what, begin)
    outcomes = []
    for each in given:
        if found := fits(Outcome)(each):
            laws.broken(f"{what}: {found}")
        else:
            outcomes.append(each)
    told = sorted(o.question for o in outcomes)
    if len(outcomes) == len(given) and told != sorted(asked):
        laws.broken(f"{what} gives {len(told)} outcomes for {len(asked)} questions, or not one for each")
    return tuple(outcomes)
