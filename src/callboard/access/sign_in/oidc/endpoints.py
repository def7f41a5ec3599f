"""What is asked of a provider: tokens for a code or a refresh token, what it says of a person, its keys.

Nothing of an answer reaches an error but the few words that the standards know.
"""

import base64
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec
import structlog

from callboard.access.sign_in.oidc.metadata import BOUNDS, may_ask
from callboard.base.errors import NotSignedIn, Unavailable
from callboard.base.secret import Secret
from callboard.outbound import Outbound, WebAnswer

__all__ = ["ERRORS", "ProviderClient", "TokenAnswer"]

ERRORS: Final = frozenset(
    {
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "login_required",
        "server_error",
        "temporarily_unavailable",
        "unauthorized_client",
        "unsupported_response_type",
    }
)
"""Those of OAuth 2.0 and OpenID Connect; others are not repeated."""
_PASSING: Final = frozenset({"server_error", "temporarily_unavailable"})
_OF_US: Final = frozenset(
    {"invalid_client", "invalid_request", "invalid_scope", "unauthorized_client", "unsupported_response_type"}
)
"""They speak of how Callboard is registered there, and say nothing of the person."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a token endpoint gave."""

    access_token: str = ""
    id_token: str = ""
    refresh_token: str = ""
    expires_in: float | str | None = None

    @property
    def seconds(self) -> float:
        """How long the access token is good for; five minutes where that is not said."""
        try:
            return min(max(float(self.expires_in or 300.0), 1.0), 86_400.0)
        except ValueError:
            return 300.0


class _Error(msgspec.Struct, frozen=True):
    error: str = ""


class ProviderClient:
    """Asks one provider, as one client. `url` is what the operator wrote down."""

    def __init__(
        self, url: str, outbound: Outbound, *, client_id: str, secret: Secret | None, method: str | None
    ) -> None:
        self._check = may_ask(url)
        self._outbound = outbound
        self._id = client_id
        self._secret = secret
        self._method = method or ("client_secret_basic" if secret is not None else "none")

    async def tokens(self, endpoint: str, fields: Mapping[str, str]) -> TokenAnswer:
        """What the token endpoint gives for a grant. Raises NotSignedIn where it refuses, Unavailable."""
        headers = {"Accept": "application/json"}
        body = dict(fields)
        if self._method == "client_secret_basic" and self._secret is not None:
            pair = f"{quote(self._id, safe='')}:{quote(self._secret.reveal(), safe='')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            body["client_id"] = self._id
            if self._method == "client_secret_post" and self._secret is not None:
                body["client_secret"] = self._secret.reveal()
        answer = await self._outbound.post_form(endpoint, self._check, body, headers=headers, bounds=BOUNDS)
        if answer.status != 200:
            raise self._refused(answer)
        return _decoded(answer, TokenAnswer)

    async def keys(self, address: str) -> bytes:
        """The provider's key set. Raises Unavailable."""
        answer = await self._outbound.get(address, self._check, bounds=BOUNDS)
        if answer.status != 200:
            raise Unavailable(f"{answer.address.shown} answered {answer.status}", code="provider-away")
        return answer.body

    async def user_info(self, endpoint: str, access_token: str) -> Mapping[str, object]:
        """What it says of the person an access token is of. Raises Unavailable."""
        headers = {"Accept": "application/json", "Authorization": f"Bearer {access_token}"}
        answer = await self._outbound.get(endpoint, self._check, headers=headers, bounds=BOUNDS)
        if answer.status != 200:
            raise Unavailable(f"{answer.address.shown} answered {answer.status}", code="provider-away")
        found: Mapping[str, object] = _decoded(answer, dict[str, object])
        return found

    def _refused(self, answer: WebAnswer) -> Exception:
        try:
            word = msgspec.json.decode(answer.body, type=_Error).error
        except msgspec.DecodeError:
            word = ""
        word = word if word in ERRORS else ""
        if answer.status >= 500 or answer.status == 429 or word in _PASSING or not word:
            return Unavailable(f"{answer.address.shown} answered {answer.status}", code="provider-away")
        if word in _OF_US:
            _log.error("the identity provider does not take what we ask as we ask it", error=word)
            return Unavailable("The identity provider does not know Callboard.", code="provider-refuses-us")
        return NotSignedIn(f"The identity provider refused ({word}).", code="provider-refused")


def _decoded(answer: WebAnswer, type_: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=type_)
    except msgspec.DecodeError:
        raise Unavailable(f"{answer.address.shown} gave no usable JSON", code="provider-broken") from None
