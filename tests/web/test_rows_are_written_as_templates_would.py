"""Lines of pods and objects are written without a template: the same, and what is foreign in them stays text."""

import sys
from collections import Counter
from datetime import timedelta
from types import FrameType

import jinja2
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.clock import FakeClock
from callboard.model.verdict import Health
from callboard.portal.views import ObjectKey, ObjectRow, PodRow
from callboard.web import times, words
from callboard.web.rendering import Renderer
from callboard.web.rows import Rows
from callboard.web.static_files import StaticFiles
from callboard.web.urls import Urls
from support.web_scenes import ENTITY, HOSTILE, NOW, REF

URLS = Urls("/portal")
TEMPLATE = """\
{% macro time(kind, moment, said) %}<time data-{{ kind }} datetime="{{ moment | iso }}" title="{{ moment | exact }}">{{ said }}</time>{% endmacro %}
{% macro mark(health) %}<span class="mark" data-mark="{{ health }}" aria-hidden="true"></span>{% endmacro %}
{% macro tile(ref, pod) %}<a class="tile" data-drawer data-mark="{{ pod.health }}" href="{{ urls.object_url(ref, pod.key) }}" id="{{ pod.key | string | anchor('tile') }}" title="{{ pod.key.name | bounded(253) }}: {{ words.HEALTH[pod.health] }}, {{ pod.status | bounded(80) }}, {{ pod.ready }} of {{ pod.total }} ready">{{ mark(pod.health) }}</a>{% endmacro %}
{% macro pod(ref, pod) %}
<tr id="{{ pod.key | string | anchor('row') }}">
<td><a data-drawer href="{{ urls.object_url(ref, pod.key) }}">{{ pod.key.name | bounded(253) }}</a>{% if pod.referenced %} <small title="Found through its owner: its own labels do not match this service’s selector">by owner</small>{% endif %}</td>
<td class="nowrap">{{ mark(pod.health) }} {{ pod.status | bounded(200) }}</td>
<td>{{ pod.ready }}/{{ pod.total }}</td>
<td>{{ pod.restarts }}{% if pod.last_restart %} <small>({{ time("ago", pod.last_restart, pod.last_restart | ago) }})</small>{% endif %}</td>
<td class="nowrap">{% if pod.created %}{{ time("age", pod.created, pod.created | age) }}{% else %}unknown{% endif %}</td>
<td>{{ (pod.node or "none yet") | bounded(253) }}</td>
</tr>
{% endmacro %}
{% macro object(ref, row) %}
<li class="object" id="{{ row.key | string | anchor('object') }}">
{{ mark(row.health) }}<span class="unseen">{{ words.HEALTH[row.health] }}:</span>
<span class="kind">{{ row.kind | bounded(253) }}</span>
<a data-drawer href="{{ urls.object_url(ref, row.key) }}">{{ row.key.name | bounded(253) }}</a>
{% if row.summary %}<span class="summary">{{ row.summary | bounded(300) }}</span>{% endif %}
{% if row.reason %}<span class="reason">{{ row.reason | bounded(300) }}</span>{% endif %}
{% if row.referenced %}<small class="faint" title="Not selected itself: something of this service refers to it">found by reference</small>{% endif %}
</li>
{% endmacro %}
"""  # fmt: skip  # noqa: E501

LONG = ("x" * 253, "x" * 254, "x" * 700)
ODD = ("", ".", "..", "a b", HOSTILE, "ü", "a/b", "a%2Fb", "{{ 7 }}", "web-7f9c", "1", "Running\n", *LONG)
FOREIGN = st.sampled_from(ODD) | st.text(max_size=12)
KEYS = st.builds(ObjectKey, FOREIGN, FOREIGN, FOREIGN, FOREIGN)
HEALTHS = st.sampled_from(list(Health))
MOMENTS = st.none() | st.integers(-90_000, 9_000_000).map(lambda s: NOW - timedelta(seconds=s))
COUNTS = st.integers(0, 12)
PODS = st.builds(
    PodRow, key=KEYS, health=HEALTHS, status=FOREIGN, ready=COUNTS, total=COUNTS, restarts=COUNTS,
    last_restart=MOMENTS, created=MOMENTS, node=FOREIGN, referenced=st.booleans(),
)  # fmt: skip
OBJECTS = st.builds(
    ObjectRow,
    key=KEYS,
    health=HEALTHS,
    kind=FOREIGN,
    summary=FOREIGN,
    reason=FOREIGN,
    referenced=st.booleans(),
)


def environment() -> jinja2.Environment:
    made = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {
        "age": lambda moment: times.age(moment, NOW),
        "ago": lambda moment: times.ago(moment, NOW),
        "exact": times.exact,
        "iso": times.iso,
        "anchor": words.anchor,
        "bounded": words.bounded,
    }
    made.globals |= {"urls": URLS, "words": words}
    return made


WRITTEN_BY_TEMPLATE = environment().from_string(TEMPLATE).make_module()
ROWS = Rows(FakeClock(NOW), URLS)


@given(st.lists(PODS, max_size=4))
def test_pods(pods: list[PodRow]) -> None:
    wanted = WRITTEN_BY_TEMPLATE
    assert ROWS.tiles(REF, pods) == "".join(str(wanted.tile(REF, pod)) for pod in pods)  # type: ignore[attr-defined]
    assert ROWS.pods(REF, pods) == "".join(str(wanted.pod(REF, pod)) for pod in pods)  # type: ignore[attr-defined]


@given(st.lists(OBJECTS, max_size=4))
def test_other_objects(objects: list[ObjectRow]) -> None:
    wanted = WRITTEN_BY_TEMPLATE
    assert ROWS.objects(REF, objects) == "".join(str(wanted.object(REF, row)) for row in objects)  # type: ignore[attr-defined]


def test_a_table_of_many_pods_takes_no_more_of_a_template_than_one_of_few() -> None:
    renderer = Renderer(StaticFiles(), FakeClock(NOW), title="Callboard")
    template = '{% import "callboard/parts.html" as parts %}{{ parts.pod_table(entity.ref, view, "Pods") }}'
    drawn = renderer._environment.from_string(template)
    calls: Counter[int] = Counter()

    def counted(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and (
            "jinja2" in frame.f_code.co_filename or "<template>" in frame.f_code.co_filename
        ):
            calls[many] += 1

    for many in (0, 2, 200):
        keys = [ObjectKey("eu", "pods", "shop", f"web-{n}") for n in range(many)]
        pods = [PodRow(key=key, health=Health.HEALTHY, status="Running") for key in keys]
        html = ""
        sys.setprofile(counted)
        try:
            html = drawn.render(view=pods, entity=ENTITY)
        finally:
            sys.setprofile(None)
        assert html.count("<tr id=") == many
    assert calls[2] == calls[200]
