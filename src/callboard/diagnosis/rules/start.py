"""Containers that cannot be made or started."""

import re
from collections.abc import Callable

from callboard.diagnosis.rules.containers import waiting_message, waiting_sign, waits, where
from callboard.diagnosis.rules.facts import ContainerFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.since import crash_began
from callboard.model.finding import Evidence

__all__ = ["RULES", "not_started"]

_ABSENT = re.compile(r'(configmap|secret) "([^"]{1,253})" not found', re.I)
_KEY = re.compile(r"couldn't find key (\S{1,253}) in (ConfigMap|Secret) (\S{1,507})", re.I)
_COMMAND = re.compile(
    r"no such file or directory|executable file not found|not found in \$PATH|permission denied|exec format error"
    r"|is a directory",
    re.I,
)
_HOOKS = ("PreCreateHookError", "PreStartHookError", "PostStartHookError")
_CREATE = ("CreateContainerConfigError", "CreateContainerError")
_NOT_STARTED = ("StartError", "ContainerCannotRun")
"""Reasons of an end that never was a run."""


def not_started(facts: ContainerFacts) -> str | None:
    """The words with which the runtime refused to start a container; None where it did not."""
    if waits(facts, "RunContainerError", "StartError"):
        return waiting_message(facts)
    if waits(facts, "CrashLoopBackOff") or facts.status.state.terminated is not None:
        ended = facts.status.state.terminated or facts.status.last_state.terminated
        if (
            ended is not None
            and ended.reason in _NOT_STARTED
            and facts.pod.status.phase not in ("Failed", "Succeeded")
        ):
            return ended.message
    return None


def _missing(facts: ContainerFacts) -> Sign | None:
    found = _ABSENT.search(waiting_message(facts)[:4000])
    if found is None:
        return None
    kind = "ConfigMap" if found[1].lower() == "configmap" else "Secret"
    return waiting_sign(facts, kind=kind, name=found[2])


def _key(facts: ContainerFacts) -> Sign | None:
    found = _KEY.search(waiting_message(facts)[:4000])
    if found is None:
        return None
    kind = "ConfigMap" if found[2].lower() == "configmap" else "Secret"
    return waiting_sign(facts, key=found[1], kind=kind, name=found[3].rpartition("/")[2])


def _create(facts: ContainerFacts) -> Sign | None:
    if waits(facts, "CreateContainerConfigError"):
        words = waiting_message(facts)[:4000]
        if _ABSENT.search(words) or _KEY.search(words):
            return None
    return waiting_sign(facts, reason=waits(facts, "CreateContainerConfigError", "CreateContainerError"))


def _refused(*, command: bool) -> Callable[[ContainerFacts], Sign | None]:
    def judge(facts: ContainerFacts) -> Sign | None:
        words = not_started(facts)
        if words is None or bool(_COMMAND.search(words[:4000])) is not command:
            return None
        return Sign(
            arguments={"container": facts.status.name, "words": words or "no reason told"},
            evidence=(Evidence("state", words or "RunContainerError", where(facts)),),
            since=crash_began(facts),
            detail=facts.status.name,
            occurrences=facts.status.restart_count,
        )

    return judge


def _hook(facts: ContainerFacts) -> Sign | None:
    reason = waits(facts, *_HOOKS)
    return waiting_sign(facts, reason=reason, hook=reason.removesuffix("HookError")) if reason else None


RULES = (
    DiagnosisRule(
        code="CB-CONFIG-MISSING",
        scope=RuleScope.CONTAINER,
        judge=_missing,
        waits=("CreateContainerConfigError",),
    ),
    DiagnosisRule(
        code="CB-CONFIG-KEY", scope=RuleScope.CONTAINER, judge=_key, waits=("CreateContainerConfigError",)
    ),
    DiagnosisRule(
        code="CB-CONTAINER-CREATE",
        scope=RuleScope.CONTAINER,
        judge=_create,
        waits=("CreateContainerConfigError", "CreateContainerError"),
    ),
    DiagnosisRule(code="CB-CONTAINER-COMMAND", scope=RuleScope.CONTAINER, judge=_refused(command=True)),
    DiagnosisRule(code="CB-CONTAINER-RUN", scope=RuleScope.CONTAINER, judge=_refused(command=False)),
    DiagnosisRule(code="CB-HOOK", scope=RuleScope.CONTAINER, judge=_hook, waits=_HOOKS),
)
