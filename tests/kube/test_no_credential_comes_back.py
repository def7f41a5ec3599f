"""What we sent to prove ourselves is shown nowhere, though a server says it to us again."""

import asyncio
import base64
import json
from contextlib import aclosing

import pytest

from callboard.base.secret import Secret
from callboard.cli.text import json_text
from callboard.kube.connection.connection import Connections
from callboard.kube.in_force import MASK, InForce
from callboard.kube.reads.access_review import Access, Attributes, they_may
from callboard.kube.reads.lists import outcome_of
from callboard.kube.text import clean
from callboard.model.cluster import Cluster, Credential, CredentialKind
from callboard.model.outcome import Failure
from support.kube_client import PATIENT, QUESTION, bearer, raw_server
from support.watched import watch

TOKEN = "opaque/token+that=is~no.JWT"
BASIC = Credential(
    kind=CredentialKind.BASIC, identity="b", username="someone", token=Secret("a long password")
)
PAIR = base64.b64encode(b"someone:a long password").decode()


def answer(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d Said\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )


def status(**said: object) -> bytes:
    return json.dumps({"kind": "Status", "apiVersion": "v1", **said}).encode()


class Says:
    """Answers everything with the same."""

    def __init__(self, said: bytes) -> None:
        self.said = said

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if b"Content-Length: " in head:
                await reader.readexactly(int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]))
            writer.write(self.said)
            await writer.drain()


def pods(text: str) -> bytes:
    pod = {"metadata": {"name": "web", "annotations": {"said": text}}, "status": {"message": text}}
    return json.dumps({"kind": "PodList", "metadata": {"resourceVersion": "1"}, "items": [pod]}).encode()


@pytest.mark.parametrize(
    ("credential", "secrets"),
    [(bearer(TOKEN), [TOKEN]), (BASIC, ["a long password", PAIR])],
    ids=["token", "password"],
)
@pytest.mark.parametrize("how", ["message", "reason", "cut", "object"])
async def test_an_echo_is_not_shown(how: str, credential: Credential, secrets: list[str]) -> None:
    for secret in secrets:
        text = f"raw {secret} and again Basic {secret}."
        said = {
            "message": answer(403, status(message=text, reason="Forbidden", code=403)),
            "reason": answer(403, status(message="no", reason=secret, code=403)),
            "cut": answer(403, status(message="x" * 1020 + text, reason="Forbidden", code=403)),
            "object": answer(200, pods(text)),
        }[how]
        async with raw_server(Says(said)) as url, Connections(lambda n: PATIENT, environment={}) as made:
            outcome = await outcome_of(made.to(Cluster(name="c", url=url), credential), QUESTION)
        shown = repr(outcome) + "".join(o.raw.decode() for o in outcome.objects)
        assert secret not in shown
        assert secret[:12] not in shown
        if how in ("message", "object"):
            assert MASK in shown


async def test_an_echo_in_a_watch_is_not_kept() -> None:
    pod = {"metadata": {"name": "web", "uid": "u", "resourceVersion": "2", "annotations": {"a": TOKEN}}}
    line = json.dumps({"type": "ADDED", "object": pod}).encode() + b"\n"
    said = b"HTTP/1.1 200 OK\r\n\r\n" + line
    async with raw_server(Says(said)) as url, Connections(lambda n: PATIENT, environment={}) as made:
        connection = made.to(Cluster(name="c", url=url), bearer(TOKEN))
        async with aclosing(watch(connection, QUESTION, streaming_lists=False, since="1")) as changes:
            async for change in changes:
                found = getattr(change, "object", None)
                if found is not None:
                    assert TOKEN.encode() not in found.json()
                    assert MASK.encode() in found.json()
                    break


def test_so_many_are_remembered_and_no_more() -> None:
    in_force = InForce()
    for number in range(5000):
        in_force.note("https://a", f"token-number-{number}")
    assert in_force.hidden("https://a", b"token-number-4999") == MASK.encode()
    assert in_force.hidden("https://a", b"token-number-1 ") == b"token-number-1 "
    assert in_force.hidden("https://b", b"token-number-4999") == b"token-number-4999"
    assert in_force.hidden_in("x token-number-4999 y") == f"x {MASK} y"
    in_force.note("https://a", "short")
    assert in_force.hidden_in("short") == "short"
    assert "token" not in repr(in_force)


# ------------------------------------------------------------------ reviews

ALLOWED = {"kind": "SubjectAccessReview", "status": {"allowed": True}}


@pytest.mark.parametrize(
    ("code", "body", "allowed"),
    [
        (201, json.dumps(ALLOWED), True),
        (200, json.dumps(ALLOWED), False),
        (202, json.dumps(ALLOWED), False),
        (201, json.dumps({**ALLOWED, "kind": "Status"}), False),
        (201, json.dumps({**ALLOWED, "kind": "SelfSubjectAccessReview"}), False),
        (201, json.dumps({"status": {"allowed": True}}), False),
        (201, '{"kind":"SubjectAccessReview","status":{"allowed":false,"allowed":true}}', False),
        (201, '{"kind":"SubjectAccessReview","status":{"allowed":true,"allowed":false}}', False),
        (201, '{"kind":"SubjectAccessReview","status":{"\\u0061llowed":false,"allowed":true}}', False),
        (201, '{"kind":"SubjectAccessReview","status":{"allowed":true,"denied":true}}', False),
        (201, '{"kind":"SubjectAccessReview","status":{"allowed":"true"}}', False),
        (201, '{"kind":"SubjectAccessReview","status":{"allowed":1}}', False),
        (201, '{"kind":"SubjectAccessReview","status":{"Allowed":true}}', False),
        (201, '{"kind":"SubjectAccessReview","status":{"allowed":true}', False),
        (201, '[{"kind":"SubjectAccessReview","status":{"allowed":true}}]', False),
    ],
)
async def test_only_a_review_that_says_so_once_allows(code: int, body: str, allowed: bool) -> None:
    served = Says(answer(code, body.encode()))
    async with raw_server(served) as url, Connections(lambda n: PATIENT, environment={}) as made:
        connection = made.to(Cluster(name="c", url=url), bearer(TOKEN))
        found = await they_may(connection, "u", (), Attributes("list", "", "pods"))
    assert isinstance(found, Access if allowed else (Access, Failure))
    assert (isinstance(found, Access) and found.allowed) is allowed


# ------------------------------------------------------------------ what hides in text


@pytest.mark.parametrize(
    "unfit", ["\U000e0041", "\U000e007f", "\u00ad", "\u061c", "\u180e", "\u206f", "\ufffb"]
)
def test_what_hides_in_text_is_gone_or_escaped(unfit: str) -> None:
    assert clean(f"a{unfit}b", 10) == "ab"
    shown = json_text({"name": f"a{unfit}b"})
    assert unfit not in shown
    assert json.loads(shown) == {"name": f"a{unfit}b"}
