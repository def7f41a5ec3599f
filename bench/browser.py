"""Chromium as a reader's browser, and what a page costs there: bytes, first paint, layout shift and tasks."""

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from playwright.async_api import Browser, Page, async_playwright

from bench.portal import Portal

__all__ = ["Cost", "NoBrowser", "Watched", "browser", "watched"]

LONG: Final = 50.0
"""Milliseconds after which a person notices that a page does not answer (web.dev/articles/optimize-long-tasks)."""
_WATCH: Final = """
globalThis.seen = { shift: 0, moved: [], paint: 0, updates: 0 };
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
        if (entry.hadRecentInput) continue;
        seen.shift += entry.value;
        for (const { node, previousRect, currentRect } of entry.sources) {
            const name = node?.id || node?.className || node?.nodeName;
            seen.moved.push(`${entry.value.toFixed(4)} ${name} ${Math.round(previousRect.y)} to ${Math.round(currentRect.y)}`);
        }
    }
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (entry.name === "first-contentful-paint") seen.paint = entry.startTime;
}).observe({ type: "paint", buffered: true });
document.addEventListener("htmx:after:swap", () => (seen.updates += 1));
"""
_WEIGHT: Final = """() => {
    const all = performance.getEntriesByType("resource").filter((each) => /\\.(js|css)$/.test(new URL(each.name).pathname));
    const [page] = performance.getEntriesByType("navigation");
    return {
        script: all.filter((each) => each.name.endsWith(".js")).reduce((sum, each) => sum + each.encodedBodySize, 0),
        style: all.filter((each) => each.name.endsWith(".css")).reduce((sum, each) => sum + each.encodedBodySize, 0),
        document: page.encodedBodySize, nodes: document.querySelectorAll("*").length,
    };
}"""


class NoBrowser(Exception):
    """There is no Chromium on this machine."""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one stretch cost: `shift` is cumulative; `tasks` are those of the page's own thread, in milliseconds of its CPU,
    longest first; `moved` says what shifted."""

    shift: float
    tasks: tuple[float, ...]
    updates: int
    moved: tuple[str, ...] = ()

    @property
    def long(self) -> int:
        """How many tasks a person would notice."""
        return sum(task > LONG for task in self.tasks)


class Watched:
    """An open page. `script`, `style` and `document` are compressed bytes of its first load, `paint` milliseconds."""

    def __init__(self, page: Page, of: Browser) -> None:
        self.page = page
        self._browser = of
        self.script = self.style = self.document = self.nodes = 0
        self.paint = 0.0

    async def begin(self) -> None:
        """Measure from here."""
        await self.page.evaluate("Object.assign(seen, { shift: 0, moved: [], updates: 0 })")
        await self._trace()

    async def _trace(self) -> None:
        await self._browser.start_tracing(
            page=self.page, categories=["devtools.timeline", "toplevel", "__metadata"]
        )

    async def load(self, address: str) -> Cost:
        """Go there with nothing kept, and wait until nothing more is asked for."""
        await self._trace()
        await self.page.goto(address)
        await self.page.wait_for_load_state("load")
        await self.page.wait_for_timeout(1_500)
        weight: dict[str, int] = await self.page.evaluate(_WEIGHT)
        self.script, self.style = weight["script"], weight["style"]
        self.document, self.nodes = weight["document"], weight["nodes"]
        cost = await self.end()
        self.paint = await self.page.evaluate("seen.paint")
        return cost

    async def end(self) -> Cost:
        """What it came to since the beginning."""
        trace = json.loads(await self._browser.stop_tracing())
        seen: dict[str, Any] = await self.page.evaluate("seen")
        return Cost(
            shift=seen["shift"],
            tasks=_tasks(trace["traceEvents"]),
            updates=seen["updates"],
            moved=tuple(seen["moved"][:12]),
        )


def _tasks(events: list[dict[str, Any]]) -> tuple[float, ...]:
    """Of the thread on which the page runs, which is the renderer's that worked most."""
    threads = {
        (e["pid"], e["tid"])
        for e in events
        if e.get("name") == "thread_name" and e["args"]["name"] == "CrRendererMain"
    }
    by_thread: dict[tuple[int, int], list[float]] = {}
    for event in events:
        at = event.get("pid"), event.get("tid")
        if at in threads and event.get("name", "").endswith("RunTask") and "tdur" in event:
            by_thread.setdefault(at, []).append(event["tdur"] / 1e3)
    busiest = max(by_thread.values(), key=sum, default=[])
    return tuple(sorted(busiest, reverse=True)[:50])


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Chromium. Raises NoBrowser."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        raise NoBrowser
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        await launched.close()


@asynccontextmanager
async def watched(of: Browser, portal: Portal, width: int = 1280) -> AsyncIterator[Watched]:
    """A page of a reader who is signed in and whose browser knows nothing yet."""
    context = await of.new_context(viewport={"width": width, "height": 800})
    name, _, value = portal.cookie.partition(";")[0].partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": portal.url}])
    await context.add_init_script(_WATCH)
    page = await context.new_page()
    yield Watched(page, of)
    await context.close()
