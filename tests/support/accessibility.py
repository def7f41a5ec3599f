"""axe-core against WCAG 2.2 AA, on the page that a browser has open."""

from pathlib import Path

from playwright.async_api import Page

__all__ = ["AXE", "axe_of", "violations"]

AXE = "Applying inline style violates"
"""axe itself tries to measure with a style of its own; the policy stops it, and axe goes on without."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_of(node_modules: Path) -> str:
    """Its source."""
    return (node_modules / "axe-core" / "axe.min.js").read_text()


async def violations(page: Page, source: str) -> list[str]:
    """What axe finds, one line each. Its source is evaluated: the policy rightly blocks an added script tag."""
    await page.evaluate(source)
    found = await page.evaluate("tags => axe.run(document, {runOnly: tags, preload: false})", TAGS)
    return [
        f"{v['id']}: {n['target']} {n['failureSummary']}" for v in found["violations"] for n in v["nodes"]
    ]
