"""A stream is shared and kept: a credential that is a caller's own is refused at the last moment, too."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from callboard.base.errors import Unavailable
from callboard.extend import Credential, CredentialKind, Secret
from callboard.fleet.hub.streams.stream import Stream


@pytest.mark.parametrize("own", [False, True])
async def test_a_callers_own_credential_is_not_used_for_what_is_shared(own: bool) -> None:
    given = Credential(kind=CredentialKind.BEARER, identity="x", token=Secret("t"), own=own)

    async def credential() -> Credential:
        return given

    stream = cast(Any, SimpleNamespace(source=SimpleNamespace(credential=credential)))
    if own:
        with pytest.raises(Unavailable, match="caller's own"):
            await Stream.shared_credential(stream)
    else:
        assert await Stream.shared_credential(stream) is given
