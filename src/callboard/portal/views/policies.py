"""Which policies are in force, and what they say of somebody."""

import msgspec

__all__ = ["AccessExplanation", "PoliciesView", "PolicyLine"]


class PolicyLine(msgspec.Struct, frozen=True):
    """One policy that is in force, and where it stands."""

    id: str
    effect: str
    where: str
    line: int


class AccessExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether somebody may, by which policies, and as a member of which groups; `errors` is what went wrong in a policy."""

    who: str
    action: str
    what: str
    allowed: bool
    by: str
    policies: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class PoliciesView(msgspec.Struct, frozen=True, kw_only=True):
    """The policies in force. `problem` says why the files as they are now are not, `errors` what erred since they are. `engine`
    is another engine that is asked besides, by its name; "" for none."""

    policies: tuple[PolicyLine, ...]
    problem: str = ""
    errors: tuple[str, ...] = ()
    engine: str = ""
    explanation: AccessExplanation | None = None
