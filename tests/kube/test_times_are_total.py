"""Times that a cluster, a token or a credential plugin tells: whatever they are, what is computed with them is a value."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.base.secret import Secret
from callboard.fleet.auth.claims import expiry_of
from callboard.kube.connection.connection import Connections
from callboard.kube.failure import retry_after_of
from callboard.kube.ingest.decode import decode_page
from callboard.kube.ingest.mending import mended
from callboard.kube.kubeconfig.credentials import _renewal
from callboard.model.cluster import Cluster, Credential, CredentialKind
from support.kube_objects import TYPES

NOW = datetime(2026, 11, 30, tzinfo=UTC)

zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
ENDS = [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
moments = st.one_of(
    st.datetimes(),
    st.datetimes(timezones=zones),
    st.sampled_from(ENDS).flatmap(lambda d: zones.map(lambda z: d.replace(tzinfo=z))),
)


@given(moments)
def test_a_credential_may_expire_whenever_it_likes(expires: datetime) -> None:
    assert _renewal(expires).tzinfo is not None
    credential = Credential(kind=CredentialKind.BEARER, identity="i", token=Secret("t"), expires=expires)
    found = expiry_of(credential)
    if found is not None:
        found.astimezone(UTC)
        assert isinstance(found - NOW, timedelta)


@pytest.mark.parametrize(
    "date",
    [
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 0001 00:00:00 +1400",
        "Mon, 30 Nov 2026 00:00:00 -0000",
        "Mon, 30 Nov 2026 00:00:00 +9999",
        "Mon, 30 Nov 99999 00:00:00 GMT",
        "yesterday",
        "",
    ],
)
async def test_a_clock_that_says_nothing_is_not_believed(date: str) -> None:
    async with Connections(clock=FakeClock(NOW), environment={}) as connections:
        cluster = Cluster(name="c", url="http://127.0.0.1:1")
        connections.clocks.note(cluster.url, date)
        assert connections.clock_offset(cluster) is None
        connections.clocks.note(cluster.url, "Mon, 30 Nov 2026 02:00:00 GMT")
        assert connections.clock_offset(cluster) == 7200


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("5", 5.0),
        ("9999999", 300.0),
        ("9" * 5000, None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 300.0),
        ("-1", None),
    ],
)
def test_nobody_is_waited_for_longer_than_minutes(said: str, seconds: float | None) -> None:
    headers = {"Retry-After": said, "Date": "Mon, 30 Nov 2026 00:00:00 GMT"}
    assert retry_after_of(headers) == seconds


@given(st.binary(max_size=60))
def test_mending_makes_text_of_anything_and_leaves_text_alone(raw: bytes) -> None:
    text = mended(raw)
    text.decode()
    assert mended(text) == text
    if b"\\u" not in raw:
        try:
            raw.decode()
        except UnicodeDecodeError:
            return
        assert text is raw


def test_an_object_with_a_name_nobody_can_have_is_told_and_the_others_stand() -> None:
    body = b'{"kind":"PodList","metadata":{},"items":[%s,%s]}' % (
        b'{"metadata":{"name":"%s"}}' % (b"x" * 300_000),
        b'{"metadata":{"name":"web"}}',
    )
    page = decode_page(body, TYPES["Pod"])
    assert [o.name for o in page.objects] == ["web"]
    assert "length" in page.malformed[0].message
