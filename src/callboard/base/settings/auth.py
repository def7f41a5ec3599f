"""The `auth` section: with whom people sign in, in Backstage's own spelling."""

from typing import Literal

import msgspec

from callboard.base.secret import Secret
from callboard.base.settings.forms import HumanDuration, Opaque, RestOptions, SettingsStruct

__all__ = [
    "AuthSessionSettings",
    "AuthSettings",
    "ClientSettings",
    "GithubProviderSettings",
    "GitlabProviderSettings",
    "GoogleProviderSettings",
    "GuestProviderSettings",
    "MicrosoftProviderSettings",
    "OidcClientSettings",
    "OidcProviderSettings",
    "OktaProviderSettings",
    "ProvidersSettings",
    "ResolverSettings",
    "SignInSettings",
]

ResolverName = Literal[
    "emailMatchingUserEntityProfileEmail",
    "emailMatchingUserEntityAnnotation",
    "usernameMatchingUserEntityName",
    "preferredUsernameMatchingUserEntityName",
    "oidcSubClaimMatchingKeycloakUserId",
    "userIdMatchingUserEntityAnnotation",
    "claimMatchingUserEntityAnnotation",
    "claimMatchingUserEntityName",
]


class ResolverSettings(SettingsStruct, frozen=True, kw_only=True):
    """One of `signIn.resolvers`: how a person becomes a User of the catalog."""

    resolver: ResolverName
    """`emailMatchingUserEntityProfileEmail`: the whole address of an email that the provider has verified is the User's
    `spec.profile.email`. `emailMatchingUserEntityAnnotation`: it is the User's annotation `google.com/email`.
    `usernameMatchingUserEntityName`, `preferredUsernameMatchingUserEntityName`: the account's username
    (`preferred_username`) is the User's name; for providers alone where nobody chooses their own username.
    `oidcSubClaimMatchingKeycloakUserId`: the claim `sub` is the annotation `keycloak.org/id`.
    `userIdMatchingUserEntityAnnotation`: the claim `oid` is the annotation `graph.microsoft.com/user-id`. With
    `claimMatchingUserEntityAnnotation` and `claimMatchingUserEntityName` you say which `claim` is which `annotation`, or is
    the User's name; it must be one that people cannot change themselves."""

    claim: str | None = None
    """Of `claimMatching…`: the claim's name."""

    annotation: str | None = None
    """Of `claimMatchingUserEntityAnnotation`: the annotation's name."""


class SignInSettings(SettingsStruct, frozen=True, kw_only=True):
    """`signIn` of a provider."""

    resolvers: tuple[ResolverSettings, ...] = ()
    """Tried in their order; the first that finds a User counts. Default: that of the verified email."""


class ClientSettings(SettingsStruct, frozen=True, kw_only=True):
    """What every provider needs to know us by."""

    client_id: str
    """The id that the provider gave to Callboard."""

    client_secret: Secret | None = None
    """The secret that goes with it. Default: none, for providers that know a client by PKCE alone."""

    additional_scopes: tuple[str, ...] = ()
    """Scopes to ask for beside `openid profile email`; one text with blanks will do. `offline_access` makes most providers
    give a refresh token."""

    prompt: str | None = None
    """What the provider should ask of people each time: `login`, `consent`, `select_account`; `auto` is as none.
    Default: what the provider thinks right."""

    start_url_search_params: dict[str, str] = msgspec.field(default_factory=dict)
    """Further parameters for the provider's page, e.g. `{access_type: offline}` for Google."""

    session_duration: HumanDuration | None = None
    """How long somebody stays signed in at most, where it is less than `callboard.auth.sessionLifetime`."""

    sign_in: SignInSettings = SignInSettings()
    """Who somebody is in the catalog."""

    title: str | None = None
    """What the button on the sign-in page calls it. Default: the provider's name."""


class OidcClientSettings(ClientSettings, frozen=True, kw_only=True):
    """What providers of OpenID Connect have in common."""

    token_endpoint_auth_method: Literal["client_secret_basic", "client_secret_post", "none"] | None = None
    """How we prove to the provider that it is us. Default: `client_secret_basic`, `none` without a secret."""

    token_signed_response_alg: Literal[
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"
    ] = "RS256"
    """The algorithm that signs ID tokens; others are refused. Default: what OpenID Connect says where nothing is agreed."""


