"""What policies look at: so that what they do not look at makes no two questions different. Pure.

It reads Cedar's JSON form. What it does not recognise counts as looking at everything.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

__all__ = ["Uses", "uses_of"]

MEMBERSHIPS: Final = ("owners", "dependents")
"""Attributes that hold groups: where it is asked whether the principal is in one of them, those count that it is in."""

SETS: Final = (*MEMBERSHIPS, "tags")


class Uses(msgspec.Struct, frozen=True, kw_only=True):
    """Of all policies for one action together.

    `attributes` of the entity (or cluster), whose whole value counts, and `labels` by key; `identity`: which one it is. `holds`
    are attributes of which it is asked only whether they hold these values. `members` are attributes of which it is asked whether
    the principal is in one of them. `groups` are the groups (or people) that stand in the policies; `principal`: who exactly is
    asking, all of their groups included. `cluster`, `namespace`, `type`: where.
    """

    attributes: frozenset[str] = frozenset()
    holds: tuple[tuple[str, frozenset[str]], ...] = ()
    labels: frozenset[str] = frozenset()
    any_label: bool = False
    identity: bool = False
    members: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    principal: bool = False
    cluster: bool = False
    namespace: bool = False
    type: bool = False

    @property
    def place(self) -> bool:
        """Whether it matters where an object is."""
        return self.cluster or self.namespace or self.type


def uses_of(policies: Iterable[Mapping[str, Any]]) -> Uses:
    """What these policies, in Cedar's JSON form, look at."""
    reader = _Reader()
    for policy in policies:
        reader.policy(policy)
    return reader.found()


class _Reader:
    def __init__(self) -> None:
        self._members: set[str] = set()
        self._whole: set[str] = set()
        self._holds: dict[str, set[str]] = {}
        self._labels: set[str] = set()
        self._groups: set[str] = set()
        self._flags: set[str] = set()

    def found(self) -> Uses:
        return Uses(
            attributes=frozenset(self._whole),
            holds=tuple(
                (name, frozenset(values))
                for name, values in sorted(self._holds.items())
                if name not in self._whole
            ),
            labels=frozenset(self._labels),
            members=frozenset(self._members),
            groups=frozenset(self._groups),
            **dict.fromkeys(self._flags, True),
        )

    def policy(self, policy: Mapping[str, Any]) -> None:
        principal, resource = policy["principal"], policy["resource"]
        if "slot" in principal or "slot" in resource:
            self._everything()
        self._groups |= _ids(principal)
        if principal.get("op") == "==":
            self._flags.add("principal")
        if _ids(resource):
            self._flags.add("identity")
        for condition in policy["conditions"]:
            self._walk(condition["body"])

    def _walk(self, node: Any) -> None:
        if isinstance(node, list):
            for each in node:
                self._walk(each)
        if not isinstance(node, dict):
            return
        for op, body in node.items():
            self._op(op, body)

    def _op(self, op: str, body: Any) -> None:
        if op == "Var":
            self._bare(body)
        elif op == "Value":
            self._groups |= _ids(body)
        elif op in (".", "has"):
            self._attribute(body["left"], body["attr"])
        elif op in ("contains", "containsAny", "containsAll"):
            self._holding(body["left"], body["right"])
        elif op in ("hasTag", "getTag"):
            self._label(body["left"], body["right"])
        elif op == "in" and body["left"] == {"Var": "principal"}:
            self._membership(body["right"])
        elif op == "is" and body["left"] in ({"Var": "principal"}, {"Var": "resource"}):
            if "in" in body:
                self._everything()
        else:
            self._walk(list(body.values()) if isinstance(body, dict) else body)

    def _bare(self, name: str) -> None:
        if name == "principal":
            self._flags.add("principal")
        elif name == "resource":
            self._flags.add("identity")
        elif name == "context":
            self._flags |= {"cluster", "namespace", "type"}

    def _attribute(self, left: Any, attribute: Any) -> None:
        if left == {"Var": "resource"}:
            self._whole.add(attribute)
        elif left == {"Var": "principal"}:
            self._flags.add("principal")
        elif left == {"Var": "context"}:
            self._flags.add(attribute)
        else:
            self._walk(left)

    def _holding(self, left: Any, right: Any) -> None:
        """Of a set of the resource's and values that are written down, no more counts than which of them it holds."""
        values = _written(right)
        for attribute in SETS:
            if values is not None and left == {".": {"left": {"Var": "resource"}, "attr": attribute}}:
                self._holds.setdefault(attribute, set()).update(values)
                return
        self._walk([left, right])

    def _label(self, left: Any, key: Any) -> None:
        if left != {"Var": "resource"}:
            self._walk(left)
        elif isinstance(key, dict) and isinstance(key.get("Value"), str):
            self._labels.add(key["Value"])
        else:
            self._flags.add("any_label")
        self._walk(key)

    def _membership(self, right: Any) -> None:
        """Of the principal in `right`. Where that is neither of our attributes nor written down, all of its groups count."""
        for attribute in MEMBERSHIPS:
            if right == {".": {"left": {"Var": "resource"}, "attr": attribute}}:
                self._members.add(attribute)
                return
        if set(right) == {"Value"} or (
            set(right) == {"Set"} and all(set(each) == {"Value"} for each in right["Set"])
        ):
            self._walk(right)
            return
        self._flags.add("principal")
        self._walk(right)

    def _everything(self) -> None:
        self._flags |= {"identity", "principal", "cluster", "namespace", "type", "any_label"}
        self._whole |= {"kind", "namespace", "name", "type", "lifecycle", "system", "tags", *MEMBERSHIPS}
        self._members |= set(MEMBERSHIPS)


def _written(value: Any) -> set[str] | None:
    """The texts and refs that are written in a policy, one or a set of them; None for what is computed."""
    if not isinstance(value, dict) or len(value) != 1:
        return None
    if "Set" in value:
        found = [_written(each) for each in value["Set"]]
        return None if None in found else set[str]().union(*(each for each in found if each is not None))
    held = value.get("Value")
    if isinstance(held, str):
        return {held}
    entity = held.get("__entity") if isinstance(held, dict) else None
    return {entity["id"]} if entity is not None and entity["type"] == "Group" else None


def _ids(value: Any) -> set[str]:
    """The refs of all groups and people that are written in a value or a scope."""
    if isinstance(value, list):
        return set().union(*map(_ids, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(_ids, value.values()))
    if isinstance(value.get("id"), str) and "type" in value:
        found.add(value["id"])
    return found
