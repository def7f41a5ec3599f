"""Pages of extensions, below `/ext/`: their content in our frame."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from callboard.base.errors import Unavailable
from callboard.base.fence import WrongAnswer
from callboard.extend.routes import ExtensionPage
from callboard.host.mounted import Mounted, Sent
from callboard.http.door import ClassifiedRoute, Endpoint, caller_of
from callboard.model.door import RouteClass
from callboard.web.page_fences import MOST_HTML, sentence
from callboard.web.rendering import Renderer

__all__ = ["as_page"]


def as_page(mounted: Mounted, renderer: Renderer) -> ClassifiedRoute:
    """The page on the site."""
    return ClassifiedRoute(
        mounted.path,
        _showing(mounted, renderer),
        RouteClass.READ,
        name=f"{mounted.route.extension}: page {mounted.route.path}",
        owner=mounted.route.extension,
    )


def _showing(mounted: Mounted, renderer: Renderer) -> Endpoint:
    page = mounted.route
    assert isinstance(page, ExtensionPage)  # noqa: S101 - routes are mounted by the API

    def bounded(value: object) -> str:
        if not isinstance(value, str) or len(value) > MOST_HTML:
            raise WrongAnswer(f"more than {MOST_HTML} characters")
        return value

    async def show(request: Request) -> Response:
        sent = Sent(
            path={name: str(value) for name, value in request.path_params.items()},
            query=tuple(request.query_params.multi_items()),
        )
        status = 200
        try:
            view = await mounted.view(caller_of(request), sent)
            content = mounted.drawn(lambda: renderer.content(page.template, view), bounded)
        except Unavailable as error:  # the frame stands
            content, status = renderer.content("callboard/tabs/failed.html", sentence(error.message)), 503
        html = renderer.page(
            "extension_page.html", title=page.title, content=content, extension=page.extension
        )
        return HTMLResponse(html, status_code=status)

    return show
