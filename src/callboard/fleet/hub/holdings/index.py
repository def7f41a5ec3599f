"""Selector → objects, and selector → readers, both kept up to date as objects arrive: neither is ever found by scanning.

Labels are indexed by those keys that selectors have asked for. The first selector with a new key walks over the objects
once; every later one is a look-up, whatever its value.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from callboard.fleet.hub.port import Key
from callboard.fleet.hub.scope import NOTHING_SELECTED, selector_of_question
from callboard.model.objects import PackedObject
from callboard.model.outcome import Malformed, Question
from callboard.model.selector import LabelSelector, Operator, Requirement

__all__ = [
    "BY_VALUE",
    "MOST_KEYS",
    "ObjectIndex",
    "ReaderIndex",
    "best_requirement",
    "key_of",
    "matches",
    "may_match",
]

MOST_KEYS = 32
"""Label keys indexed for one stream; the least recently asked for goes. Services are told apart by one to three keys, their
workloads' selectors by some more."""

BY_VALUE = (Operator.EQUALS, Operator.IN)
_BY_PLACE = (*BY_VALUE, Operator.EXISTS)
"""Of these, where an object stands in the index is the whole answer."""
_NOT_BY_KEY = (Operator.NOT_EQUALS, Operator.NOT_IN, Operator.DOES_NOT_EXIST)

T = TypeVar("T")
Bucket = tuple[str, str, str]
_BY_LABEL = ("label", "key")


def key_of(obj: PackedObject) -> Key:
    """Its namespace and name."""
    return (obj.namespace, obj.name)


def matches(question: Question, obj: PackedObject) -> bool:
    """Whether an object of the right type answers the question; field selectors are the stream's, not looked at here."""
    if question.namespace and obj.namespace != question.namespace:
        return False
    if question.name and obj.name != question.name:
        return False
    selector = selector_of_question(question) or NOTHING_SELECTED
    return not selector.requirements or selector.matches(obj.labels)


def may_match(question: Question, malformed: Malformed) -> bool:
    """Whether an object that could not be read may answer the question, as far as its name and its labels tell."""
    namespace, slash, name = malformed.where.partition("/")
    if slash and question.namespace and namespace != question.namespace:
        return False
    if malformed.labels is None:
        return True
    if question.name and question.name != (name if slash else namespace):
        return False
    selector = selector_of_question(question) or NOTHING_SELECTED
    return not selector.requirements or selector.matches(dict(malformed.labels))


class ObjectIndex:
    """The objects of one stream. `bytes` are those they take, packed; `examined` counts objects looked at to answer questions,
    for tests."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._most_keys = most_keys
        self._objects: dict[Key, PackedObject] = {}
        self._namespaces: dict[str, set[Key]] = {}
        self._labels: dict[str, dict[str, set[Key]]] = {}
        self.bytes = 0
        self.examined = 0

    def __len__(self) -> int:
        return len(self._objects)

    def get(self, key: Key) -> PackedObject | None:
        return self._objects.get(key)

    def keys(self) -> set[Key]:
        """All keys, as a set of the caller's own."""
        return set(self._objects)

    def all(self) -> list[PackedObject]:
        """All objects, in a list of the caller's own."""
        return list(self._objects.values())

    def fill(self, objects: Sequence[PackedObject]) -> None:
        """Hold objects none of which is held yet: many at once, in a third of the time that putting each takes."""
        held, namespaces = self._objects, self._namespaces
        for obj in objects:
            key = (obj.namespace, obj.name)
            held[key] = obj
            self.bytes += len(obj.packed)
            keys = namespaces.get(key[0])
            if keys is None:
                namespaces[key[0]] = {key}
            else:
                keys.add(key)
        for label, values in self._labels.items():
            for obj in objects:
                self._move(key_of(obj), values, None, obj.labels.get(label))

    def prepare(self, question: Question) -> None:
        """Be ready for the question, as if it had been asked."""
        best = best_requirement(selector_of_question(question) or NOTHING_SELECTED, self._labels)
        if best is not None:
            self._values(best.key)

    def put(self, obj: PackedObject) -> PackedObject | None:
        """Hold the object; returns what it replaces."""
        key = key_of(obj)
        old = self._objects.get(key)
        self._objects[key] = obj
        self.bytes += len(obj.packed) - (len(old.packed) if old is not None else 0)
        if old is None:
            self._namespaces.setdefault(key[0], set()).add(key)
        before, after = old.labels if old else {}, obj.labels
        if before is not after and before != after:
            for label, values in self._labels.items():
                self._move(key, values, before.get(label), after.get(label))
        return old

    def drop(self, key: Key) -> PackedObject | None:
        """Forget the object; returns what it was."""
        old = self._objects.pop(key, None)
        if old is not None:
            self.bytes -= len(old.packed)
            held = self._namespaces[key[0]]
            held.discard(key)
            if not held:
                del self._namespaces[key[0]]
            labels = old.labels
            for label, values in self._labels.items():
                self._move(key, values, labels.get(label), None)
        return old

    def select(self, question: Question) -> tuple[PackedObject, ...]:
        """The objects that answer the question, by namespace and name, as an API server orders them."""
        if question.name:
            obj = self._objects.get((question.namespace, question.name))
            self.examined += obj is not None
            return (obj,) if obj is not None and matches(question, obj) else ()
        objects = self._objects
        keys, exact = self._candidates(question)
        self.examined += len(keys)
        found = keys if exact else [key for key in keys if matches(question, objects[key])]
        return tuple([objects[key] for key in sorted(found)])

    def _candidates(self, question: Question) -> tuple[Collection[Key], bool]:
        """Among which the objects are that answer the question, each once, and whether all of them do."""
        selector = selector_of_question(question) or NOTHING_SELECTED
        best = best_requirement(selector, self._labels)
        if best is None:
            narrow = self._namespaces.get(question.namespace, ()) if question.namespace else self._objects
            return narrow, not selector.requirements
        values = self._values(best.key)
        exact = best.operator in _BY_PLACE and len(selector.requirements) == 1 and not question.namespace
        if best.operator not in BY_VALUE:
            return [key for keys in values.values() for key in keys], exact
        if len(best.values) == 1:
            return values.get(best.values[0], ()), exact
        return [key for value in best.values for key in values.get(value, ())], exact

    def _values(self, label: str) -> dict[str, set[Key]]:
        values = self._labels.pop(label, None)
        if values is None:
            values = {}
            for key, obj in self._objects.items():
                value = obj.labels.get(label)
                if value is not None:
                    values.setdefault(value, set()).add(key)
            self.examined += len(self._objects)
            if len(self._labels) >= self._most_keys:
                del self._labels[next(iter(self._labels))]
        self._labels[label] = values  # the newest stands last
        return values

    @staticmethod
    def _move(key: Key, values: dict[str, set[Key]], before: str | None, after: str | None) -> None:
        if before == after:
            return
        if before is not None:
            held = values[before]
            held.discard(key)
            if not held:
                del values[before]
        if after is not None:
            values.setdefault(after, set()).add(key)


