import pytest
from hypothesis import given
from hypothesis import strategies as st

from callboard.portal.logs.reading import LONGEST_LINE, clean_line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("2026-05-01 INFO ok", "2026-05-01 INFO ok"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link", "link"),
        ("tab\tstays", "tab\tstays"),
        ("over\rwrite\x08", "over␍write"),
        ("user\u202egpj.exe", "usergpj.exe"),
    ],
)
def test_escape_sequences_and_controls_are_gone(line: str, shown: str) -> None:
    assert clean_line(line) == shown


@given(st.text(max_size=300))
def test_no_control_character_survives(line: str) -> None:
    assert not [c for c in clean_line(line) if c != "\t" and (ord(c) < 32 or 127 <= ord(c) < 160)]


def test_a_line_has_an_end() -> None:
    assert len(clean_line("x" * 100_000)) <= LONGEST_LINE + 2