class OidcProviderSettings(OidcClientSettings, frozen=True, kw_only=True):
    """`auth.providers.oidc.ENVIRONMENT`: any provider of OpenID Connect (Keycloak, Dex, Entra, Auth0 …)."""

    metadata_url: str
    """Where the provider describes itself: `https://…/.well-known/openid-configuration`. Plain `http` on loopback only."""


class GoogleProviderSettings(OidcClientSettings, frozen=True, kw_only=True):
    """`auth.providers.google.ENVIRONMENT`."""

    hosted_domain: str | None = None
    """The Google Workspace domain that people have to belong to (the claim `hd`). Default: any."""


class MicrosoftProviderSettings(OidcClientSettings, frozen=True, kw_only=True):
    """`auth.providers.microsoft.ENVIRONMENT`: Entra ID. It verifies no email, so say `userIdMatchingUserEntityAnnotation`."""

    tenant_id: str
    """Your tenant's id. `common` and its kin, which let anybody's tenant in, are refused."""

    domain_hint: str | None = None
    """Passed on, so that people need not choose among their accounts."""


class OktaProviderSettings(OidcClientSettings, frozen=True, kw_only=True):
    """`auth.providers.okta.ENVIRONMENT`."""

    audience: str
    """Your Okta address, e.g. `https://company.okta.com`."""

    auth_server_id: str | None = None
    """The authorization server, e.g. `default`. Default: the organisation's own."""

    idp: str | None = None
    """The identity provider that Okta should use. Default: Okta's choice."""


class GitlabProviderSettings(OidcClientSettings, frozen=True, kw_only=True):
    """`auth.providers.gitlab.ENVIRONMENT`."""

    audience: str = "https://gitlab.com"
    """The GitLab server."""


class GithubProviderSettings(ClientSettings, frozen=True, kw_only=True):
    """`auth.providers.github.ENVIRONMENT`: GitHub's OAuth, which is no OpenID Connect."""

    enterprise_instance_url: str | None = None
    """A GitHub Enterprise server, e.g. `https://github.example.org`. Default: github.com."""

    organization: str | None = None
    """The organization that people have to be members of; asks for the scope `read:org`. Default: none, so that anybody
    with an account at GitHub can prove who they are; whether that lets them in is said by `callboard.auth.unknownPeople`."""


class GuestProviderSettings(SettingsStruct, frozen=True, kw_only=True):
    """`auth.providers.guest`: for trials. On loopback only, whatever is said."""

    user_entity_ref: str = "user:development/guest"
    """Who a guest is."""

    ownership_entity_refs: tuple[str, ...] = ()
    """The groups a guest is in, as entity refs."""


class ProvidersSettings(SettingsStruct, frozen=True, kw_only=True):
    """`auth.providers`: by provider, then by environment (`auth.environment` says which counts)."""

    oidc: dict[str, OidcProviderSettings] = msgspec.field(default_factory=dict)
    """Any provider of OpenID Connect."""

    google: dict[str, GoogleProviderSettings] = msgspec.field(default_factory=dict)
    """Google."""

    microsoft: dict[str, MicrosoftProviderSettings] = msgspec.field(default_factory=dict)
    """Entra ID."""

    okta: dict[str, OktaProviderSettings] = msgspec.field(default_factory=dict)
    """Okta."""

    gitlab: dict[str, GitlabProviderSettings] = msgspec.field(default_factory=dict)
    """GitLab."""

    github: dict[str, GithubProviderSettings] = msgspec.field(default_factory=dict)
    """GitHub."""

    guest: GuestProviderSettings | None = None
    """Whoever reaches the listener on loopback may come in as a guest. Default: nobody."""

    options: RestOptions = Opaque()
    """Ways that extensions bring, by the key they are registered under; each with options of its own."""


class AuthSessionSettings(SettingsStruct, frozen=True, kw_only=True):
    """`auth.session`."""

    secret: Secret | None = None
    """What seals sign-ins that are under way and the tokens of a provider that are kept; at least 16 characters, the same for all
    servers of one database. Default: none: a key of the process, so that after a restart providers are not asked anew
    about those who were signed in, and a sign-in that was under way begins again. To change it, write the old one to
    `callboard.auth.formerSecrets`."""


class AuthSettings(SettingsStruct, frozen=True, kw_only=True):
    """`auth`, as in Backstage. With any provider, Callboard may listen on any address."""

    environment: str = "development"
    """Which entry of each provider counts. Default: Backstage's."""

    session: AuthSessionSettings = AuthSessionSettings()
    """Sealing."""

    providers: ProvidersSettings = ProvidersSettings()
    """With whom people sign in."""
