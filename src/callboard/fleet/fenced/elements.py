"""A collection that a part gave: the elements that are what they should be, within a bound, and what is wrong with the rest."""

from collections.abc import Callable, Collection, Mapping
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from callboard.base.fence import WrongAnswer
from callboard.base.shape import misfit, shown_type

__all__ = ["Elements", "elements"]

T = TypeVar("T")


class Elements(NamedTuple, Generic[T]):
    """`told` says in a clause what was left out and why; "" where nothing was."""

    sound: tuple[T, ...]
    told: str = ""


def elements(
    value: object,
    wanted: type[T],
    most: int,
    *,
    trusted: Collection[T] = (),
    also: Callable[[T], str] = lambda _: "",
) -> Elements[T]:
    """Take a collection apart. What is among `trusted`, by identity, was looked at before; `also` tells what else is wrong with
    an element of the right type, "" for nothing. Raises WrongAnswer where it is no collection."""
    if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping):
        raise WrongAnswer(f"expected several of {wanted.__name__}, got {shown_type(value)}")
    known = {id(each) for each in trusted}
    sound: list[T] = []
    wrong: list[str] = []
    taken = list(islice(iter(value), most + 1))
    for each in taken[:most]:
        if id(each) in known:
            sound.append(each)
        elif found := misfit(each, wanted) or also(each):
            wrong.append(found)
        else:
            known.add(id(each))
            sound.append(each)
    told = [f"{len(wrong)} of {len(taken[:most])} cannot be used ({wrong[0][:200]})"] if wrong else []
    if len(taken) > most:
        told.append(f"those beyond the first {most} were left out")
    return Elements(tuple(sound), "; ".join(told))
