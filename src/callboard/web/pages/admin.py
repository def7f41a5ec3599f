"""What whoever looks after Callboard reads: the record of who did what, and which policy decides."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from callboard.http.audit_query import audit_filter
from callboard.http.door import caller_of
from callboard.http.queries import bounded
from callboard.model.audit import AuditDeed
from callboard.model.permission import Action
from callboard.portal.protocol import Portal
from callboard.web.rendering import Renderer

__all__ = ["AdminPages"]

_KEPT = ("deed", "outcome", "who", "what", "since", "until")


class AdminPages:
    """`/admin/audit` and `/admin/policies`."""

    def __init__(self, portal: Portal, renderer: Renderer) -> None:
        self._portal = portal
        self._renderer = renderer

    async def audit(self, request: Request) -> Response:
        """Who did what, the newest first; `?who=&what=&deed=&outcome=&since=&until=&before=`."""
        params = request.query_params
        page = await self._portal.audit(audit_filter(params), caller_of(request))
        asked = {key: params.get(key, "") for key in _KEPT}
        older = (
            urlencode({**{k: v for k, v in asked.items() if v}, "before": page.older}) if page.older else ""
        )
        html = self._renderer.page("audit.html", page=page, asked=asked, older=older, deeds=tuple(AuditDeed))
        return HTMLResponse(html)

    async def policies(self, request: Request) -> Response:
        """The policies in force, and which of them decides; `?who=&action=&what=&cluster=&namespace=&type=`."""
        params = request.query_params
        asked = {
            key: bounded(key, params.get(key, "")).strip()
            for key in ("who", "action", "what", "cluster", "namespace", "type")
        }
        view = await self._portal.policies(asked, caller_of(request))
        html = self._renderer.page("policies.html", view=view, asked=asked, actions=tuple(Action))
        return HTMLResponse(html)
