"""Policies as they are in force: read from texts, checked whole, and put to the question. They do not change."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import cedarpy
import msgspec

from callboard.access.policies.places import DEEPEST, layout_of
from callboard.access.policies.schema import SCHEMA, TYPE_OF
from callboard.access.policies.source import PolicySource
from callboard.access.policies.uses import Uses, uses_of
from callboard.base.errors import BadInputs, Problem
from callboard.model.permission import Action

__all__ = ["MOST_POLICIES", "CedarAnswer", "Policies", "PolicyPlace", "load"]

MOST_POLICIES: Final = 2_000
MOST_TOLD: Final = 50
_EMPTY: Final = "[]"


class PolicyPlace(msgspec.Struct, frozen=True):
    """Where one policy stands. `id` is its `@id`, else "policy N of the file"."""

    id: str
    where: str
    line: int
    effect: str

    def __str__(self) -> str:
        return f"{self.id} ({self.where}:{self.line})"


class CedarAnswer(msgspec.Struct, frozen=True):
    """What came of one question: whether something permits it and nothing forbids it; the policies that decided; what erred."""

    allowed: bool
    reasons: tuple[PolicyPlace, ...]
    errors: tuple[str, ...]


class Policies:
    """Made by `load`. `places` are all policies in the order they were read in."""

    def __init__(self, texts: Sequence[tuple[PolicyPlace, str]], parsed: Mapping[str, Any]) -> None:
        self.places = tuple(place for place, _ in texts)
        self._sets: dict[Action, cedarpy.PolicySet] = {}
        self._names: dict[Action, tuple[PolicyPlace, ...]] = {}
        self._uses: dict[Action, Uses] = {}
        for action in Action:
            chosen = [n for n in range(len(texts)) if _is_about(parsed[f"policy{n}"], action)]
            self._sets[action] = cedarpy.PolicySet.from_str("\n".join(texts[n][1] for n in chosen))
            self._names[action] = tuple(texts[n][0] for n in chosen)
            self._uses[action] = uses_of(parsed[f"policy{n}"] for n in chosen)

    def uses(self, action: Action) -> Uses:
        """What the policies for an action look at."""
        return self._uses[action]

    def speaks_of(self, action: Action) -> bool:
        """Whether any of them may permit an action."""
        return any(place.effect == "permit" for place in self._names[action])

    def ask(self, action: Action, request: Mapping[str, Any], entities: Sequence[object]) -> CedarAnswer:
        """One question, in Cedar's form but for its action. Total: what cannot be evaluated errs, and is not allowed."""
        names = self._names[action]
        if not names:
            return CedarAnswer(False, (), ())
        try:
            result = cedarpy.is_authorized(
                {**request, "action": {"type": "Action", "id": str(action)}},
                self._sets[action],
                json.dumps(entities) if entities else _EMPTY,
            )
            # an answer that is neither allow nor deny comes with errors
            errors = tuple(_told(e, names) for e in result.diagnostics.errors)
            reasons = tuple(sorted(_number(r) for r in result.diagnostics.reasons))
            return CedarAnswer(result.allowed and not errors, tuple(names[n] for n in reasons), errors)
        except Exception as error:
            return CedarAnswer(False, (), (f"the question could not be put: {str(error)[:300]}",))


def load(sources: Sequence[PolicySource]) -> Policies:
    """The policies of all texts. It computes for some milliseconds a hundred policies: call it in a thread.

    Raises BadInputs that name each text, line and policy that is wrong.
    """
    problems: list[Problem] = []
    texts: list[tuple[PolicyPlace, str]] = []
    parsed: dict[str, Any] = {}
    for source in sources:
        try:
            _read(source, texts, parsed, problems)
        except RecursionError:
            problems.append(_too_long(source))
        if len(texts) > MOST_POLICIES:
            problems.append(
                Problem(
                    "there are too many policies",
                    where=source.name,
                    found=f"{len(texts)} or more",
                    expected=f"at most {MOST_POLICIES}",
                )
            )
            break
    if problems:
        raise BadInputs(tuple(problems[:MOST_TOLD]))
    return Policies(texts, parsed)


