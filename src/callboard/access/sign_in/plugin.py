"""Callboard's own ways to sign in, through the hook that anyone uses: those that a configuration names, each under its key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from callboard.access.sign_in.github import GithubWay
from callboard.access.sign_in.guests import GuestWay
from callboard.access.sign_in.oidc.way import OidcWay
from callboard.access.sign_in.proxies import proxy_way
from callboard.base.clock import Clock
from callboard.base.settings import OidcClientSettings, Settings
from callboard.extend.hooks import hookimpl
from callboard.extend.registration import PartConfig, Registration
from callboard.outbound import Outbound

__all__ = ["SignInPlugin", "titles_of"]

_WELL_KNOWN = "/.well-known/openid-configuration"
_TITLES = {
    "oidc": "Sign in",
    "google": "Google",
    "microsoft": "Microsoft",
    "okta": "Okta",
    "gitlab": "GitLab",
    "github": "GitHub",
    "guest": "Look around as a guest",
}


class SignInPlugin:
    """The ways of one configuration. What they ask goes by `outbound`."""

    def __init__(self, settings: Settings, outbound: Outbound, clock: Clock) -> None:
        self._settings = settings
        self._outbound = outbound
        self._clock = clock

    @hookimpl
    def callboard_sign_in(self) -> Sequence[Registration[Any]]:
        """Those of the environment in force."""
        return tuple(Registration(key, _making(make)) for key, make in self._makers())

    def _makers(self) -> Iterator[tuple[str, Callable[[], object]]]:
        auth = self._settings.auth
        environment, providers = auth.environment, auth.providers
        if (oidc := providers.oidc.get(environment)) is not None:
            yield "oidc", self._oidc(oidc, oidc.metadata_url)
        if (google := providers.google.get(environment)) is not None:
            domain = google.hosted_domain or ""
            yield (
                "google",
                self._oidc(
                    google,
                    f"https://accounts.google.com{_WELL_KNOWN}",
                    {"hd": domain} if domain else {},
                    hosted_domain=domain,
                ),
            )
        if (microsoft := providers.microsoft.get(environment)) is not None:
            host = f"https://login.microsoftonline.com/{microsoft.tenant_id}/v2.0"
            hint = {"domain_hint": microsoft.domain_hint} if microsoft.domain_hint else {}
            yield "microsoft", self._oidc(microsoft, f"{host}{_WELL_KNOWN}", hint)
        if (okta := providers.okta.get(environment)) is not None:
            server = f"/oauth2/{okta.auth_server_id}" if okta.auth_server_id else ""
            hint = {"idp": okta.idp} if okta.idp else {}
            yield "okta", self._oidc(okta, f"{okta.audience.rstrip('/')}{server}{_WELL_KNOWN}", hint)
        if (gitlab := providers.gitlab.get(environment)) is not None:
            yield "gitlab", self._oidc(gitlab, f"{gitlab.audience.rstrip('/')}{_WELL_KNOWN}")
        if (github := providers.github.get(environment)) is not None:
            yield "github", partial(GithubWay, github, self._outbound, self._clock)
        for name, proxy in self._settings.callboard.auth.proxies.items():
            yield name, partial(proxy_way, name, proxy, self._outbound, self._clock)
        if providers.guest is not None and self._settings.callboard.auth.allow_guest:
            yield "guest", GuestWay

    def _oidc(
        self,
        settings: OidcClientSettings,
        metadata_url: str,
        more: Mapping[str, str] | None = None,
        *,
        hosted_domain: str = "",
    ) -> Callable[[], OidcWay]:
        return lambda: OidcWay(
            settings, metadata_url, self._outbound, self._clock, hosted_domain=hosted_domain, more=more
        )


def _making(make: Callable[[], object]) -> Callable[[PartConfig], object]:
    return lambda config: make()


def titles_of(settings: Settings) -> dict[str, str]:
    """What the sign-in page calls each of our own ways."""
    environment, providers = settings.auth.environment, settings.auth.providers
    titles = dict(_TITLES)
    for key in ("oidc", "google", "microsoft", "okta", "gitlab", "github"):
        client = getattr(providers, key).get(environment)
        if client is not None and client.title:
            titles[key] = client.title
    proxies = settings.callboard.auth.proxies
    return titles | {name: each.title or name for name, each in proxies.items()}
