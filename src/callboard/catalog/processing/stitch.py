"""One source for each ref, relations from both ends, and the entity as the store keeps it. Pure."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from callboard.base.errors import Problem
from callboard.catalog.processing.draft import Draft
from callboard.catalog.processing.stumble import stumbled
from callboard.catalog.processing.walk import Claim
from callboard.model.entity import EntityRef

__all__ = ["Stitched", "Whole", "settle", "stitch", "uid_of"]

UID_SPACE: Final = UUID("5f0e7c1e-4d0c-5c8e-9b5e-0a6d3c1b7f42")
STATUS_TYPE: Final = "backstage.io/catalog-processing"


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """An entity with everything the catalog adds. `document` is its JSON as Backstage's catalog API gives it."""

    draft: Draft
    uid: str
    etag: str
    relations: tuple[tuple[str, str], ...]
    """Type and target ref, sorted and distinct."""
    broken: bool
    document: bytes


class Stitched(msgspec.Struct, frozen=True, kw_only=True):
    """What must change in the store: entities to write, refs that are gone; and how many stay as they are."""

    changed: tuple[Whole, ...]
    gone: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...] = ()
    """What made us fail; such entities stay as they were."""


def uid_of(ref: EntityRef) -> str:
    """A uid that is the same for a ref in every store and at all times."""
    return str(uuid5(UID_SPACE, str(ref)))


def settle(claims: Sequence[Claim], owners: Mapping[str, str]) -> tuple[list[Claim], list[Problem]]:
    """One claim for each ref, and a problem for each that lost.

    `owners` says which source has had a ref so far: it keeps it. Otherwise the first in the walk's order has it.
    """
    won: dict[EntityRef, Claim] = {}
    for claim in claims:
        ref = claim.draft.ref
        before = won.get(ref)
        owner = owners.get(str(ref))
        if before is None or (_source(claim) == owner and _source(before) != owner):
            won[ref] = claim
    problems = [
        Problem(
            f"{claim.draft.ref} is defined a second time",
            where=claim.draft.route.source.shown,
            line=claim.draft.line,
            found=f"the same name in {_place(won[claim.draft.ref].draft)}",
            expected="one source for each entity; the other one keeps it",
        )
        for claim in claims
        if won[claim.draft.ref] is not claim
    ]
    return list(won.values()), problems


def stitch(
    claims: Sequence[Claim],
    notes: Mapping[str, Sequence[str]],
    known: Mapping[str, str],
    lost: Collection[str] = (),
) -> Stitched:
    """Put relations and status on the settled claims, and compare with `known`, the etag of each stored ref.

    `notes` are further errors by ref; `lost` are refs without a claim that stay as they are.
    An etag is a hash of all but itself, so equal etags mean nothing to write.
    """
    relations: dict[str, set[tuple[str, str]]] = {str(c.draft.ref): set() for c in claims}
    for claim in claims:
        for edge in claim.draft.edges:
            ends = relations.get(edge.source)
            if ends is not None:
                ends.add((edge.type, edge.target))
    changed: list[Whole] = []
    problems: list[Problem] = []
    for claim in claims:
        ref = str(claim.draft.ref)
        errors = (*claim.errors, *notes.get(ref, ()))
        ends_in_order = tuple(sorted(relations[ref]))
        try:
            etag = _etag(claim.draft, ends_in_order, errors)
            if known.get(ref) != etag:
                changed.append(_whole(claim.draft, etag, ends_in_order, errors))
        except Exception as error:
            problems.append(stumbled(error, claim.draft.route.source.shown, claim.draft.line))
    return Stitched(
        changed=tuple(changed),
        gone=tuple(sorted(known.keys() - relations.keys() - set(lost))),
        unchanged=len(claims) - len(changed) - len(problems),
        problems=tuple(problems),
    )


def _etag(draft: Draft, relations: tuple[tuple[str, str], ...], errors: tuple[str, ...]) -> str:
    # The route is in it: an entity that moved to another file has to be written, were its text the same.
    parts = msgspec.json.encode((relations, errors, draft.route))
    return hashlib.sha256(draft.body + b"\0" + parts).hexdigest()[:40]


def _whole(draft: Draft, etag: str, relations: tuple[tuple[str, str], ...], errors: tuple[str, ...]) -> Whole:
    root = msgspec.json.decode(draft.body, type=dict[str, Any])
    uid = uid_of(draft.ref)
    root["metadata"] |= {"uid": uid, "etag": etag}
    root["relations"] = [{"type": kind, "targetRef": target} for kind, target in relations]
    if errors:
        root["status"] = {"items": [{"type": STATUS_TYPE, "level": "error", "message": e} for e in errors]}
    return Whole(
        draft=draft,
        uid=uid,
        etag=etag,
        relations=relations,
        broken=bool(errors),
        document=msgspec.json.encode(root),
    )


def _source(claim: Claim) -> str:
    return str(claim.draft.route.source)


def _place(draft: Draft) -> str:
    return draft.route.source.shown + (f":{draft.line}" if draft.line is not None else "")