def _too_long(source: PolicySource) -> Problem:
    return Problem(
        "a condition is too long", where=source.name, expected="some hundred terms at most in one of them"
    )


def _read(
    source: PolicySource,
    texts: list[tuple[PolicyPlace, str]],
    parsed: dict[str, Any],
    problems: list[Problem],
) -> None:
    layout = layout_of(source.text)
    if layout.deepest > DEEPEST:
        problems.append(
            Problem(
                "brackets nest too deeply",
                where=source.name,
                found=str(layout.deepest),
                expected=f"at most {DEEPEST}",
            )
        )
        return
    pieces = _pieces(source.text, layout.starts)
    try:
        whole = json.loads(cedarpy.policies_to_json_str(source.text))
        uses_of(whole["staticPolicies"].values())
    except ValueError as error:
        problems.append(_unparsed(source, pieces, layout.lines, str(error)))
        return
    if whole["templates"] or len(whole["staticPolicies"]) != len(pieces):
        problems.append(
            Problem(
                "holds a template, and nothing fills it in",
                where=source.name,
                expected="policies without ?principal and ?resource",
            )
        )
        return
    seen: set[str] = set()
    for number, (line, piece) in enumerate(zip(layout.lines, pieces, strict=True)):
        policy = whole["staticPolicies"][f"policy{number}"]
        named = (policy.get("annotations") or {}).get("id") or ""
        place = PolicyPlace(named or f"policy {number + 1}", source.name, line, policy["effect"])
        parsed[f"policy{len(texts)}"] = policy
        texts.append((place, piece))
        if named and named in seen and not source.name.startswith("callboard."):
            problems.append(
                Problem("another policy of this file has that @id", where=source.name, line=line, found=named)
            )
        seen.add(named)
        checked = cedarpy.validate_policies(piece, SCHEMA, release_gil=True)
        problems += [
            Problem(_plain(error.error), where=source.name, line=line, path=place.id)
            for error in checked.errors
        ]


def _unparsed(source: PolicySource, pieces: list[str], lines: Sequence[int], words: str) -> Problem:
    """The first policy that cannot be parsed by itself is where it is."""
    for line, piece in zip(lines, pieces, strict=True):
        try:
            cedarpy.policies_to_json_str(piece)
        except ValueError as error:
            return Problem(
                f"the policy that begins here cannot be read: {str(error).strip()[:300]}",
                where=source.name,
                line=line,
                expected="policies in Cedar: permit or forbid (principal, action, resource) when { … };",
            )
    return Problem(f"cannot be read: {words.strip()[:300]}", where=source.name, expected="policies in Cedar")


def _pieces(text: str, starts: Sequence[int]) -> list[str]:
    """The text of each policy, up to where the next begins."""
    return [text[a:b] for a, b in pairwise((*starts, len(text)))]


def _is_about(policy: Mapping[str, Any], action: Action) -> bool:
    """Whether a policy can say something of an action; what is not sure counts."""
    done_to, scope = policy["resource"], policy["action"]
    type_ = done_to.get("entity_type") or done_to.get("entity", {}).get("type")
    if type_ is not None and type_ != TYPE_OF[action]:
        return False
    if scope["op"] == "==":
        return bool(scope["entity"]["id"] == str(action))
    if scope["op"] == "in":
        named = scope.get("entities") or [scope["entity"]]
        return any(each["id"] == str(action) for each in named)
    return True


def _number(policy_id: str) -> int:
    return int(policy_id.removeprefix("policy"))


def _told(error: str, names: Sequence[PolicyPlace]) -> str:
    """Cedar's words, with the policy's own name for the number it gives it."""
    for number in range(len(names) - 1, -1, -1):
        error = error.replace(f"`policy{number}`", str(names[number]))
    return error[:500]


def _plain(error: str) -> str:
    return error.partition(", ")[2][:500] if error.startswith("for policy") else error[:500]
