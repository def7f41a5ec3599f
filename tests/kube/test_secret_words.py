"""What is a secret by its form is hidden in events, in custom resources, and in any object's YAML; nothing else is."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.kube.ingest.decode import decode_object
from callboard.kube.ingest.secret_words import without_secret_words
from callboard.model.objects import KubeObject
from callboard.model.resource import KNOWN_TYPES, ResourceType
from callboard.portal.arranging.yaml_text import yaml_text

CANARY = "c4nary-S3cret_value-long-enough"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWl0"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEc4naryQ\nMIIEc4naryR\n-----END RSA PRIVATE KEY-----\n"
WIDGETS = ResourceType("example.org", "v1", "widgets", "Widget", True)
TYPES = {t.key: t for t in KNOWN_TYPES}

SECRETS = {
    "the password of a database's address": f"cannot reach postgres://app:{CANARY}@db.shop:5432/orders?sslmode=on",
    "without a user": f"redis://:{CANARY}@cache:6379/0",
    "two in a row": f"amqp://a:{CANARY}@one,amqp://b:{CANARY}@two",
    "with signs escaped": f"https://user:{CANARY}%40%2F@example.org/hook",
    "a repository's address": f"git clone https://oauth2:{CANARY}@gitlab.example/x.git failed",
    "a proxy": f"HTTPS_PROXY=http://{CANARY}:{CANARY}@proxy:3128",
    "a signed token": f"token {TOKEN} is not valid",
    "one behind an equals sign": f"access_token={TOKEN}&x=1",
    "one in quotes": f'"{TOKEN}"',
    "a bearer": f"Authorization: Bearer {CANARY}",
    "a bearer in small letters": f"sent authorization: bearer {CANARY}!",
    "a private key": KEY,
    "a key of another kind": KEY.replace("RSA ", "EC "),
    "a plain key": KEY.replace("RSA ", ""),
    "a key in a line of words": f"unable to parse {KEY} as a certificate",
    "of GitHub, classic": "ghp_" + "c4nary" * 6,
    "of GitHub, an app's": "ghs_" + "c4nary" * 6,
    "of GitHub, fine-grained": "github_pat_" + "c4nary_" * 6,
    "of GitLab": "glpat-" + "c4nary" * 4,
    "of Slack": "xoxb-" + "c4nary" * 4,
}
WORDS = (
    "https://example.org:8443/x@y",
    "registry.example/app@sha256:" + "a" * 64,
    "containerd://" + "a" * 64,
    "git@github.com:shop/checkout.git",
    "ssh://git@github.com:22/shop",
    "http://[fd00::1]:8080/healthz",
    "eyJhbGciOiJub25lIn0",
    "file eyJ.yaml.bak",
    "bearer of bad news",
    "the Bearer scheme is not known",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "user: a, mail: a@b.example",
    "http://a:80, then c@d",
    "ghp_short",
    "s3://bucket/key:with:colons",
    "12:30 left@once",
)


def objects(words: str) -> dict[str, tuple[ResourceType, dict[str, Any]]]:
    """The same words where they are told: a condition, an event, an annotation, an environment variable."""
    meta = {"name": "a", "namespace": "n", "resourceVersion": "1"}
    ready = {"type": "Ready", "status": "False", "reason": "Refused", "message": words}
    container = {"name": "app", "image": "x", "env": [{"name": "DATABASE", "value": words}]}
    return {
        "condition": (WIDGETS, {"metadata": meta, "status": {"conditions": [ready]}}),
        "field": (WIDGETS, {"metadata": meta, "spec": {"deep": [{"er": {"url": words}}]}}),
        "event": (
            TYPES["events"],
            {"metadata": meta, "message": words, "reason": "Failed", "type": "Warning"},
        ),
        "pod": (TYPES["pods"], {"metadata": meta, "spec": {"containers": [container]}, "status": {}}),
        "annotation": (TYPES["services"], {"metadata": {**meta, "annotations": {"x/y": words}}, "spec": {}}),
    }


def read(place: str, words: str) -> KubeObject:
    resource, document = objects(words)[place]
    found = decode_object(json.dumps(document).encode(), resource)
    assert isinstance(found, KubeObject), found
    return found


@pytest.mark.parametrize("words", SECRETS.values(), ids=SECRETS)
def test_a_secret_in_words_is_hidden_wherever_they_stand(words: str) -> None:
    for place in objects(""):
        found = read(place, words)
        shown = yaml_text(found) + (found.raw.decode() if place in ("condition", "field", "event") else "")
        for part in (CANARY, TOKEN, "c4nary"):
            assert part not in shown, (place, shown)
        assert "(hidden)" in shown


@pytest.mark.parametrize("words", WORDS)
def test_other_words_stay_as_they_are(words: str) -> None:
    for place in objects(""):
        assert words in json.dumps(msgspec.json.decode(read(place, words).raw)).encode().decode(
            "unicode_escape"
        )
        assert "(hidden)" not in yaml_text(read(place, words))


@given(
    st.recursive(
        st.sampled_from([*SECRETS.values(), *WORDS, '"', "\\", "\u2028", '\\":', "://:@", "eyJ."])
        | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    )
)
def test_what_is_left_is_json_of_the_same_shape(value: object) -> None:
    def shape(of: object) -> object:
        if isinstance(of, list):
            return [shape(each) for each in of]
        return {key: shape(each) for key, each in of.items()} if isinstance(of, dict) else type(of)

    def keyless(of: object) -> object:
        return (
            [keyless(v) for v in (of.values() if isinstance(of, dict) else of)]
            if isinstance(of, (list, dict))
            else of
        )

    raw = msgspec.json.encode(keyless(value))
    left = without_secret_words(raw)
    assert shape(msgspec.json.decode(left)) == shape(keyless(value))
    assert without_secret_words(left) == left