def best_requirement(selector: LabelSelector, indexed: Iterable[str]) -> Requirement | None:
    """The requirement to start from: by value before by key, and of those one that is indexed already."""
    usable = [r for r in selector.requirements if r.operator not in _NOT_BY_KEY]
    if len(usable) == 1:
        return usable[0]
    known = set(indexed)
    return min(usable, key=lambda r: (r.operator not in BY_VALUE, r.key not in known), default=None)


class ReaderIndex(Generic[T]):
    """Who has asked which question of a stream; `touched` finds those a change concerns."""

    def __init__(self) -> None:
        self._questions: dict[T, Question] = {}
        self._buckets: dict[Bucket, set[T]] = {}
        self._keys: Counter[str] = Counter()
        """The label keys that questions stand by, and how many do."""

    def __len__(self) -> int:
        return len(self._questions)

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._questions))

    def questions(self) -> set[Question]:
        """All that is asked."""
        return set(self._questions.values())

    def add(self, reader: T, question: Question) -> None:
        self._questions[reader] = question
        for bucket in _buckets_of_question(question):
            self._buckets.setdefault(bucket, set()).add(reader)
            if bucket[0] in _BY_LABEL:
                self._keys[bucket[1]] += 1

    def remove(self, reader: T) -> None:
        question = self._questions.pop(reader, None)
        if question is None:
            return
        for bucket in _buckets_of_question(question):
            held = self._buckets[bucket]
            held.discard(reader)
            if not held:
                del self._buckets[bucket]
            if bucket[0] in _BY_LABEL:
                self._keys -= Counter((bucket[1],))

    def touched(self, old: PackedObject | None, new: PackedObject | None) -> list[tuple[T, bool]]:
        """(reader, whether it has the object from now on) for each whom this change of one object concerns."""
        found: dict[T, bool] = {}
        # They are one object by name and namespace: only its labels tell where else it stood before.
        both = old is not None and new is not None and old.labels is not new.labels
        for obj in (old, new) if both else (new or old,):
            if obj is None:
                continue
            for bucket in self._buckets_of(obj):
                for reader in self._buckets.get(bucket, ()):
                    question = self._questions[reader]
                    has = new is not None and matches(question, new)
                    if has or (old is not None and matches(question, old)):
                        found[reader] = has
        return list(found.items())

    def _buckets_of(self, obj: PackedObject) -> Iterator[Bucket]:
        """Where those may stand whom the object concerns: nothing is looked up by a label that nobody asks for."""
        yield ("name", obj.namespace, obj.name)
        yield ("namespace", obj.namespace, "")
        yield ("all", "", "")
        for key in self._keys:
            if (value := obj.labels.get(key)) is not None:
                yield ("label", key, value)
                yield ("key", key, "")


def _buckets_of_question(question: Question) -> list[Bucket]:
    if question.name:
        return [("name", question.namespace, question.name)]
    best = best_requirement(selector_of_question(question) or NOTHING_SELECTED, ())
    if best is not None:
        if best.operator in BY_VALUE:
            return [("label", best.key, value) for value in best.values]
        return [("key", best.key, "")]
    return [("namespace", question.namespace, "")] if question.namespace else [("all", "", "")]
