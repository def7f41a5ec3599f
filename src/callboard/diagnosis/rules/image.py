"""Images that cannot be had."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from callboard.diagnosis.rules.containers import waits
from callboard.diagnosis.rules.facts import ContainerFacts
from callboard.diagnosis.rules.rule import DiagnosisRule, RuleScope, Sign
from callboard.diagnosis.since import pod_began
from callboard.model.finding import Evidence

__all__ = ["RULES"]

_REMEMBERED: Final = 256
"""Texts whose meaning is remembered, each bounded: the pods of one workload say the same, and several rules read it."""

_PULLING = ("ErrImagePull", "ImagePullBackOff", "RegistryUnavailable")
"""One trouble in two spellings: the kubelet says the one while it tries, the other while it waits."""

_CAUSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "CB-IMAGE-RATE-LIMIT",
        re.compile(r"toomanyrequests|\b429\b|too many requests|pull rate limit|pull qps exceeded", re.I),
    ),
    ("CB-IMAGE-PLATFORM", re.compile(r"no match(ing manifest)? for platform|no matching manifest", re.I)),
    ("CB-IMAGE-TLS", re.compile(r"x509:|tls: |certificate signed by unknown|server gave HTTP response to HTTPS", re.I)),
    (
        "CB-IMAGE-DENIED",
        re.compile(
            r"pull access denied|authorization failed|unauthorized|\b40[13]\b|forbidden|denied|no basic auth credentials"
            r"|authentication required|insufficient_scope",
            re.I,
        ),
    ),
    (
        "CB-IMAGE-NOT-FOUND",
        re.compile(r"not found|manifest unknown|name unknown|no such host|repository does not exist|code = NotFound", re.I),
    ),
    (
        "CB-IMAGE-TIMEOUT",
        re.compile(r"timeout|timed out|deadline exceeded|connection refused|connection reset|i/o timeout", re.I),
    ),
)  # fmt: skip
"""What registries and container runtimes say, the most telling first: a denied image is often told as "not found or denied"."""


@lru_cache(maxsize=_REMEMBERED)
def _cause(text: str) -> str:
    """The code that the words of a failed pull come to; "" where they tell nothing."""
    return next((code for code, pattern in _CAUSES if pattern.search(text)), "")


def _image(facts: ContainerFacts) -> str:
    return (facts.container.image if facts.container else "") or facts.status.image


def _sign(facts: ContainerFacts, words: str = "") -> Sign:
    waiting = facts.status.state.waiting
    reason = waiting.reason if waiting else ""
    evidence = [Evidence("state.waiting.reason", reason, f"{facts.place}, container {facts.status.name}")]
    words = words or (waiting.message if waiting else "")
    if words:
        evidence.append(Evidence("state.waiting.message", words, facts.place))
    image = _image(facts)
    return Sign(
        arguments={"image": image, "container": facts.status.name, "reason": "ImagePullBackOff"},
        evidence=tuple(evidence),
        since=pod_began(facts),
        detail=image,
    )


def _pulled_in_vain(facts: ContainerFacts) -> tuple[str, str]:
    """(the cause's code, the words that tell it) of a pull that fails; "" for a cause that nothing tells."""
    waiting = facts.status.state.waiting
    words = waiting.message if waiting else ""
    image = _image(facts)
    if cause := _cause(_said(words[:4000], image)):
        return cause, words
    for event in facts.around.events(facts.object) or ():
        if (
            event.reason == "Failed"
            and image in event.message
            and (cause := _cause(_said(event.message[:4000], image)))
        ):
            return cause, event.message
    return "", words


@lru_cache(maxsize=_REMEMBERED)
def _said(words: str, image: str) -> str:
    """The words without what stands in quotes and without the image: it may be called `forbidden`."""
    bare = re.sub(r'"[^"]{0,500}"', '""', words)
    return bare.replace(image, "") if image else bare


def _caused_by(code: str) -> DiagnosisRule:
    def judge(facts: ContainerFacts) -> Sign | None:
        found = _pulled_in_vain(facts)
        return _sign(facts, found[1]) if found[0] == code else None

    return DiagnosisRule(
        code=code, scope=RuleScope.CONTAINER, judge=judge, refines=("CB-IMAGE-PULL",), waits=_PULLING
    )


def _pull(facts: ContainerFacts) -> Sign | None:
    found = _pulled_in_vain(facts)
    return None if found[0] else _sign(facts)


def _on(reason: str) -> Callable[[ContainerFacts], Sign | None]:
    def judge(facts: ContainerFacts) -> Sign | None:
        return _sign(facts) if waits(facts, reason) else None

    return judge


def _waiting_for(code: str, reason: str) -> DiagnosisRule:
    return DiagnosisRule(code=code, scope=RuleScope.CONTAINER, judge=_on(reason), waits=(reason,))


RULES = (
    _waiting_for("CB-IMAGE-NAME", "InvalidImageName"),
    DiagnosisRule(code="CB-IMAGE-PULL", scope=RuleScope.CONTAINER, judge=_pull, waits=_PULLING),
    *(_caused_by(code) for code, _ in _CAUSES),
    DiagnosisRule(
        code="CB-IMAGE-NEVER",
        scope=RuleScope.CONTAINER,
        judge=_on("ErrImageNeverPull"),
        waits=("ErrImageNeverPull",),
    ),
    DiagnosisRule(
        code="CB-IMAGE-INSPECT",
        scope=RuleScope.CONTAINER,
        judge=_on("ImageInspectError"),
        waits=("ImageInspectError",),
    ),
)
