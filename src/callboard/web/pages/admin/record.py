"""What whoever looks after Callboard reads: the record of who did what, and which policy decides."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from callboard.http.audit_query import audit_filter
from callboard.http.door import caller_of
from callboard.http.queries import bounded
from callboard.model.audit import AuditDeed
from callboard.model.permission import Action
from callboard.portal.protocol import Portal
from callboard.web.pages.admin.frame import AdminFrame

__all__ = ["RecordPages"]

_KEPT = ("deed", "outcome", "who", "what", "since", "until")


class RecordPages:
    """`/admin/audit` and `/admin/policies`."""

    def __init__(self, portal: Portal, frame: AdminFrame) -> None:
        self._portal = portal
        self._frame = frame

    async def audit(self, request: Request) -> Response:
        """Who did what, the newest first; `?who=&what=&deed=&outcome=&since=&until=&before=`."""
        params = request.query_params
        page = await self._portal.audit(audit_filter(params), caller_of(request))
        asked = {key: params.get(key, "") for key in _KEPT}
        older = (
            urlencode({**{k: v for k, v in asked.items() if v}, "before": page.older}) if page.older else ""
        )
        return self._frame.page(
            request, "audit", "audit.html", page=page, asked=asked, older=older, deeds=tuple(AuditDeed)
        )

    async def policies(self, request: Request) -> Response:
        """The policies in force, and which of them decides; `?who=&action=&what=&cluster=&namespace=&type=`."""
        params = request.query_params
        asked = {
            key: bounded(key, params.get(key, "")).strip()
            for key in ("who", "action", "what", "cluster", "namespace", "type")
        }
        view = await self._portal.policies(asked, caller_of(request))
        return self._frame.page(
            request, "policies", "policies.html", view=view, asked=asked, actions=tuple(Action)
        )
