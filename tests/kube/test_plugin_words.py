"""What a credential plugin says is shown, and what may be a secret in it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.kube.kubeconfig.plugin_words import MOST_WORDS, Overheard, shown_words

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlLXdpdGgtbWFueS1sZXR0ZXJz"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "The SSO session has expired. Run: aws sso login\n",
            "The SSO session has expired. Run: aws sso login",
        ),
        ("first\n\n  second\t line\r\n", "first; second line"),
        (f"bad token {JWT}", "bad token ***"),
        ('{"access_token": "short"}', '{"access_token": "***"}'),
        ("password=hunter2 user=me", "password=*** user=me"),
        ("client_secret: abc", "client_secret: ***"),
        ("Authorization: Bearer abc", "Authorization: Bearer ***"),
        ("proxy http://me:pw@proxy:3128 is down", "proxy http://***@proxy:3128 is down"),
        ("key AKIAIOSFODNN7EXAMPLE is not valid", "key *** is not valid"),
        (
            "open /home/dev/.config/gcloud/credentials.db: denied",
            "open /home/dev/.config/gcloud/credentials.db: denied",
        ),
        ("AuthorizationPendingException", "AuthorizationPendingException"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "***"),
        ("\x1b[31mred\x1b[0m\x07 \u202eover", "red over"),
        ("the value is env-value-1", "the value is ***"),
    ],
)
def test_words_are_shown_and_secrets_are_not(said: str, shown: str) -> None:
    assert shown_words(said, ["env-value-1", ""]) == shown


@given(st.text(max_size=2000), st.lists(st.text(max_size=30), max_size=3))
def test_whatever_is_said_is_bounded_and_plain(said: str, secrets: list[str]) -> None:
    shown = shown_words(said, secrets)
    assert len(shown) <= MOST_WORDS
    assert "\n" not in shown
    assert "\x1b" not in shown


async def test_of_much_the_end_is_kept() -> None:
    overheard = Overheard()
    for _ in range(1000):
        overheard.data_received(b"noise " * 1000)
    overheard.data_received(b"the end")
    assert len(overheard.text()) <= 8192
    assert shown_words(overheard.text()).endswith("noise the end")
