"""The last lines of a log are the same wherever its bytes are cut, and no line of it is held whole that is too long."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callboard.extend.parts import ProxyRequest, ProxyResponse
from callboard.kube.limits import Limits
from callboard.kube.reads.logs import Log, LogRequest, read_log
from callboard.model.cluster import Cluster, Credential, CredentialKind
from callboard.model.outcome import Failure

LONGEST = 16
NOBODY = Credential(kind=CredentialKind.ANONYMOUS, identity="nobody")


class Pieces:
    """A way through on which a log comes in these pieces."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        self.taken = 0

    def open(
        self, cluster: Cluster, credential: Credential, request: ProxyRequest
    ) -> AbstractAsyncContextManager[ProxyResponse | Failure]:
        async def body() -> AsyncIterator[bytes]:
            for piece in self.pieces:
                self.taken += 1
                yield piece

        @asynccontextmanager
        async def opened() -> AsyncIterator[ProxyResponse | Failure]:
            yield ProxyResponse(status=200, headers={"Content-Type": "text/plain"}, body=body())

        return opened()


async def read(pieces: Pieces, wanted: int, most: int = 10_000) -> Log:
    limits = msgspec.structs.replace(Limits(), max_log_line=LONGEST, max_log=most)
    cluster = Cluster(name="c", url="https://c.invalid")
    request = LogRequest(namespace="n", pod="p", tail_lines=wanted)
    return await read_log(pieces, cluster, NOBODY, request, limits)


def expected(whole: bytes, wanted: int) -> list[tuple[str, bool]]:
    lines = whole.split(b"\n")
    lines = lines if lines[-1] else lines[:-1]
    return [
        (line[:LONGEST].decode(errors="replace").removesuffix("\r"), len(line) > LONGEST)
        for line in lines[-wanted:]
    ]


_BYTES = st.lists(
    st.sampled_from([b"a", b"\n", b"\n\n", b"\r\n", b"x" * 40, b"\xff", "é".encode(), b"\x1b[0m"])
)


@given(_BYTES, st.integers(1, 8), st.data())
async def test_the_last_lines_are_the_same_wherever_the_bytes_are_cut(
    parts: list[bytes], wanted: int, data: st.DataObject
) -> None:
    whole = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    log = await read(Pieces(pieces), wanted)
    assert [(line.text, line.cut) for line in log.lines] == expected(whole, wanted)
    assert log.earlier == (len(expected(whole, 10**6)) > wanted)
    assert log.failure is None


async def test_a_log_without_an_end_is_read_to_its_bound_and_no_further() -> None:
    for piece in (b"all is well\n" * 500, b"x" * 6000, b"\n" * 6000):
        pieces = Pieces([piece] * 1000)
        log = await read(pieces, 100)
        assert log.later
        assert len(log.lines) <= 100
        assert pieces.taken <= 10_000 // len(piece) + 1
