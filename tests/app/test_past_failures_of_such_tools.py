"""How tools like this one have failed, in plain words, and what proves that this one does not: a test each.

Those that stand elsewhere are named, and it is checked that they do. SECURITY.md tells the same, with what is left.
"""

import re

import pytest

from callboard.http.rates import RateLimits, Rates, SlowDown, address_key
from callboard.model.door import RouteClass
from support.checkout import ROOT

PROVEN = {
    "a credential that was read for one is used for others who never signed in": (
        "fleet/hub/test_what_is_shared_is_nobodys_own.py::test_a_callers_own_credential_is_not_used_for_what_is_shared",
        "fleet/hub/test_a_restart_goes_on.py::test_a_callers_own_credential_never_reads_for_others",
        "web/test_every_route_passes_the_door.py::test_anonymous_gets_nothing_that_needs_a_caller",
    ),
    "a stream takes any page's word for where it comes from": (
        "access/test_door.py::test_another_sites_page_may_not_open_streams_or_change_things",
        "web/test_only_what_changed_is_sent.py::test_another_sites_page_gets_no_stream",
    ),
    "another name for this machine leads a page elsewhere to it": (
        "access/test_door.py::test_a_foreign_host_is_refused_everywhere",
    ),
    "sign-in can be skipped, or is not asked for beyond this machine": (
        "app/test_a_listener_faces_people.py::test_nobody_listens_to_people_without_sign_in_and_tls",
        "app/test_the_doors_table.py::test_every_route_is_asked_as_everybody",
    ),
    "an answer or the log holds a credential of the configuration": (
        "app/test_the_doors_table.py::test_every_route_is_asked_as_everybody",
        "host/test_one_context_for_hooks_tabs_cards_and_routes.py::test_no_credential_is_in_reach_of_what_is_lent",
        "cli/test_output_is_readable_and_safe.py::test_the_list_of_clusters_shows_no_credential",
    ),
    "a Secret comes back by its last-applied copy, its managed fields, or a kind written oddly": (
        "kube/test_redaction.py::test_managed_fields_and_last_applied_copies_are_gone",
        "kube/test_redaction.py::test_a_secret_written_out_in_an_annotation_is_gone",
        "kube/test_redaction.py::test_a_kind_written_with_escapes_is_still_a_secret",
    ),
    "a resource's own fields hold a credential": (
        "kube/test_redaction.py::test_a_secret_deep_within_a_custom_resource",
    ),
    "a label or a link becomes a script": (
        "web/test_foreign_text_stays_text.py::test_only_http_addresses_become_links",
        "web/test_errors_are_pages.py::test_every_answer_carries_the_security_headers",
    ),
    "an error quotes a credential": (
        "kube/test_no_credential_comes_back.py::test_an_echo_is_not_shown",
        "kube/test_kubeconfig.py::test_broken_yaml_names_the_line_and_no_secret",
    ),
    "a stranger's huge request takes the memory": (
        "http/test_a_stranger_costs_little.py::test_a_large_head_is_told_so_though_it_is_whole",
        "http/test_a_stranger_costs_little.py::test_a_body_of_crumbs_is_refused",
    ),
    "a route was forgotten when who may ask was decided": (
        "app/test_the_doors_table.py::test_every_route_is_asked_as_everybody",
        "access/test_what_no_rule_knows_is_denied.py::test_every_road_of_the_portal_is_tried",
    ),
    "a path leads out of its folder": (
        "catalog/test_what_may_be_read.py::test_a_link_that_turns_outside_while_it_runs_is_not_followed",
    ),
    "a token has no end, or lives on when it is over": (
        "access/test_tokens_of_services.py::test_it_ends_at_its_time",
        "access/test_tokens_of_services.py::test_what_cannot_be_is_not_made",
    ),
    "a token that somebody made is believed": (
        "access/test_who_came_back_is_proven.py::test_one_thing_that_is_not_true_is_nobody",
        "access/test_who_came_back_is_proven.py::test_the_one_algorithm_is_the_agreed_one_though_the_key_could_do_others",
    ),
    "a session outlives the provider or the person": (
        "access/test_an_issuer_is_asked_again.py::test_who_leaves_the_catalog_or_whose_way_is_gone_is_out",
        "access/test_an_issuer_is_asked_again.py::test_whom_it_no_longer_vouches_for_is_out_everywhere",
    ),
    "a proof of signing in is good twice, or for another browser": (
        "access/test_who_somebody_is_in_the_catalog.py::test_a_sign_in_under_way_is_good_once_for_its_browser_and_a_quarter_of_an_hour",
        "access/test_who_came_back_is_proven.py::test_the_answer_to_a_sign_in_that_began_elsewhere_is_none",
    ),
    "a watch gives what a list would not": (
        "portal/test_what_is_hidden_might_as_well_not_exist.py",
        "app/test_every_face_hides_alike.py::test_every_face_is_that_of_a_fleet_without_what_is_hidden",
        "app/test_policies_hold_on_every_face.py::test_a_service_that_is_not_ones_own_is_not_there",
    ),
    "the record of who did what holds what was read": (
        "app/test_policies_hold_on_every_face.py::test_reads_and_refusals_are_on_record_for_whoever_may_read_it",
    ),
    "a redirect takes a credential along, or leads inside": (
        "outbound/test_one_way_out.py::test_a_redirect_is_not_followed_unless_asked_for",
        "outbound/test_one_way_out.py::test_a_redirect_leads_nowhere_it_may_not",
    ),
    "an address is allowed by its name and leads inside by its number": (
        "outbound/test_one_way_out.py::test_a_name_that_leads_inside_is_not_followed_there",
        "outbound/test_one_way_out.py::test_what_a_second_answer_of_a_name_says_is_checked_as_well",
    ),
    "a program in a kubeconfig runs": (
        "fleet/test_kubeconfigs_are_read_again.py::test_a_program_gives_the_credential_only_where_the_operator_allowed_it",
    ),
    "the portal's credential goes over plain http": (
        "kube/test_connections.py::test_no_credential_goes_over_plain_http",
    ),
    "a header names somebody who is not there": (
        "access/test_whoever_else_vouches_for_a_request.py::test_plain_headers_count_from_listed_addresses_alone",
        "http/test_whom_a_request_is_from.py::test_who_asks_is_whom_a_named_proxy_says",
    ),
    "a policy that fails lets through": (
        "access/test_policies_decide.py::test_a_policy_that_errs_denies_and_is_told",
        "access/test_another_engine_decides.py::test_what_it_does_not_answer_nobody_may_and_it_is_said",
    ),
}  # fmt: skip


