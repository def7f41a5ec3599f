"""A listener that faces people: who has to sign in, over what, and by which names; its certificate may be renewed."""

import asyncio
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.access.door import FrontDoor
from callboard.access.sessions import Sessions
from callboard.access.sign_in.ways import SignInWays, WayInForce
from callboard.app.entrance import Entrance
from callboard.app.facing import may_face_people, policy_of
from callboard.base.clock import FakeClock
from callboard.base.errors import UsageError
from callboard.base.fence import Fence
from callboard.base.secret import Secret
from callboard.base.settings import (
    AppSettings,
    BackendSettings,
    CallboardAuthSettings,
    CallboardSettings,
    CertificateSettings,
    HttpsSettings,
    Settings,
    WebSettings,
)
from callboard.model.door import Admitted, Refused, RequestFacts, RouteClass
from callboard.simulator.serving.certificates import Authority

HTTPS = HttpsSettings(certificate=CertificateSettings(cert="c", key=Secret("k")))


def settings(base: str | None, *, https: bool = False, proxies: tuple[str, ...] = ()) -> Settings:
    return Settings(
        app=AppSettings(base_url=base),
        backend=BackendSettings(https=HTTPS if https else None),
        callboard=CallboardSettings(web=WebSettings(trusted_proxies=proxies)),
    )


def ways(*keys: str) -> SignInWays:
    found = SignInWays()
    made = {k: WayInForce(key=k, title=k, way=object(), fence=Fence(k), rules=()) for k in keys}
    found.use(made, CallboardAuthSettings())
    return found


PORTAL = "https://portal.example.org"


@pytest.mark.parametrize(
    ("said", "by", "code"),
    [
        (settings(PORTAL, https=True), (), "sign-in-required"),
        (settings(None, https=True), ("oidc",), "base-url-required"),
        (settings(PORTAL), ("oidc",), "tls-required"),
        (settings("http://portal.example.org", proxies=("10.0.0.0/8",)), ("oidc",), "tls-required"),
        (settings(PORTAL, https=True), ("oidc",), ""),
        (settings(PORTAL, proxies=("10.0.0.0/8",)), ("oidc",), ""),
    ],
)
def test_nobody_listens_to_people_without_sign_in_and_tls(
    said: Settings, by: tuple[str, ...], code: str
) -> None:
    if not code:
        may_face_people(said, ways(*by), "0.0.0.0")
        return
    with pytest.raises(UsageError) as told:
        may_face_people(said, ways(*by), "0.0.0.0")
    assert told.value.code == code


def door(said: Settings) -> FrontDoor:
    secure = said.backend.https is not None
    entrance = Entrance(host="0.0.0.0", port=7007, secure=secure, public=said.app.base_url or "")
    policy = policy_of(said, entrance, open_=False, loopback=False)
    return FrontDoor(policy, Sessions(FakeClock()), ways=ways("oidc"))


@pytest.mark.parametrize(
    ("host", "peer", "route", "status"),
    [
        ("portal.example.org", "10.1.1.1", RouteClass.READ, 401),
        ("portal.example.org", "10.1.1.1", RouteClass.SIGN_IN, 0),
        ("portal.example.org", "11.1.1.1", RouteClass.SIGN_IN, 403),
        ("portal.example.org", "11.1.1.1", RouteClass.READ, 403),
        ("evil.example", "10.1.1.1", RouteClass.SIGN_IN, 421),
        ("evil.example", "10.1.1.1", RouteClass.PUBLIC, 421),
        ("10.9.8.7:7007", "11.1.1.1", RouteClass.PUBLIC, 0),  # a kubelet
        ("10.9.8.7:7007", "11.1.1.1", RouteClass.METRICS, 0),
        ("10.9.8.7:7007", "10.1.1.1", RouteClass.READ, 421),
        ("10.9.8.7:7007", "10.1.1.1", RouteClass.SIGN_IN, 421),
    ],
)
async def test_behind_a_proxy_people_come_by_it_and_by_its_name(
    host: str, peer: str, route: RouteClass, status: int
) -> None:
    facts = RequestFacts(method="GET", path="/", host=host, peer=peer)
    answer = await door(settings(PORTAL, proxies=("10.0.0.0/8",))).admit(facts, route)
    assert (answer.status if isinstance(answer, Refused) else 0) == status
    if isinstance(answer, Admitted):
        assert answer.caller.kind == "anonymous"


@pytest.mark.parametrize(
    ("said", "host", "name", "secure"),
    [
        (settings(PORTAL, proxies=("10.0.0.0/8",)), "portal.example.org", "__Host-callboard", True),
        (settings(PORTAL, https=True), "portal.example.org", "__Host-callboard", True),
        (settings(f"{PORTAL}/tools", https=True), "portal.example.org", "__Secure-callboard", True),
        (settings("http://localhost:7007"), "localhost:7007", "callboard_7007", False),
    ],
)
def test_over_tls_the_cookie_has_a_name_that_nobody_else_can_set(
    said: Settings, host: str, name: str, secure: bool
) -> None:
    base = "/tools" if (said.app.base_url or "").endswith("/tools") else ""
    entrance = Entrance(
        host="127.0.0.1",
        port=7007,
        secure=said.backend.https is not None,
        base=base,
        public=said.app.base_url or "",
    )
    cookie = policy_of(said, entrance, open_=False, loopback=True).cookie_for(host)
    assert (cookie.name, cookie.secure, cookie.path) == (name, secure, base or "/")


async def served_certificate(port: int) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    found: Any = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    assert isinstance(found, bytes)
    return found


async def test_a_renewed_certificate_is_served_without_a_restart(tmp_path: Path) -> None:
    def write() -> bytes:
        pair = Authority().server()
        (tmp_path / "key.pem").write_text(pair.key)
        (tmp_path / "cert.pem").write_text(pair.certificate)
        return ssl.PEM_cert_to_DER_cert(pair.certificate)

    first = write()
    config = {
        "backend": {"https": {"certificate": {"cert": {"$file": "cert.pem"}, "key": {"$file": "key.pem"}}}},
        "catalog": {"locations": []},
        "callboard": {"dataDirectory": str(tmp_path / "data"), "watchInterval": 0.1},
    }
    (tmp_path / "app-config.yaml").write_text(yaml.safe_dump(config))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from callboard.app.main import main; main()"),
        *("serve", "--config", str(tmp_path / "app-config.yaml"), "--port", "0"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(60):
            line = b""
            while b"/sign-in?token=" not in line:
                line = await process.stdout.readline()
                assert line
            port = int(line.decode().rpartition("/sign-in")[0].rpartition(":")[2])
            assert await served_certificate(port) == first
            second = write()
            while await served_certificate(port) != second:  # noqa: ASYNC110  # another process tells no event
                await asyncio.sleep(0.05)
    finally:
        process.terminate()
        await process.communicate()
