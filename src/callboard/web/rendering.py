"""Structs into HTML. Autoescaped always; a name a template does not get is an error, not an empty place.

Templates are named "package:path" (`callboard.web:templates/service.html`, an extension's own likewise); `callboard/…`
stands for our own folder, so that extensions import `callboard/parts.html`.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import jinja2
from markupsafe import Markup

from callboard.base.clock import Clock
from callboard.base.errors import CallboardError
from callboard.extend.pages import Card
from callboard.model.entity import Entity
from callboard.portal.views import ReaderView
from callboard.web import commands, times, words
from callboard.web.page_fences import PageFences, sentence
from callboard.web.rows import Rows
from callboard.web.static_files import StaticFiles
from callboard.web.urls import Urls

__all__ = ["Renderer", "template_problem"]

OWN = "callboard/"
MAX_SOURCE = 1024 * 1024
READER_GAP: Final = Markup("<!--reader-->")
"""Stands for `Renderer.reader` in a page that several are given; no foreign text can look like it, for it is escaped."""
MOST_READERS: Final = 2000


class PackageTemplates(jinja2.BaseLoader):
    """Templates out of installed packages. Names come from registrations and templates, never from a request."""

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        package, _, path = template.partition(":")
        if template.startswith(OWN):
            package, path = "callboard.web", "templates/" + template.removeprefix(OWN)
        if not path or ".." in path.split("/"):
            raise jinja2.TemplateNotFound(template)
        try:
            source = files(package).joinpath(path).read_text(encoding="utf-8")
        except (FileNotFoundError, IsADirectoryError, ModuleNotFoundError) as error:
            raise jinja2.TemplateNotFound(template) from error
        return source, None, None


class Renderer:
    """Renders pages, tabs and cards. `title` and `organization` head every page; `can_sign_out` where there are sessions; all
    links are `urls`'. `reader` says who is reading."""

    def __init__(
        self,
        static: StaticFiles,
        clock: Clock,
        *,
        title: str,
        organization: str = "",
        can_sign_out: bool = False,
        urls: Urls | None = None,
        reader: Callable[[], ReaderView | None] = lambda: None,
    ) -> None:
        self._reader = reader
        self.fences = PageFences()
        self.urls = urls = urls or Urls()
        self._environment = jinja2.Environment(
            loader=PackageTemplates(),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._readers: dict[ReaderView, str] = {}
        self._environment.filters |= {
            "age": lambda moment: times.age(moment, clock.now()),
            "ago": lambda moment: times.ago(moment, clock.now()),
            "clock": times.clock,
            "exact": times.exact,
            "seconds": times.seconds,
            "iso": times.iso,
            "anchor": words.anchor,
            "safe_url": words.safe_url,
            "bounded": words.bounded,
            "classes": words.ansi_classes,
            "short_ref": words.short_ref,
        }
        self._environment.globals = {
            "portal": {"title": title, "organization": organization, "can_sign_out": can_sign_out},
            "static": lambda name: urls.at(static.url(name)),
            "urls": urls,
            "rows": Rows(clock, urls),
            "words": words,
            "commands": commands,
            "card": self.card,
            "reader": lambda: READER_GAP,
        }

    def compile(self) -> None:
        """Compile all of our own templates, a few tenths of a second in all, for which the first reader need not wait. For a
        thread; until it is done, what is wanted is compiled when it is."""
        for name in _below(files("callboard.web").joinpath("templates")):
            self._environment.get_template(OWN + name)

    def page(self, template: str, **context: object) -> str:
        """A whole page out of one of our own templates, for whoever is reading."""
        page = self.shared_page(template, **context)
        return page.replace(READER_GAP, self.reader()) if READER_GAP in page else page

    def shared_page(self, template: str, **context: object) -> str:
        """A page that holds nothing of its reader, but a gap where `reader` belongs."""
        return self._environment.get_template(OWN + template).render(**context)

    def reader(self) -> str:
        """Who is reading, as it stands on each of their pages; "" for nobody."""
        who = self._reader()
        if who is None:
            return ""
        drawn = self._readers.get(who)
        if drawn is None:
            if len(self._readers) >= MOST_READERS:
                self._readers.clear()
            drawn = self._environment.get_template(OWN + "reader.html").render(me=who)
            self._readers[who] = drawn
        return drawn

    def template(
        self, template: str, *, view: object, entity: Entity, pieces: Mapping[str, Markup] | None = None
    ) -> Markup:
        """A tab's, a piece's or a card's template, with what such a template may see and nothing else; `pieces` where a
        tab has them."""
        seen = {"view": view, "entity": entity} | ({} if pieces is None else {"pieces": pieces})
        return Markup(self._environment.get_template(template).render(seen))  # noqa: S704  # escaped by Jinja2

    def content(self, template: str, view: object) -> Markup:
        """The content of an extension's own page: its template sees the view and nothing else."""
        return Markup(self._environment.get_template(template).render({"view": view}))  # noqa: S704  # escaped by Jinja2

    def card(self, card: Card, view: object, entity: Entity) -> Markup:
        """A card drawn, or why it could not be."""
        try:
            drawn = self.fences.drawn(card, lambda: self.template(card.template, view=view, entity=entity))
        except CallboardError as error:
            return Markup('<p class="reason">{}</p>').format(sentence(error.message))
        return Markup(drawn)  # noqa: S704  # escaped by Jinja2


def template_problem(name: str) -> str:
    """What is wrong with an extension's template, before anybody asks for it; "" where it can be read."""
    environment = jinja2.Environment(loader=PackageTemplates(), autoescape=True)
    try:
        source = PackageTemplates().get_source(environment, name)[0]
        if len(source) > MAX_SOURCE:
            return f"its template {name} is larger than {MAX_SOURCE} bytes"
        environment.parse(source)
    except jinja2.TemplateSyntaxError as error:
        return f"its template {name} cannot be understood: line {error.lineno}: {error.message}"
    except Exception as error:
        return f"its template {name[:200]} cannot be read ({type(error).__name__})"
    return ""


def _below(folder: Traversable, path: str = "") -> Iterator[str]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        if each.is_dir():
            yield from _below(each, f"{path}{each.name}/")
        else:
            yield path + each.name
