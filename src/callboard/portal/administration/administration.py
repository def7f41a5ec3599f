"""What whoever looks after Callboard reads of it: the record of who did what, and who may do what by which policy."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from callboard.base.errors import NotFound, UsageError
from callboard.model.audit import AuditFilter, AuditPage
from callboard.model.caller import Caller, CallerKind
from callboard.model.entity import EntityRef
from callboard.model.permission import DONE_TO, Action, Resource, ResourceKind
from callboard.portal.administration.coming_in import ComingIn
from callboard.portal.administration.guard import AdminGuard
from callboard.portal.administration.setup import SetUp
from callboard.portal.permissions import Permissions
from callboard.portal.views import AccessExplanation, PoliciesView

__all__ = ["Administration", "Find", "PoliciesKnown"]

_PORTAL = Resource(kind=ResourceKind.PORTAL)


class PoliciesKnown(Protocol):
    """What is known of the policies in force."""

    def view(self) -> PoliciesView:
        """Them, without an explanation."""
        ...

    def groups_of(self, caller: Caller) -> frozenset[str]:
        """All groups somebody counts as a member of, and they themselves."""
        ...


Find = Callable[[AuditFilter], Awaitable[AuditPage]]


class Administration:
    """`find` reads the record; `coming_in` is who may come in."""

    def __init__(
        self,
        permissions: Permissions,
        policies: PoliciesKnown,
        find: Find,
        *,
        coming_in: ComingIn | None = None,
        setup: SetUp | None = None,
    ) -> None:
        self.guard = AdminGuard(permissions)
        self._coming_in = coming_in
        self._setup = setup
        self._permissions = permissions
        self._policies = policies
        self._find = find

    @property
    def coming_in(self) -> ComingIn:
        """Sessions and tokens. Raises NotFound where there are none."""
        if self._coming_in is None:
            raise NotFound("Nobody signs in here.")
        return self._coming_in

    @property
    def setup(self) -> SetUp:
        """Clusters and the configuration. Raises NotFound where it is not told."""
        if self._setup is None:
            raise NotFound("How Callboard is set up is not told here.")
        return self._setup

    async def audit(self, wanted: AuditFilter, caller: Caller) -> AuditPage:
        """One page of the record. Raises NotAllowed, UsageError, Unavailable."""
        await self.guard.require(caller, Action.AUDIT_READ)
        return await self._find(wanted)

    async def policies(self, asked: Mapping[str, str], caller: Caller) -> PoliciesView:
        """The policies, and who may what by them where that is asked (`who` is not ""). Raises NotAllowed, UsageError."""
        await self.guard.require(caller, Action.ADMIN_READ)
        view = self._policies.view()
        if not asked.get("who"):
            return view
        return msgspec.structs.replace(view, explanation=await self.explain(asked))

    async def explain(self, asked: Mapping[str, str]) -> AccessExplanation:
        """Whether `who` (a person's ref or name, or `service:NAME`) may do `action` to `what` (an entity's ref, a cluster's name,
        or nothing), in `cluster`, `namespace` and of `type` for objects. Raises UsageError."""
        who, action = _who(asked["who"]), _action(asked.get("action", ""))
        await self._permissions.prepare(who)
        resource = _resource(action, asked)
        if who.kind is CallerKind.SERVICE:
            who = msgspec.structs.replace(who, may=frozenset({str(action)}))
        decide = self._permissions.decide
        ruling = await self._permissions.answered(lambda: decide(who, action, resource))
        return AccessExplanation(
            who=who.subject,
            action=str(action),
            what=asked.get("what", ""),
            allowed=ruling.allowed,
            by=ruling.by,
            policies=ruling.policies,
            errors=ruling.errors,
            groups=tuple(sorted(self._policies.groups_of(who) - {who.subject})),
        )


def _who(text: str) -> Caller:
    """A caller as they would be if they had signed in with nothing but what the catalog says of them."""
    if text.startswith("service:"):
        return Caller(kind=CallerKind.SERVICE, subject=text.removeprefix("service:"))
    return Caller(kind=CallerKind.PERSON, subject=str(EntityRef.parse(text, default_kind="user")))


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError:
        raise UsageError(
            f"There is no action {text[:100]!r}; there are {', '.join(Action)}.", code="no-such-action"
        ) from None


def _resource(action: Action, asked: Mapping[str, str]) -> Resource:
    kinds, what = DONE_TO[action], asked.get("what", "")
    if ResourceKind.PORTAL in kinds:
        return _PORTAL
    if ResourceKind.CLUSTER in kinds:
        return Resource(kind=ResourceKind.CLUSTER, cluster=asked.get("cluster", "") or what)
    if ResourceKind.PLACE in kinds:
        if not (cluster := asked.get("cluster", "") or what):
            raise UsageError(f"{action} is done in a cluster; say which.", code="no-cluster")
        return Resource(
            kind=ResourceKind.PLACE,
            cluster=cluster,
            namespace=asked.get("namespace", ""),
            type=asked.get("type", ""),
        )
    if not what:
        raise UsageError(
            f"{action} is done to an entity; say which, as kind:namespace/name.", code="no-entity"
        )
    ref = EntityRef.parse(what, default_kind="component")
    if ResourceKind.ENTITY in kinds:
        return Resource(kind=ResourceKind.ENTITY, entity=ref)
    return Resource(
        kind=ResourceKind.OBJECTS,
        entity=ref,
        cluster=asked.get("cluster", ""),
        namespace=asked.get("namespace", ""),
        type=asked.get("type", ""),
    )
