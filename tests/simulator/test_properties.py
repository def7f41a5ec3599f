"""Readers of what clients send, against anything a client might send."""

import datetime
import decimal
import math
import re
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.simulator.controllers.cronjob import next_time
from callboard.simulator.machinery.quantities import format_like, parse_quantity
from callboard.simulator.machinery.refusal import ApiRefusal
from callboard.simulator.machinery.selectors import parse_labels
from callboard.simulator.machinery.times import micro, parse, stamp
from callboard.simulator.machinery.tree import merge_patch
from callboard.simulator.serving.options import _continued, continue_token
from callboard.simulator.serving.protobuf import read_protobuf

NAMES = st.from_regex(r"[a-z]([a-z0-9.]{0,20}[a-z0-9])?", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def refusal(read: Callable[[], object]) -> int | None:
    """The code of the refusal, if there is one; any other exception fails the test."""
    try:
        read()
    except ApiRefusal as no:
        return no.code
    return None


@given(st.text())
def test_label_selectors_are_read_or_refused(text: str) -> None:
    assert refusal(lambda: parse_labels(text)) in (None, 400)


@given(st.dictionaries(NAMES, NAMES, max_size=4), NAMES, st.lists(NAMES, min_size=1, max_size=3))
def test_in_and_notin_divide_all_objects(labels: dict[str, str], key: str, values: list[str]) -> None:
    (inside,) = parse_labels(f"{key} in ({','.join(values)})")
    (outside,) = parse_labels(f"{key} notin ({','.join(values)})")
    assert inside.matches(labels) is not outside.matches(labels)
    assert inside.matches(labels) is (labels.get(key) in values)


@given(st.integers(min_value=1, max_value=10**12), NAMES, NAMES)
def test_continue_tokens_come_back_as_they_went(version: int, namespace: str, name: str) -> None:
    assert _continued(continue_token(version, (namespace, name), ""), "") == (version, (namespace, name))
    assert _continued(continue_token(version, (namespace, name), namespace), namespace) == (
        version,
        (namespace, name),
    )


@given(st.text())
def test_any_other_continue_token_is_refused(token: str) -> None:
    assert refusal(lambda: _continued(token, "")) in (None, 400)


@given(st.binary())
def test_protobuf_is_read_or_refused(data: bytes) -> None:
    assert refusal(lambda: read_protobuf(b"k8s\0" + data)) in (None, 400)


@given(JSON, JSON)
def test_a_merge_patch_twice_is_a_merge_patch_once(target: object, patch: object) -> None:
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


@given(st.integers(min_value=0, max_value=10**6), st.sampled_from(["m", "", "k", "Ki", "Mi", "Gi"]))
def test_quantities_survive_writing(amount: int, suffix: str) -> None:
    value = parse_quantity(f"{amount}{suffix}")
    assert parse_quantity(format_like(value, f"1{suffix}")) == pytest.approx(value)


@given(
    st.decimals(min_value=-(10**6), max_value=10**6, places=3),
    st.sampled_from([("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("E", 18), ("e3", 3), ("E-2", -2)]),
)
def test_quantities_are_their_number_times_their_suffix(
    number: decimal.Decimal, suffix: tuple[str, int]
) -> None:
    wanted = float(number.scaleb(suffix[1]))
    assert parse_quantity(f"{number}{suffix[0]}") == pytest.approx(wanted, rel=1e-12)
    whole = int(number)
    assert parse_quantity(f"{whole}Ki") == parse_quantity(whole) * 1024 == parse_quantity(f"{whole * 1024}")


@given(
    st.text(alphabet="0123456789.+-eEinumkKMGTP _\n", max_size=8)
    | st.sampled_from(["nan", "inf", "1_0", "٣"])
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    """By the pattern of the type's own documentation: a number, then one suffix or one exponent."""
    try:
        assert math.isfinite(parse_quantity(text))
    except ValueError:
        return
    assert re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?", text, re.ASCII), text


@given(st.integers(min_value=0, max_value=4 * 10**9))
def test_timestamps_survive_writing(seconds: int) -> None:
    assert parse(stamp(seconds)) == seconds


@given(st.floats(min_value=0, max_value=4 * 10**9))
def test_timestamps_are_read_by_the_client_as_they_were_meant(seconds: float) -> None:
    """`metav1.Time` cuts to whole seconds, `metav1.MicroTime` to microseconds."""
    for text, exact in ((stamp(seconds), 1.0), (micro(seconds), 1e-6)):
        read = msgspec.json.decode(f'"{text}"', type=datetime.datetime)
        assert read.utcoffset() == datetime.timedelta(0)
        assert -exact <= read.timestamp() - seconds <= exact
        assert parse(text) == read.timestamp()


@given(st.integers(min_value=10**9, max_value=2 * 10**9), st.integers(0, 59), st.integers(0, 23))
def test_cron_schedules_are_met(after: int, minute: int, hour: int) -> None:
    due = datetime.datetime.fromtimestamp(next_time(f"{minute} {hour} * * *", after), datetime.UTC)
    assert (due.minute, due.hour, due.second) == (minute, hour, 0)
    assert 0 < due.timestamp() - after <= 86400
