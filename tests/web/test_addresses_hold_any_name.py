"""Any cluster or object name survives the way through an address, and none changes its shape."""

from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from callboard.portal.views import ObjectKey
from callboard.web.queries import object_key
from callboard.web.urls import Urls, from_segment, segment
from support.web_scenes import REF, StubPortal
from support.web_server import get, serving

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60) | st.sampled_from(
    [
        ".",
        "..",
        "...",
        "%2F",
        "%252e",
        "a/b",
        "arn:aws:eks:eu-west-1:1:cluster/x",
        "default/api:6443/kube:admin",
        "-",
        "a\\b",
        "a?b#c",
    ]
)


@given(NAMES)
def test_a_segment_reads_back_what_was_written(name: str) -> None:
    written = segment(name)
    assert "/" not in unquote(written)
    assert "\\" not in unquote(written)
    assert unquote(written) not in (".", "..")
    assert from_segment(unquote(written)) == name


@given(NAMES, NAMES)
def test_a_key_reads_back_from_its_address(cluster: str, name: str) -> None:
    key = ObjectKey(cluster, "pods", "", name)
    parts = unquote(Urls().object_url(REF, key)).split("/")
    assert len(parts) == 11
    assert (
        object_key(dict(zip(("cluster", "type", "object_namespace", "object_name"), parts[7:], strict=True)))
        == key
    )


async def test_a_cluster_named_like_a_path_opens_over_the_wire() -> None:
    for name in ("default/api:6443/kube:admin", "..", "%2e%2e", "a?b#c", "<b>"):
        key = ObjectKey(name, "pods", "dice", "p")
        async with serving(StubPortal()) as base:
            answer = await get(base, Urls().object_url(REF, key), {"X-Callboard-Drawer": "1"})
        assert answer.status == 200
        assert "<b>" not in answer.text
