"""The frame around all pages of the admin area, and its first page: which there are for whoever asks."""

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from callboard.base.errors import NotAllowed
from callboard.http.door import caller_of
from callboard.model.caller import Caller
from callboard.model.permission import Action
from callboard.portal.protocol import Portal
from callboard.web.rendering import Renderer

__all__ = ["SECTIONS", "AdminFrame", "AdminSection"]


class AdminSection(msgspec.Struct, frozen=True):
    """One page of the area: its place below `/admin`, what it is called, what it is about, and who may see it."""

    key: str
    title: str
    about: str
    action: Action = Action.ADMIN_READ


SECTIONS = (
    AdminSection(
        "audit",
        "Who did what",
        "Sign-ins, refusals, reads of logs and YAML, changes: who, what, when, and from where.",
        Action.AUDIT_READ,
    ),
    AdminSection(
        "policies", "Policies", "Who may do what, by which policy, and what is wrong with one of them."
    ),
    AdminSection(
        "sessions", "Sessions", "Who is signed in, by which way and since when; ending their sessions."
    ),
    AdminSection(
        "tokens",
        "Tokens",
        "Tokens of pipelines and scripts: for whom, for what, until when; made and revoked.",
    ),
    AdminSection(
        "extensions",
        "Extensions",
        "What they add, how they and all routes do, what failed last; switched on and off.",
    ),
    AdminSection(
        "clusters",
        "Clusters",
        "How Callboard stands with each: as whom it asks, what is refused to it, what it costs.",
    ),
    AdminSection(
        "configuration",
        "Configuration",
        "Every setting in force, with where it was written; no secret is among them.",
    ),
)
"""In the order in which the frame offers them."""


class AdminFrame:
    """`/admin`, and what all pages below it are drawn in."""

    def __init__(self, portal: Portal, renderer: Renderer) -> None:
        self._portal = portal
        self._renderer = renderer

    def sections(self, caller: Caller) -> tuple[AdminSection, ...]:
        """Those that this caller may see."""
        may = self._portal.looks_after(caller)
        return tuple(section for section in SECTIONS if section.action in may)

    def page(
        self, request: Request, section: str, template: str, *, status: int = 200, **context: object
    ) -> Response:
        """One page of the area, out of a template that extends `callboard/admin.html`. What it shows is never to be kept."""
        sections = self.sections(caller_of(request))
        html = self._renderer.page(template, sections=sections, section=section, **context)
        return HTMLResponse(html, status_code=status)

    async def index(self, request: Request) -> Response:
        """Where everything is, for whoever may see any of it."""
        sections = self.sections(caller_of(request))
        if not sections:
            raise NotAllowed(
                "Looking after Callboard is for those whom its policies name (callboard.access.policies.admins).",
                code="not-permitted",
            )
        return self.page(request, "", "admin_index.html")
