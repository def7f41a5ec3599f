"""Why an entity is not in the catalog: what is wrong where it stands, or which name was meant. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from callboard.base.config.nearest import nearest
from callboard.base.errors import Problem
from callboard.model.entity import EntityRef

__all__ = ["Absence", "absence_of"]

MOST = 3
"""Problems told; the list of services has all of them."""
MOST_COMPARED = 3_000
"""Names that are compared letter by letter, of those of about the same length: a tenth of a second's work."""


class Absence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an entity that is not there. `own` are problems with the entity itself, `likely` with files that hold its
    name, `others` is how many further places of the catalog cannot be read; `meant` is the nearest ref, and `meant_wrong` what is
    wrong with it where that one cannot be used either."""

    own: tuple[Problem, ...] = ()
    likely: tuple[Problem, ...] = ()
    others: tuple[Problem, ...] = ()
    number_of_others: int = 0
    meant: str = ""
    meant_wrong: tuple[Problem, ...] = ()

    def sentence(self, ref: EntityRef) -> str:
        """In words: the entity, and what to do."""
        words = [f"There is no {ref} in the catalog."]
        if self.own:
            words.append(f"It is written down and cannot be used: {_joined(self.own)}.")
        elif self.likely:
            words.append(f"A file with this name in it cannot be used: {_joined(self.likely)}.")
        elif self.others:
            more = self.number_of_others - len(self.others)
            rest = f", and {more} more" if more > 0 else ""
            words.append(f"It may be where the catalog cannot be read: {_joined(self.others)}{rest}.")
        if self.meant and not self.own:
            words.append(f"Did you mean {self.meant}?")
            if self.meant_wrong:
                words.append(f"That is written down and cannot be used: {_joined(self.meant_wrong)}.")
        return " ".join(words)


def _joined(problems: Iterable[Problem]) -> str:
    return " | ".join(str(problem)[:600].rstrip(".") for problem in problems)


def absence_of(
    ref: EntityRef,
    told: Mapping[str, Sequence[Problem]],
    mentions: Mapping[str, Sequence[Problem]],
    unreadable: Sequence[Problem],
    known: Iterable[str],
) -> Absence:
    """What is known of `ref`. `told` are problems by ref, `mentions` by a name in a file that could not be read, `unreadable`
    problems that belong to no entity, and `known` all refs there are."""
    loaded = set(known)
    meant = _meant(ref, loaded | told.keys())
    return Absence(
        own=tuple(told.get(str(ref), ())[:MOST]),
        likely=tuple(mentions.get(ref.name.lower(), ())[:MOST]),
        others=tuple(unreadable[:MOST]),
        number_of_others=len(unreadable),
        meant=meant,
        meant_wrong=() if meant in loaded else tuple(told.get(meant, ())[:MOST]),
    )


def _meant(ref: EntityRef, known: Iterable[str]) -> str:
    """The ref of the same name under another kind or namespace, else that with the nearest name; generated ones left out."""
    refs = [each for each in known if ":default/generated-" not in each]
    same = sorted(each for each in refs if each.rpartition("/")[2] == ref.name.lower())
    if same:
        of_kind = [each for each in same if each.startswith(f"{ref.kind.lower()}:")]
        return (of_kind or same)[0]
    beginning = f"{ref.kind.lower()}:{ref.namespace.lower()}/"
    names = [each.removeprefix(beginning) for each in refs if each.startswith(beginning)]
    close = [name for name in names if abs(len(name) - len(ref.name)) <= 3][:MOST_COMPARED]
    found = nearest(ref.name.lower(), close)
    return f"{beginning}{found}" if found else ""
