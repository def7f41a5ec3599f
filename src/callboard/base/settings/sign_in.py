"""`callboard.auth`: what Backstage has no key for about who people are."""

from typing import Annotated, Literal

import msgspec

from callboard.base.secret import Secret
from callboard.base.settings.auth import SignInSettings
from callboard.base.settings.forms import Seconds, SettingsStruct

__all__ = ["BackstageTokensSettings", "CallboardAuthSettings", "ClaimedGroupsSettings", "ProxySignInSettings"]

Positive = Annotated[Seconds, msgspec.Meta(gt=0)]


class ClaimedGroupsSettings(SettingsStruct, frozen=True, kw_only=True):
    """Groups that the provider tells of, beside those of the catalog."""

    claim: str | None = None
    """The claim that holds them: a list of texts, or one with blanks or commas between. Default: none is read, because the
    catalog says who is in which group."""

    annotation: str | None = None
    """The annotation of a Group whose value is what the claim holds, e.g. `graph.microsoft.com/group-id`. Default: what the claim
    holds is the Group's name; a slash before it is passed over."""

    namespace: str = "default"
    """The namespace of Groups that are told by name."""


class ProxySignInSettings(SettingsStruct, frozen=True, kw_only=True):
    """A proxy in front that has signed people in. With `header` it brings a signed token; with `userHeader` plain words, which
    are believed from the addresses of `from` alone and refused from any other."""

    title: str | None = None
    """What the sign-in page calls it. Default: its name here."""

    header: str | None = None
    """The header with the signed token: `X-Goog-IAP-JWT-Assertion` (Google IAP), `X-Amzn-Oidc-Data` (AWS ALB),
    `Cf-Access-Jwt-Assertion` (Cloudflare), `Teleport-Jwt-Assertion`, `Authorization` (oauth2-proxy with
    `--pass-authorization-header`)."""

    issuer: str | None = None
    """Of a signed token: the claim `iss`, exactly."""

    audience: tuple[str, ...] = ()
    """Of a signed token: values of `aud` that are ours; one of them has to be there. For an AWS ALB, the ARN of the load
    balancer (its header `signer`)."""

    jwks_url: str | None = None
    """Of a signed token: where the issuer's keys are (RFC 7517); or, with `{kid}` in it, where the one key of that id is, as PEM
    (AWS: `https://public-keys.auth.elb.REGION.amazonaws.com/{kid}`)."""

    algorithm: Literal["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] = (
        "RS256"
    )
    """Of a signed token: the one algorithm. IAP and ALB use `ES256`."""

    account_claim: str = "sub"
    """Of a signed token: the claim that is the issuer's own name for somebody, never given to anybody else."""

    user_header: str | None = None
    """Plain: the header with the account's name, e.g. `X-Forwarded-User`."""

    email_header: str | None = None
    """Plain: the header with the email, which counts as verified."""

    groups_header: str | None = None
    """Plain: the header with the groups, commas between; told as the claim `groups`."""

    from_: tuple[str, ...] = msgspec.field(default=(), name="from")
    """Plain: addresses and networks that the proxy asks us from, e.g. `10.2.3.4` or `10.2.0.0/24`."""

    sign_in: SignInSettings = SignInSettings()
    """As `signIn` of `auth.providers`: who somebody is in the catalog."""


class BackstageTokensSettings(SettingsStruct, frozen=True, kw_only=True):
    """A Backstage whose tokens are taken: its people's, and those that its plugins sign."""

    base_url: str
    """Its `backend.baseUrl`: people's tokens are issued by `/api/auth` there, and each plugin's keys are below its own path."""

    plugin: str = "callboard"
    """The plugin that we are to it: the audience that tokens of plugins must have."""

    plugins: tuple[str, ...] = ()
    """Ids of plugins that may ask us. Default: none; people's tokens are taken all the same."""

    may: tuple[str, ...] = ("catalog.entity.read", "kubernetes.clusters.read", "kubernetes.resources.read")
    """What a plugin may do that speaks for nobody; for a person, it may do what they may."""


class CallboardAuthSettings(SettingsStruct, frozen=True, kw_only=True):
    """`callboard.auth`."""

    unknown_people: Literal["refuse", "plain"] = "refuse"
    """What becomes of somebody who has signed in and is no User of the catalog: refused, or let in as a plain person without
    groups. Default: refused, because a provider often knows many more people than those who should come in."""

    groups: ClaimedGroupsSettings = ClaimedGroupsSettings()
    """Groups that the provider tells of."""

    session_lifetime: Positive = 8 * 3600.0
    """Seconds that a session lasts at most, used or not. Default: a working day."""

    session_idle: Positive = 2 * 3600.0
    """Seconds without a request after which a session ends; an open page asks all the time."""

    former_secrets: tuple[Secret, ...] = ()
    """Values that `auth.session.secret` had before: what they sealed can still be read. Remove one when `sessionLifetime` has
    passed."""

    allow_guest: bool = False
    """Whether `auth.providers.guest` counts. Default: no, because everybody on this machine could come in, and a new
    Backstage's configuration has it without anybody having asked for it."""

    backstage: BackstageTokensSettings | None = None
    """A Backstage whose tokens are taken. Default: none."""

    proxies: dict[str, ProxySignInSettings] = msgspec.field(default_factory=dict)
    """Proxies in front that have signed people in, by a name of your choice."""
