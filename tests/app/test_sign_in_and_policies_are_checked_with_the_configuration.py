"""`callboard config check` makes the ways to sign in and the policies as the server does, and tells where."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from callboard.access.policies.keeping import read_policies
from callboard.app.checked_sign_in import check_sign_in
from callboard.app.checking import NoEntities, WrongThings, wired_check
from callboard.app.configuration import read_configuration
from callboard.app.plugins import Plugins
from callboard.app.policies import engine_of
from callboard.base.clock import SystemClock

CLIENT = {"clientId": "us", "clientSecret": "s"}
META = "https://id.example.com/.well-known/openid-configuration"
SIGNED = {
    "header": "X-Jwt",
    "issuer": "https://p.example.com",
    "audience": ["us"],
    "jwksUrl": "https://p.example.com/keys",
}
LISTEN = {"backend": {"listen": "0.0.0.0:7007"}}
SIGN_IN = {"auth": {"providers": {"oidc": {"development": {**CLIENT, "metadataUrl": META}}}}}


def oidc(url: str) -> dict[str, Any]:
    return {"auth": {"providers": {"oidc": {"development": {**CLIENT, "metadataUrl": url}}}}}


def proxy(**more: Any) -> dict[str, Any]:
    return {"callboard": {"auth": {"proxies": {"front": {**SIGNED, **more}}}}}


def policies(**more: Any) -> dict[str, Any]:
    return {"callboard": {"access": {"policies": more}}}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an issuer in place of what describes it": (
        oidc("https://id.example.com/realms/us"),
        "app-config.yaml:{line}: auth.providers.oidc.development.metadataUrl: not where a provider describes itself",
    ),
    "plain http": (oidc("http://id.example.com/.well-known/x"), "metadataUrl: no address that is asked"),
    "a password in an address": (oidc("https://me:hunter2@id.example.com/.well-known/x"), "metadataUrl: no address"),
    "no address": (oidc("id.example.com/.well-known/x"), "metadataUrl: no address that is asked"),
    "keys over plain http": (
        proxy(jwksUrl="http://p.example.com/{kid}"),
        "app-config.yaml:{line}: callboard.auth.proxies.front.jwksUrl: no address that is asked",
    ),
    "a signed token of nobody": (proxy(issuer=None), "callboard.auth.proxies.front: a signed token is checked by all of these"),
    "headers from anywhere": (
        {"callboard": {"auth": {"proxies": {"front": {"userHeader": "X-User"}}}}},
        "callboard.auth.proxies.front: from: plain headers are believed from listed addresses alone",
    ),
    "headers from no network": (
        {"callboard": {"auth": {"proxies": {"front": {"userHeader": "X-User", "from": ["10.0.0.0/99"]}}}}},
        "callboard.auth.proxies.front: from: plain headers",
    ),
    "an extension that is not there": (
        {"auth": {"providers": {"smartcard": {"development": {}}}}},
        "auth.providers.smartcard: no way to sign in of this name is had",
    ),
    "a proxy that is none": (
        {"callboard": {"web": {"trustedProxies": ["10.0.0.0/99"]}}},
        "callboard.web.trustedProxies",
    ),
    "a certificate of nothing": (
        {"backend": {"https": {"certificate": {"cert": "x", "key": "y"}}}},
        "app-config.yaml:{line}: backend.https.certificate: the certificate or its key cannot be read",
    ),
    "everybody without sign-in": (LISTEN, "needs sign-in"),
    "everybody without an address": ({**LISTEN, **SIGN_IN}, "needs app.baseUrl"),
    "everybody in the clear": (
        {**LISTEN, **SIGN_IN, "app": {"baseUrl": "http://c.example.com"}}, "without TLS",
    ),
    "policies that are not there": (policies(files=["nowhere.cedar"]), "nowhere.cedar: cannot be read"),
    "no file of policies": (policies(files=["none*.cedar"]), "app-config.yaml:{line}: callboard.access.policies.files: no file"),
    "a policy that cannot be read": (policies(files=["bad.cedar"]), "bad.cedar:2: the policy that begins here"),
    "a policy of what there is not": (policies(files=["odd.cedar"]), "odd.cedar:1: policy 1:"),
    "policies that are no text": (policies(files=["not-utf8.cedar"]), "not-utf8.cedar: is not UTF-8"),
    "an engine of nobody": (policies(engine="opa"), "app-config.yaml:{line}: callboard.access.policies.engine: no extension"),
}  # fmt: skip


def written(directory: Path, more: dict[str, Any]) -> Path:
    (directory / "bad.cedar").write_text("permit (principal, action, resource);\npermit (nobody);")
    (directory / "odd.cedar").write_text("permit (principal, action, resource) when { resource.colour };")
    (directory / "not-utf8.cedar").write_bytes(b"\xff\xfe")
    config = directory / "app-config.yaml"
    ours = more.get("callboard", {})
    document = {
        "kubernetes": {"serviceLocatorMethod": {"type": "multiTenant"}, "clusterLocatorMethods": []},
        "catalog": {"locations": []},
        **more,
        "callboard": {"dataDirectory": str(directory / "data"), **ours},
    }
    config.write_text(yaml.safe_dump(document))
    return config


async def told_of(config: Path, directory: Path) -> list[str]:
    """What is wrong with one configuration; without its fleet, which is looked at once below."""
    configuration = read_configuration([config], {}, directory)
    settings, wrong = configuration.settings, WrongThings(configuration.loaded)
    with wrong:
        check_sign_in(settings, Plugins(()), SystemClock(), str(directory))
    with wrong:
        await read_policies(settings.callboard.access.policies, directory)
    with wrong:
        engine_of(
            settings.callboard.access.policies,
            (),
            clock=SystemClock(),
            catalog=NoEntities(),
            directory=directory,
        )
    return wrong.found


@pytest.mark.parametrize("case", WRONG)
async def test_what_the_server_would_refuse_is_told_where_it_stands(case: str, tmp_path: Path) -> None:
    more, words = WRONG[case]
    config = written(tmp_path, more)
    found = await told_of(config, tmp_path)
    told = [p for p in found if words.partition("{line}")[2].strip(": ") in p or words in p]
    assert told, found
    assert "hunter2" not in str(found)
    if "{line}" in words:
        lines = config.read_text().splitlines()
        number = int(told[0].partition("app-config.yaml:")[2].partition(":")[0])
        last = words.partition("{line}: ")[2].partition(": ")[0].rpartition(".")[2]
        assert lines[number - 1].strip().startswith(f"{last}:"), (told, lines[number - 1])


async def test_what_the_server_would_take_is_no_problem(tmp_path: Path) -> None:
    for more in ({}, SIGN_IN, proxy(), policies(ready="by-owner"), proxy(jwksUrl="http://127.0.0.1:9/keys")):
        assert await told_of(written(tmp_path, more), tmp_path) == [], more
    assert (await wired_check([written(tmp_path, proxy())], tmp_path)).problems == ()


async def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    more = {**oidc("http://id.example.com/"), **policies(files=["bad.cedar"])}
    found = await wired_check([written(tmp_path, more)], tmp_path)
    assert len(found.problems) == 2, found
