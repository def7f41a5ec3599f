"""The reference pages below `docs/reference/`, written from the code they are about, so that they cannot say anything else.

`python -m callboard.app.references DIRECTORY` writes them all. A page holds what docstrings, signatures and registries say,
and must never hold a sentence of its own about what a part does: that sentence belongs beside the code. Callers: `make docs`
and the test that compares the pages of the repository with `pages()`.
"""

from collections.abc import Mapping

from callboard.app.references.conditions import pages as conditions
from callboard.app.references.configuration import render as configuration
from callboard.app.references.extensions import render as extensions
from callboard.app.references.metrics import render as metrics
from callboard.app.references.permissions import render as permissions
from callboard.app.references.routes import render as routes
from callboard.app.references.surface import render as surface
from callboard.cli.reference import render as command_line

__all__ = ["pages"]


def pages() -> Mapping[str, str]:
    """Every page: file name to Markdown, or to plain text."""
    return {
        "cli.md": command_line(),
        **conditions(),
        "configuration.md": configuration(),
        "extend-surface.txt": surface(),
        "extensions.md": extensions(),
        "metrics.md": metrics(),
        "permissions.md": permissions(),
        "routes.md": routes(),
    }
