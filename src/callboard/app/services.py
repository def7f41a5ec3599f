"""Services beside as extensions among the others, and what tells them who asks."""

from collections.abc import Mapping, Sequence

from callboard.access.identity_tokens import IdentityTokens
from callboard.app.plugins import Extension
from callboard.base.clock import Clock
from callboard.base.settings import Settings
from callboard.host.beside.services import MadeService, ServicesBeside
from callboard.host.declared import DECLARED

__all__ = ["identity_tokens_of", "offers_of", "services_of"]


def identity_tokens_of(settings: Settings, clock: Clock) -> IdentityTokens:
    """By the configured secret, and those before it."""
    secret = settings.auth.session.secret
    keys = () if secret is None else (secret, *settings.callboard.auth.former_secrets)
    return IdentityTokens(clock, keys, (settings.app.base_url or "").rstrip("/"))


def services_of(
    settings: Settings, beside: ServicesBeside | None, names: Sequence[str]
) -> Mapping[str, MadeService]:
    """Those of the configuration; `names` are of the other extensions. Raises BadInputs."""
    if beside is None:
        return {}
    return beside.made(
        settings.callboard.services, settings.callboard.outbound.ca_file or "", (DECLARED, *names)
    )


def offers_of(made: MadeService) -> Extension:
    """What one of them offers."""
    offers = {"callboard_routes": made.routes, "callboard_tabs": made.tabs}
    return Extension(made.service.name, offers)
