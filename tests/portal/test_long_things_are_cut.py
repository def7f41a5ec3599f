"""What is longer than anybody reads is cut, and said to be: events, YAML, messages."""

from datetime import UTC, datetime, timedelta

from callboard.model.outcome import Answer, Outcome, Question
from callboard.model.resource import EVENTS
from callboard.portal.arranging.clipping import clipped
from callboard.portal.arranging.events import MOST_SHOWN, events_of
from callboard.portal.arranging.yaml_text import LONGEST_YAML, yaml_text
from support.kube_objects import kube_object, pod

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def test_of_thousands_of_events_the_newest_are_shown() -> None:
    about = pod("web-1")
    events = tuple(
        kube_object(
            "Event",
            {
                "metadata": {"name": f"e{n}", "namespace": "shop"},
                "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"},
                "reason": f"R{n}",
                "message": "m" * 10_000,
                "lastTimestamp": f"{NOW + timedelta(seconds=n):%Y-%m-%dT%H:%M:%SZ}",
            },
        )
        for n in range(1000)
    )
    part = events_of(
        "a", [about], [Outcome(question=Question(EVENTS), answer=Answer.OBJECTS, objects=events)]
    )
    assert len(part.rows) == MOST_SHOWN
    assert part.older == 1000 - MOST_SHOWN
    assert [r.reason for r in part.rows[:2]] == ["R999", "R998"]
    assert all(len(r.message) < 5000 for r in part.rows)


def test_yaml_of_megabytes_is_cut_at_a_line() -> None:
    data = {f"key-{n}": "x" * 100 for n in range(20_000)}
    text = yaml_text(kube_object("ConfigMap", {"metadata": {"name": "big"}, "data": data}))
    assert len(text) < LONGEST_YAML + 200
    assert text.startswith("apiVersion: v1\nkind: ConfigMap\n")
    assert "more characters." in text.splitlines()[-1]
    assert text.splitlines()[-2].startswith("  key-")


def test_numbers_no_machine_holds_are_shown_as_they_came() -> None:
    body = b'{"metadata":{"name":"n"},"spec":{"a":%s,"b":1e999,"c":-1e999,"d":7,"e":1.5}}' % (b"9" * 6000)
    obj = kube_object("ConfigMap", {"metadata": {"name": "n"}})
    text = yaml_text(type(obj)(obj.type, obj.body, body))
    assert "9" * 6000 in text.replace("\\\n", "")
    assert "b: '1e999'" in text or "b: 1e999" in text
    assert "d: 7\n" in text
    assert "e: 1.5\n" in text


def test_short_words_stay_as_they_are() -> None:
    assert clipped("x" * 4096) == "x" * 4096
    assert len(clipped("x" * 4097)) < 4200
