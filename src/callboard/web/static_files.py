"""Our own browser files, each under an address that holds a hash of its content.

Files are read once, at the start: a few hundred kilobytes, and no path from a request ever reaches the file system.
"""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from callboard.base.errors import BadInput, NotFound, Problem
from callboard.http.compression import Variants

__all__ = ["StaticFiles"]

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
BUILT = ("vendor/htmx.min.js",)
"""What the build puts there (hatch_build.py), and every page asks for."""
FOREVER = "public, max-age=31536000, immutable"


class File(msgspec.Struct, frozen=True):
    """One file as it is sent."""

    body: Variants
    media_type: str


class StaticFiles:
    """All files below `static/`. `url("page.css")` gives `/static/<hash>/page.css`, as the site knows it (`Urls.at`).

    Raises BadInput where the build's are not there: no page could be drawn. `folder` is ours, unless a test has another.
    """

    def __init__(self, folder: Traversable | None = None) -> None:
        self._files: dict[str, File] = {}
        folder = folder or files("callboard.web") / "static"
        self._collect(folder, "")
        missing = [name for name in BUILT if name not in self._files]
        if missing:
            raise BadInput(_not_built(folder, missing), code="browser-files-missing")
        # one hash over everything: modules import one another by relative address, so they share a folder
        digest = hashlib.sha256()
        for name in sorted(self._files):
            digest.update(name.encode() + b"\0" + self._files[name].body.get("")[0])
        self.version = digest.hexdigest()[:12]

    def url(self, name: str) -> str:
        """The address of a file. Raises KeyError for one that does not exist: a defect in a template."""
        if name not in self._files:
            raise KeyError(f"no static file {name!r}; vendor files come with the build (hatch_build.py)")
        return f"/static/{self.version}/{name}"

    async def serve(self, request: Request) -> Response:
        """Answer `/static/{version}/{name}`. Another version's address gets today's file, not to be kept."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            raise NotFound("There is no such file.")
        current = request.path_params["version"] == self.version
        body, encoding = file.body.get(request.headers.get("accept-encoding", ""))
        headers = {"cache-control": FOREVER if current else "no-cache", "vary": "Accept-Encoding"}
        if encoding:
            headers["content-encoding"] = encoding
        return Response(body, media_type=file.media_type, headers=headers)

    def _collect(self, folder: Traversable, prefix: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                self._collect(entry, f"{prefix}{entry.name}/")
            elif (media_type := TYPES.get("." + entry.name.rpartition(".")[2])) is not None:
                self._files[prefix + entry.name] = File(Variants(entry.read_bytes()), media_type)


def _not_built(folder: Traversable, missing: list[str]) -> Problem:
    return Problem(
        "the browser's files that the build brings are not there, so no page could be shown",
        where=str(folder),
        found=f"no {', '.join(missing)}",
        hint="in a source checkout `make demo` or `pip install --editable .` puts them there; an installed Callboard has to be "
        "installed anew",
    )
