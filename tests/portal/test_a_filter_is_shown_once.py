"""What is filtered by is ticked where it stands, however it was written, and stands there once."""

from callboard.catalog.search import FacetValue
from callboard.portal.listing.services import _counts
from callboard.portal.views import Count


def test_a_value_in_another_case_is_the_same() -> None:
    assert _counts("kind", [FacetValue("Component", 5)], ("component",)) == (Count("Component", 5, True),)


def test_a_refs_short_form_is_the_same() -> None:
    found = [FacetValue("group:default/team-a", 2), FacetValue("user:default/ann", 1)]
    for written in ("team-a", "Group:team-a", "default/team-a", "group:default/TEAM-A"):
        assert _counts("owner", found, (written,)) == (
            Count("group:default/team-a", 2, True),
            Count("user:default/ann", 1),
        )


def test_what_nothing_has_any_more_stays_once_to_be_taken_away() -> None:
    assert _counts("owner", [], ("team-b", "group:team-b", "team-c:::")) == (
        Count("group:team-b", 0, True),
        Count("team-c:::", 0, True),
    )
