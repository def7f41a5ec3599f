"""The ways to sign in and the listener of a configuration, made as the server makes them; nobody is asked."""

from collections.abc import Iterator, Mapping
from typing import cast

from callboard.access.sign_in.oidc.metadata import may_ask
from callboard.app.facing import may_face_people, proxies_of
from callboard.app.plugins import Plugins
from callboard.app.serve import certificate_files
from callboard.app.sign_in import SignInInForce, sealer_of
from callboard.base.clock import Clock
from callboard.base.errors import BadInput, BadInputs, CallboardError, Problem
from callboard.base.settings import Settings
from callboard.catalog.catalog import Catalog
from callboard.http.server import is_loopback
from callboard.outbound import Outbound, address_of, shown_url

__all__ = ["check_sign_in"]

_WELL_KNOWN = "/.well-known/"


def check_sign_in(settings: Settings, extensions: Plugins, clock: Clock, directory: str) -> None:
    """Raises BadInputs that tells all that is wrong."""
    problems = list(_wrong(settings, extensions, clock, directory))
    if problems:
        raise BadInputs(problems)


def _wrong(settings: Settings, extensions: Plugins, clock: Clock, directory: str) -> Iterator[Problem]:
    sign_in = SignInInForce(
        outbound=Outbound(), catalog=cast(Catalog, None), clock=clock, directory=directory
    )
    host = settings.backend.listen.host or "127.0.0.1"
    sign_in.guests = is_loopback(host)
    unasked = False
    for where, url in _addresses(settings).items():
        if (told := _address_problem(url)) is not None:
            unasked = True
            yield Problem(told[0], where=where, found=shown_url(url)[:200], expected=told[1])
        elif where.endswith("metadataUrl") and _WELL_KNOWN not in url:
            yield Problem(
                "not where a provider describes itself",
                where=where,
                found=shown_url(url)[:200],
                expected="…/.well-known/openid-configuration",
            )
    try:
        sign_in.put_to_use(settings, extensions)
        sealer_of(settings)
        proxies_of(settings)
        with certificate_files(settings.backend.https):
            pass
        for key in settings.auth.providers.options:
            if key not in sign_in.ways.ways:
                words = "no way to sign in of this name is had: an extension must bring it"
                yield Problem(words, where=f"auth.providers.{key}")
        if not is_loopback(host):
            may_face_people(settings, sign_in.ways, host)
    except BadInput as error:
        yield error.problem
    except CallboardError as error:
        if not unasked:  # else it has been told, and where
            yield Problem(
                error.message, where="backend.listen" if error.code.endswith("required") else "auth"
            )


def _addresses(settings: Settings) -> Mapping[str, str]:
    """Those that are asked, by the setting they stand in."""
    environment, providers = settings.auth.environment, settings.auth.providers
    found = {}
    if (oidc := providers.oidc.get(environment)) is not None:
        found[f"auth.providers.oidc.{environment}.metadataUrl"] = oidc.metadata_url
    if (okta := providers.okta.get(environment)) is not None:
        found[f"auth.providers.okta.{environment}.audience"] = okta.audience
    if (gitlab := providers.gitlab.get(environment)) is not None:
        found[f"auth.providers.gitlab.{environment}.audience"] = gitlab.audience
    for name, proxy in settings.callboard.auth.proxies.items():
        if proxy.jwks_url:
            found[f"callboard.auth.proxies.{name}.jwksUrl"] = proxy.jwks_url.replace("{kid}", "kid")
    if settings.callboard.auth.backstage is not None:
        found["callboard.auth.backstage.baseUrl"] = settings.callboard.auth.backstage.base_url
    for number, each in enumerate(settings.backend.auth.external_access):
        if each.options.url:
            found[f"backend.auth.externalAccess[{number}].options.url"] = each.options.url
    return found


def _address_problem(url: str) -> tuple[str, str] | None:
    try:
        may_ask(url)(address_of(url))
    except CallboardError:
        return "no address that is asked", "https://HOST/…, or http on this machine alone"
    return None
