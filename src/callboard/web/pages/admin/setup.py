"""How Callboard is set up: its clusters, and the configuration in force."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from callboard.http.door import caller_of
from callboard.http.queries import bounded, number
from callboard.portal.protocol import Portal
from callboard.web.pages.admin.frame import AdminFrame

__all__ = ["SetUpPages"]

_MOST = 1_000_000


class SetUpPages:
    """`/admin/clusters` and `/admin/configuration`."""

    def __init__(self, portal: Portal, frame: AdminFrame) -> None:
        self._portal = portal
        self._frame = frame

    async def clusters(self, request: Request) -> Response:
        """Each cluster with its state, as whom it is asked, what it refuses, what it costs; `?name=&from=`."""
        name = bounded("name", request.query_params.get("name", "")).strip()
        view = await self._portal.administration.setup.clusters(name, _offset(request), caller_of(request))
        further = urlencode({"name": name, "from": view.further}) if view.further else ""
        return self._frame.page(request, "clusters", "clusters.html", view=view, name=name, further=further)

    async def configuration(self, request: Request) -> Response:
        """Every setting in force with where it was written; `?key=&all=&from=`."""
        params = request.query_params
        key, every = bounded("key", params.get("key", "")).strip(), params.get("all", "") == "1"
        view = await self._portal.administration.setup.configuration(
            key, every, _offset(request), caller_of(request)
        )
        asked = {"key": key, **({"all": "1"} if every else {}), "from": view.further}
        return self._frame.page(
            request,
            "configuration",
            "configuration.html",
            view=view,
            key=key,
            every=every,
            further=urlencode(asked) if view.further else "",
        )


def _offset(request: Request) -> int:
    return number(request.query_params, "from", usual=0, least=0, most=_MOST)
