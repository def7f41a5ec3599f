"""Which User of the catalog somebody is, and which groups they are in: by rules that the configuration names. Pure.

A rule compares one claim, whole, with one value of a User. Where two Users have that value nobody is either.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from callboard.access.sign_in.signed_tokens import text_claim
from callboard.base.settings import ClaimedGroupsSettings, ResolverSettings
from callboard.model.entity import Entity, EntityRef

__all__ = ["DEFAULT_RESOLVERS", "PeopleIndex", "PersonRule", "claimed_groups", "rules_of"]

MOST_GROUPS: Final = 500
_PROFILE: Final = "spec.profile.email"
_NAME: Final = "metadata.name"


class PersonRule(msgspec.Struct, frozen=True):
    """`claim` is the User's `attribute`: an annotation's name, or one of the two names above. A verified email, if `verified`."""

    claim: str
    attribute: str
    verified: bool = False


DEFAULT_RESOLVERS: Final = (PersonRule("email", _PROFILE, verified=True),)

_RULES: Final[Mapping[str, PersonRule]] = {
    "emailMatchingUserEntityProfileEmail": DEFAULT_RESOLVERS[0],
    "emailMatchingUserEntityAnnotation": PersonRule("email", "google.com/email", verified=True),
    "usernameMatchingUserEntityName": PersonRule("preferred_username", _NAME),
    "preferredUsernameMatchingUserEntityName": PersonRule("preferred_username", _NAME),
    "oidcSubClaimMatchingKeycloakUserId": PersonRule("sub", "keycloak.org/id"),
    "userIdMatchingUserEntityAnnotation": PersonRule("oid", "graph.microsoft.com/user-id"),
}


def rules_of(resolvers: Sequence[ResolverSettings]) -> tuple[PersonRule, ...]:
    """The rules that a configuration names, in order; that of the verified email where it names none."""
    found = []
    for each in resolvers:
        if each.resolver == "claimMatchingUserEntityAnnotation" and each.claim and each.annotation:
            found.append(PersonRule(each.claim, each.annotation, verified=each.claim == "email"))
        elif each.resolver == "claimMatchingUserEntityName" and each.claim:
            found.append(PersonRule(each.claim, _NAME, verified=each.claim == "email"))
        elif each.resolver in _RULES:
            found.append(_RULES[each.resolver])
    return tuple(found) if resolvers else DEFAULT_RESOLVERS


class PeopleIndex:
    """The Users and Groups of a catalog, as people are looked up in them. Made anew when the catalog changes; never altered."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._users: dict[tuple[str, str], EntityRef | None] = {}
        self._groups: dict[tuple[str, str], str | None] = {}
        self._of: dict[EntityRef, Entity] = {}
        for entity in entities:
            kind = entity.kind.lower()
            if kind == "user":
                self._of[entity.ref] = entity
                self._note(entity)
            elif kind == "group":
                for name, value in entity.metadata.annotations.items():
                    key = (name, value.strip())
                    self._groups[key] = None if key in self._groups else str(entity.ref)

    def _note(self, user: Entity) -> None:
        values = {name: value.strip() for name, value in user.metadata.annotations.items()}
        # a user of another namespace would have to be meant by name and namespace, which no claim says
        if user.metadata.namespace.lower() == "default":
            values[_NAME] = user.metadata.name
        profile = user.spec.get("profile")
        email = profile.get("email") if isinstance(profile, dict) else None
        if isinstance(email, str):
            values[_PROFILE] = email.strip()
        for attribute, value in values.items():
            if value:
                key = (attribute, _folded(attribute, value))
                self._users[key] = user.ref if self._users.get(key, user.ref) == user.ref else None

    def find(self, claims: Mapping[str, object], rules: Sequence[PersonRule]) -> EntityRef | None:
        """The User whom the first rule that finds one tells; None where none does."""
        for rule in rules:
            value = text_claim(claims, rule.claim)
            if not value or (rule.verified and not _is_verified(claims)):
                continue
            found = self._users.get((rule.attribute, _folded(rule.attribute, value)))
            if found is not None:
                return found
        return None

    def user(self, ref: EntityRef) -> Entity | None:
        """A User by its ref."""
        return self._of.get(ref)

    def groups_of(self, ref: EntityRef) -> tuple[str, ...]:
        """The Groups a User is a member of, as refs."""
        user = self._of.get(ref)
        return tuple(str(each) for each in user.related("memberOf")) if user is not None else ()

    def group_with(self, annotation: str, value: str) -> str | None:
        """The one Group whose annotation has that value, as a ref."""
        return self._groups.get((annotation, value))


def claimed_groups(
    claims: Mapping[str, object], settings: ClaimedGroupsSettings, people: PeopleIndex
) -> tuple[str, ...]:
    """The groups that claims tell of, as refs; what is no name of a Group is left out."""
    if settings.claim is None:
        return ()
    value = claims.get(settings.claim)
    names = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(names, list):
        return ()
    found = (_group(name, settings, people) for name in names[:MOST_GROUPS] if isinstance(name, str))
    return tuple(dict.fromkeys(ref for ref in found if ref))


def _group(name: str, settings: ClaimedGroupsSettings, people: PeopleIndex) -> str | None:
    if settings.annotation is not None:
        return people.group_with(settings.annotation, name.strip())
    name = name.strip().removeprefix("/").lower()
    plain = name.replace("-", "").replace("_", "").replace(".", "")
    if not plain.isascii() or not plain.isalnum() or len(name) > 63:
        return None
    return f"group:{settings.namespace.lower()}/{name}"


def _folded(attribute: str, value: str) -> str:
    """Emails and names are compared without regard to case, as catalogs and mail servers do; ids as they stand, and what is no
    ASCII as well: some letters become another's when they are made small (U+212A is no `k`)."""
    if attribute in (_NAME, _PROFILE, "google.com/email") and value.isascii():
        return value.lower()
    return value


def _is_verified(claims: Mapping[str, object]) -> bool:
    said = claims.get("email_verified")
    return said is True or said == "true"
