"""A service whose first finding is a crash, and a portal that has its log."""

from typing import Any

import msgspec

from callboard.model.finding import (
    Finding,
    FindingPlace,
    FindingSubject,
    Impact,
    NextKind,
    NextStep,
)
from callboard.model.verdict import Health, Verdict
from callboard.portal.views import KubernetesView
from support.web_scenes import StubPortal, healthy, kubernetes, troubled

__all__ = ["CODE", "PAGE", "POD", "crash_view", "portal_of"]

PAGE = "/catalog/default/component/dice-roller/kubernetes"
CODE = "CB-CRASH-ERROR"
POD = "dice-roller-8c4b-kk2"


def crash_view(occurrences: int = 12, pod: str = POD, **changes: object) -> KubernetesView:
    """A page whose first finding is a crash."""
    finding = Finding(
        code=CODE,
        impact=Impact.DOWN,
        subject=FindingSubject("deployments.apps", "Deployment", "dice", "dice-roller"),
        message="",
        arguments={"why": "exit code 1", "container": "roller"},
        places=(FindingPlace(cluster="eu-west-1", impact=Impact.DOWN, count=1, names=(pod,)),),
        occurrences=occurrences,
        steps=(NextStep(kind=NextKind.LOGS, message=f"{CODE}.0", container="roller", previous=True),),
    )
    verdict = Verdict(health=Health.UNHEALTHY, sentence="Down.", findings=(finding,))
    shown = kubernetes(troubled("eu-west-1"), healthy("us-east-1"))
    return msgspec.structs.replace(shown, verdict=verdict, **changes)


def portal_of(*views: KubernetesView, line: str = "panic: no dice", **log: Any) -> StubPortal:
    portal = StubPortal(views)
    portal.crash_log = msgspec.structs.replace(portal.crash_log, line=line, **log)
    return portal
