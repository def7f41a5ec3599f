"""1 where a cluster cannot be shown as configured; 2 where that is not known; what a page does without decides nothing."""

import msgspec
import pytest

from callboard.cli.check_text import check_document, check_exit, check_lines
from callboard.cli.exits import Exit
from callboard.cli.text import Terminal
from callboard.extend.parts import Supplied
from callboard.model.cluster import ClusterInfo
from callboard.model.outcome import Failure, FailureCode
from callboard.model.resource import NODES, ResourceType, known_type
from callboard.portal.operations import ClusterCheck, FleetCheck, Permission

PODS = known_type("pods")
assert PODS is not None
REFUSED = Failure(code=FailureCode.SERVER_ERROR, message="the authorizer is away")
MAY = Permission(type=PODS, verb="list", allowed=True)
MAY_NOT = Permission(type=PODS, verb="list", allowed=False, reason="RBAC: no role")
UNANSWERED = Permission(type=PODS, verb="list", failure=REFUSED)
NO_NODES = Permission(type=NODES, verb="get", allowed=False)
NO_WATCH = Permission(type=PODS, verb="watch", allowed=False)
NOT_SERVED = Permission(
    type=ResourceType("example.com", "v1", "widgets"), verb="list", allowed=False, served=False
)


def found(*permissions: Permission, failure: Failure | None = None, reachable: bool = True) -> FleetCheck:
    check = ClusterCheck(
        cluster=ClusterInfo(name="eu-1"), reachable=reachable, permissions=permissions, failure=failure
    )
    return FleetCheck((check,), Supplied(()))


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (found(MAY), Exit.FINE),
        (found(MAY, NO_NODES, NOT_SERVED), Exit.FINE),
        (found(MAY, NO_WATCH), Exit.FINE),
        (found(MAY, MAY_NOT), Exit.TROUBLE),
        (found(MAY, UNANSWERED), Exit.COULD_NOT_TELL),
        (found(MAY_NOT, UNANSWERED), Exit.TROUBLE),
        (found(failure=REFUSED, reachable=False), Exit.TROUBLE),
        (found(MAY, failure=REFUSED), Exit.TROUBLE),
        (FleetCheck((), Supplied(())), Exit.COULD_NOT_TELL),
    ],
)
def test_the_code_follows_the_permissions_that_matter(check: FleetCheck, code: Exit) -> None:
    assert check_exit(check, failed_suppliers=False) is code
    assert check_document(check, code).exit_code == code


def test_a_source_that_failed_may_hide_clusters() -> None:
    assert check_exit(found(MAY), failed_suppliers=True) is Exit.COULD_NOT_TELL


def test_denied_unanswered_and_not_served_are_three_different_lines() -> None:
    shown = "\n".join(check_lines(found(MAY, MAY_NOT, UNANSWERED, NO_NODES, NOT_SERVED), Terminal()))
    assert "✗ may not: list pods\n      RBAC: no role" in shown
    assert "? could not find out: list pods\n      the authorizer is away" in shown
    assert "– may not, and the page does without: get nodes" in shown
    assert "– not served here: list widgets.example.com" in shown
    assert "1 of 5 permissions" in shown


def test_what_may_be_listed_and_not_watched_is_told() -> None:
    shown = "\n".join(check_lines(found(MAY, NO_WATCH), Terminal()))
    assert "may not, and pages ask at intervals instead of being live: watch pods" in shown
    assert "1 of 2 permissions" in shown


def test_hostile_words_of_an_api_server_are_disarmed() -> None:
    hostile = Failure(code=FailureCode.SERVER_ERROR, message="no\x1b[2J\x9b1m\nentry\u202e")
    denied = msgspec.structs.replace(MAY_NOT, reason="\x1b]0;x\x07because")
    shown = "".join(check_lines(found(denied, failure=hostile), Terminal()))
    assert not set(shown) & set("\x1b\x9b\x07\n\u202e")
    assert "entry" in shown
