"""Which addresses may be connected to, and the one form in which a URL is compared and sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import NotAllowed
from callboard.outbound import Network, address_of
from callboard.outbound.address import normal_path
from callboard.outbound.network import may_connect


@pytest.mark.parametrize(
    "address",
    [
        "93.184.216.34",
        "8.8.8.8",
        "2606:2800:220:1::1",
        "64:ff9b::808:808",
        "2002:808:808::1",
        "::ffff:8.8.8.8",
        "192.0.0.9",
    ],
)
def test_the_worlds_addresses_may_be_reached(address: str) -> None:
    assert may_connect(address, Network.PUBLIC)
    assert may_connect(address, Network.OURS)


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.255.0.1",
        "100.64.0.1", "100.127.255.254", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "240.0.0.1",
        "192.88.99.1", "::1", "fd12::1", "fc00::1", "fec0::1", "feff::1", "2001:db8::1", "3fff::1", "100::1",
        "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:192.168.0.1", "64:ff9b::a00:1", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "2002:a00:1::1", "2002:7f00:1::", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2606:2800::5efe:10.0.0.1", "2606:2800::200:5efe:10.0.0.1", "fd12::1%eth0",
    ],
)  # fmt: skip
def test_our_own_are_reached_only_where_the_operator_said_so(address: str) -> None:
    assert not may_connect(address, Network.PUBLIC)
    assert may_connect(address, Network.OURS)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.170.2", "0.0.0.0", "0.0.0.1", "224.0.0.1", "255.255.255.255",
        "100.100.100.200", "168.63.129.16", "192.0.0.192", "::", "fe80::1", "fe80::1%eth0", "ff02::1",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42",
        "::ffff:169.254.169.254", "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::ffff:0.0.0.0",
        "fe80::5efe:169.254.169.254", "2606:2800::5efe:169.254.169.254", "64:ff9b::6464:64c8",
        "", "localhost", "1", "0x7f.1", "127.1", "::ffff:999.1.1.1", "1.2.3.4.5", "é",
    ],
)  # fmt: skip
def test_some_are_never_reached(address: str) -> None:
    assert not may_connect(address, Network.PUBLIC)
    assert not may_connect(address, Network.OURS)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org.:8443/a", "https://example.org:8443/a"),
        ("https://example.org/a/./b/../c//d/", "https://example.org/a/c/d/"),
        ("https://example.org/%7euser/%2fa%3d", "https://example.org/~user/%2Fa%3D"),
        ("https://example.org/spéc.yaml?q=é", "https://example.org/sp%C3%A9c.yaml?q=%C3%A9"),
        ("https://example.org/a?b=%2e%2e/../c#frag", "https://example.org/a?b=%2e%2e/../c"),
        ("https://[2001:DB8::1]/a", "https://[2001:db8::1]/a"),
        ("https://example.org/a/..", "https://example.org/"),
        ("https://example.org/../../a", "https://example.org/a"),
        ("https://example.org/a{b}", "https://example.org/a%7Bb%7D"),
    ],
)
def test_an_address_has_one_form(url: str, text: str) -> None:
    assert address_of(url).text == text
    assert address_of(text).text == text


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org/a", "//example.org/a", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///a",
        "https://user@example.org/", "https://u:p@example.org/", "https://@example.org/", "https://exa mple.org/",
        "https://example.org/a b", "https://example.org/a\\b", "https://example.org/\ta", "https://example.org/\x7f",
        "https://exämple.org/", "https://example.org:99999/", "https://example.org:x/", "https://[::1/", "https://[x]/",
        "https://[fe80::1%25eth0]/", "https://example.org/%", "https://example.org/%2", "https://example.org/%zz",
        "https://example.org/%00", "https://example.org/%0d%0aHost:x", "https://example.org/..%2fa",
        "https://example.org/a/%2e%2e%2fb", "https://example.org/%252e%252e/a", "https://example.org/..%5ca",
        "https://example.org/..;/a", "https://example.org/%c0%ae%c0%ae/a", "https://example.org/\ud800",
        "https://2130706433/", "https://0x7f000001/", "https://127.1/", "https://0177.0.0.1/", "https://1.2.3.256/",
        "https://example.org/" + "a" * 9000,
    ],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed) as caught:
        address_of(url)
    assert caught.value.code == "url-not-allowed"
    assert "u:p" not in caught.value.message


@given(st.text(alphabet="ab/.%25efEF;\\é", max_size=30))
def test_the_normal_form_is_a_fixed_point_without_steps(path: str) -> None:
    normal = normal_path("/" + path)
    if normal is not None:
        assert normal_path(normal) == normal
        assert not {"..", "."} & set(normal.split("/"))
        assert "//" not in normal


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, "https://" + text, "https://example.org/" + text):
        try:
            assert address_of(url).text
        except NotAllowed as error:
            assert error.message  # noqa: PT017