@pytest.mark.parametrize("failure", PROVEN)
def test_what_proves_it_stands(failure: str) -> None:
    for named in PROVEN[failure]:
        path, _, name = named.partition("::")
        text = (ROOT / "tests" / path).read_text(encoding="utf-8")
        assert not name or re.search(rf"^(?:async )?def {name}\(", text, re.MULTILINE), named


def test_security_tells_each_of_them() -> None:
    told = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert [failure for failure in PROVEN if f"- {failure}" not in told] == []


@pytest.mark.parametrize(
    "forms",
    [
        ("192.0.2.7", "::ffff:192.0.2.7", "::FFFF:c000:207", "192.0.2.7 "),
        ("2001:db8::1", "2001:DB8:0:0::1", "2001:0db8:0000:0000:ffff::2", "2001:db8::%1"),
    ],
)
def test_guessing_is_counted_however_an_address_is_written(forms: tuple[str, ...]) -> None:
    """What holds back who guesses passwords was got around by writing an address or a name otherwise."""
    assert len({address_key(form.strip()) for form in forms}) == 1
    rates = Rates(RateLimits(sign_ins=3), now=lambda: 0.0)
    for number in range(20):
        rates.from_address(forms[number % len(forms)].strip(), RouteClass.SIGN_IN)
    for form in forms:
        with pytest.raises(SlowDown):
            rates.from_address(form.strip(), RouteClass.SIGN_IN)
