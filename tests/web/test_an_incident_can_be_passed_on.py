"""An incident as text, picture and attachment of a link to whoever helps: what its reader sees, whatever things are called."""

import re
import xml.etree.ElementTree as ET
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from callboard.base.errors import NotAllowed
from callboard.model.caller import Caller
from callboard.model.entity import EntityRef
from callboard.portal.views import CrashLog, LinkTemplate, ObjectKey, OutwardLinks
from callboard.web.incident import incident, one_line
from callboard.web.pages.objects import DRAWER_HEADER
from callboard.web.picture import picture
from support.crash_scene import PAGE, crash_view, portal_of
from support.web_scenes import HOSTILE, NOW, StubPortal
from support.web_server import get, serving


async def test_the_block_leads_to_text_picture_and_channels() -> None:
    portal = portal_of(crash_view())
    portal.leading = OutwardLinks(
        support=(
            LinkTemplate("Mail", "mailto:help@example.com?subject={title}&body={snapshot}"),
            LinkTemplate("Chat", "https://chat.example.com/new?text={snapshot}&about={service}"),
        )
    )
    async with serving(portal) as base:
        (link,) = re.findall(r'href="([^"]*\?share=[^"]*)"', (await get(base, PAGE)).text)
        dialog = (await get(base, link, {DRAWER_HEADER: "1"})).text
        (address,) = re.findall(r'<img class="share-picture" src="([^"]*)"', dialog)
        drawn = await get(base, address)
    text = dialog.split('aria-label="The incident as Markdown">')[1].split("</pre>")[0]
    assert text.startswith("**Dice roller is down in eu-west-1**")
    assert "`panic: no dice`" in text
    assert "1. Read the last lines of the container" in text
    assert f"{base}{PAGE}" in text
    mail, chat = (re.search(rf'href="({each}[^"]*)"', dialog) for each in ("mailto:", "https://chat"))
    assert mail is not None
    assert chat is not None
    body = parse_qs(urlsplit(mail[1].replace("&amp;", "&")).query)["body"][0]
    assert "panic: no dice" in body
    assert "about=dice-roller" in unquote(chat[1])
    assert drawn.headers["content-type"] == "image/svg+xml"
    words = " ".join(ET.fromstring(drawn.text).itertext())
    assert "Dice roller is down in eu-west-1" in words
    assert "panic: no dice" in words
    assert "us-east-1" in words


async def test_for_whom_logs_are_not_it_has_no_line_of_them() -> None:
    class Refusing(StubPortal):
        async def crash(
            self, ref: EntityRef, key: ObjectKey, container: str, caller: Caller, *, previous: bool = True
        ) -> CrashLog:
            raise NotAllowed("You may not read logs here.")

    async with serving(Refusing((crash_view(),))) as base:
        dialog = (await get(base, f"{PAGE}?share=1")).text
        drawn = (await get(base, f"{PAGE}?share=svg")).text
    assert "Dice roller is down" in dialog
    assert "panic" not in dialog + drawn


async def test_foreign_text_is_text() -> None:
    async with serving(portal_of(crash_view(pod=HOSTILE), line=HOSTILE)) as base:
        assert "<script>alert" not in (await get(base, f"{PAGE}?share=1")).text
        drawn = (await get(base, f"{PAGE}?share=svg")).text
    assert "<script" not in drawn
    ET.fromstring(drawn)


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_name_writes_no_lines_calls_nobody_and_draws_nothing(name: str, said: str) -> None:
    view = crash_view()
    part = msgspec.structs.replace(
        view.clusters[0], cluster=msgspec.structs.replace(view.clusters[0].cluster, title=name)
    )
    view = msgspec.structs.replace(view, clusters=(part, *view.clusters[1:]))
    plain, usual = incident(view, "https://x/", said, NOW), incident(crash_view(), "https://x/", "said", NOW)
    assert len(plain.plain.splitlines()) in (len(usual.plain.splitlines()), len(usual.plain.splitlines()) - 1)
    assert not re.search(r"@\w", plain.plain)
    drawn = ET.fromstring(picture(view, plain, said))
    assert {each.tag.partition("}")[2] for each in drawn.iter()} <= {"svg", "rect", "text", "g", "path"}


def test_markup_of_a_chat_is_shown_as_it_is() -> None:
    assert one_line("a\n\n@channel\u202e b\x00 ") == "a @\u2060channel b"
    view = crash_view()
    named = msgspec.structs.replace(view.clusters[0].cluster, title="*eu* [x](http://y)")
    part = msgspec.structs.replace(view.clusters[0], cluster=named)
    told = incident(msgspec.structs.replace(view, clusters=(part,)), "https://x/", "", NOW)
    assert r"\*eu\* \[x\](http://y)" in told.markdown
