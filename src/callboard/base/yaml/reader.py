"""From the parser's events to documents."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from callboard.base.errors import BadInputs, Problem
from callboard.base.yaml.document import Marks, Path, Value, YamlDocument, path_text
from callboard.base.yaml.scalar import key_text, resolve
from callboard.base.yaml.stand_ins import StandIns, without_tabs

__all__ = ["YamlLimits", "iter_documents", "read_document", "read_documents"]

_HALVES = re.compile("[\ud800-\udfff]")
_CORE = "tag:yaml.org,2002:"
_KNOWN_TAGS = frozenset(
    ["str", "null", "bool", "int", "float", "seq", "map", "binary", "set", "omap", "pairs", "timestamp"]
)
"""Any other of them (`!!python/name:…`) leaves a string, as an unknown tag does."""


@dataclass(frozen=True, slots=True)
class YamlLimits:
    """Bounds on one stream. Beyond one of them the document is refused, never cut."""

    depth: int = 100
    """How deep collections may nest. An entity or a config file stays below 20."""

    unfolded: int = 50_000
    """How many values all aliases of a document may stand for together: `a: &a [*b, *b …]` can mean billions."""

    problems: int = 50
    """How many problems of one document are told."""


_DEFAULT = YamlLimits()


def read_documents(text: str | bytes, where: str, limits: YamlLimits = _DEFAULT) -> tuple[YamlDocument, ...]:
    """Every document of `text` that is not empty, in order; `where` names the source in problems.

    A document with a duplicate key, an unknown alias and the like carries its `problems`, and the others stand. Nothing is
    read after a syntax error or a broken limit: the last document then carries it.
    """
    return tuple(iter_documents(text, where, limits))


def iter_documents(text: str | bytes, where: str, limits: YamlLimits = _DEFAULT) -> Iterator[YamlDocument]:
    """The same one by one, for whoever need not hold thousands of them together."""
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        decoded.encode()
    except UnicodeError as error:
        upto = (
            error.object[: error.start] if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else b""
        )
        newline = b"\n" if isinstance(upto, bytes) else "\n"
        line = upto.count(newline) + 1  # type: ignore[arg-type]  # one type on both sides
        yield _broken(Problem("not valid UTF-8", where=where, line=line, expected="text in UTF-8"))
        return
    if decoded and not decoded.endswith("\n"):
        decoded += "\n"  # so that a block scalar at the very end keeps its line break, as in Backstage
    passing, stand_ins = StandIns.of(decoded)
    events: Iterator[Event] = yaml.parse(without_tabs(passing), Loader=yaml.CSafeLoader)
    try:
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if event.version == (1, 1):
                    yield _broken(_old_version(where, _line(event)))
                    break
                composer = _Composer(events, where, limits, stand_ins)
                document = composer.document()
                if document.value is not None or document.problems:
                    yield document
                if composer.given_up:
                    break
    except yaml.YAMLError as error:
        yield _broken(_syntax(error, decoded, where))


def read_document(text: str | bytes, where: str, limits: YamlLimits = _DEFAULT) -> YamlDocument:
    """The one document of `text`; an empty text is a document whose value is None.

    Raises BadInputs naming every problem, also when there is more than one document.
    """
    documents = read_documents(text, where, limits)
    problems = [problem for document in documents for problem in document.problems]
    if not problems and len(documents) > 1:
        problems = [
            Problem(
                "a second document begins here",
                where=where,
                line=documents[1].line,
                found=f"{len(documents)} documents",
                expected="one document",
            )
        ]
    if problems:
        raise BadInputs(problems)
    return documents[0] if documents else YamlDocument(None, 1, Marks(1))


def _old_version(where: str, line: int) -> Problem:
    return Problem(
        "the document asks to be read as YAML 1.1",
        where=where,
        line=line,
        found="%YAML 1.1",
        expected="YAML 1.2 (no directive)",
    )


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _broken(problem: Problem) -> YamlDocument:
    line = problem.line or 1
    return YamlDocument(None, line, Marks(line), (problem,))


def _syntax(error: yaml.YAMLError, text: str, where: str) -> Problem:
    """The parser's own sentence and place; never the text around it, which may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        sentence = " ".join(filter(None, (error.context, error.problem))) or "not valid YAML"
        line = mark.line + 1 if mark else None
        if "maximum nesting" in sentence:  # the parser's own bound, met where it looks ahead
            return Problem(
                "nested too deep", where=where, line=line, expected=f"at most {YamlLimits().depth} levels"
            )
        column = f" (column {mark.column + 1})" if mark else ""
        return Problem(sentence + column, where=where, line=line, expected="valid YAML")
    position = getattr(error, "position", None)
    line = text.count("\n", 0, position) + 1 if isinstance(position, int) else None
    return Problem("a character that YAML does not allow", where=where, line=line, expected="printable text")


class _GivenUp(Exception):
    """The document cannot be followed further."""


@dataclass(slots=True)
class _Anchored:
    value: Value
    size: int


@dataclass(slots=True)
class _Composer:
    """Builds one document. It goes on after a problem, so that all of them are told."""

    events: Iterator[Event]
    where: str
    limits: YamlLimits
    stand_ins: StandIns
    anchors: dict[str, _Anchored | None] = field(default_factory=dict)  # None: still open
    problems: list[Problem] = field(default_factory=list)
    size: int = 0
    unfolded: int = 0
    given_up: bool = False

    def document(self) -> YamlDocument:
        event = next(self.events)
        line = _line(event)
        value: Value = None
        marks = Marks(line)
        try:
            value, marks = self.node(event, (), line)
        except _GivenUp:
            # the parser takes quadratic time in the depth of nesting: nothing more is read of such a stream
            self.given_up = True
            return YamlDocument(None, line, marks, tuple(self.problems))
        for event in self.events:
            if isinstance(event, DocumentEndEvent):
                break
        return YamlDocument(value, line, marks, tuple(self.problems))

    def node(self, event: Event, path: Path, line: int) -> tuple[Value, Marks]:
        """The value that begins with `event`, and its marks; `line` is where people look for it."""
        self.size += 1
        if isinstance(event, AliasEvent):
            return self.alias(event, path), Marks(line)
        before = self.size
        anchor = (
            event.anchor if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent) else None
        )
        if anchor is not None:
            self.anchors[anchor] = None
        value: Value
        if isinstance(event, ScalarEvent):
            value, marks = self.scalar(event, path), Marks(line)
        elif isinstance(event, SequenceStartEvent):
            value, marks = self.sequence(event, path, line)
        elif isinstance(event, MappingStartEvent):
            value, marks = self.mapping(event, path, line)
        else:  # pragma: no cover - the parser gives nothing else here
            raise _GivenUp
        if anchor is not None:
            self.anchors[anchor] = _Anchored(value, self.size - before + 1)
        return value, marks

    def sequence(self, event: SequenceStartEvent, path: Path, line: int) -> tuple[Value, Marks]:
        self.enter(event, path, "seq")
        values: list[Value] = []
        marks: list[Marks] = []
        while not isinstance(item := next(self.events), SequenceEndEvent):
            value, mark = self.node(item, (*path, len(values)), _line(item))
            values.append(value)
            marks.append(mark)
        return values, Marks(line, marks)

    def mapping(self, event: MappingStartEvent, path: Path, line: int) -> tuple[Value, Marks]:
        self.enter(event, path, "map")
        values: dict[str, Value] = {}
        marks: dict[str, Marks] = {}
        while not isinstance(start := next(self.events), MappingEndEvent):
            key_line = _line(start)
            key = self.key(start, path)
            value, mark = self.node(next(self.events), (*path, key), key_line)
            if key in values:
                first = marks[key].line
                self.problem(
                    f"this key stands twice in one mapping (first on line {first})",
                    (*path, key),
                    key_line,
                    "each key once",
                )
            else:
                values[key] = value
                marks[key] = mark
        return values, Marks(line, marks)

    def key(self, event: Event, path: Path) -> str:
        if isinstance(event, SequenceStartEvent | MappingStartEvent):
            self.problem("a key is a list or a mapping", path, _line(event), "a plain key")
            self.skip(path, _line(event))
            return f"?{self.size}"
        value, _ = self.node(event, path, _line(event))
        if isinstance(value, list | dict):
            self.problem("a key stands for a list or a mapping", path, _line(event), "a plain key")
            return f"?{self.size}"
        return key_text(value)

    def skip(self, path: Path, line: int) -> None:
        """Pass over the collection that has just begun."""
        depth = 1
        while depth:
            event = next(self.events)
            self.size += 1
            if isinstance(event, SequenceStartEvent | MappingStartEvent):
                depth += 1
            elif isinstance(event, SequenceEndEvent | MappingEndEvent):
                depth -= 1
            if depth + len(path) > self.limits.depth:
                self.too_deep(path, line)

    def too_deep(self, path: Path, line: int) -> None:
        self.problem("nested too deep", path[:8], line, f"at most {self.limits.depth} levels")
        raise _GivenUp

    def scalar(self, event: ScalarEvent, path: Path) -> Value:
        text = self.stand_ins.back(event.value, quoted=event.style == '"')
        if _HALVES.search(text):
            self.problem(
                "half of a character", path, _line(event), "both halves (\\ud83d\\ude80), or the character"
            )
            return None
        if event.tag is None:
            # CParser tells a plain scalar by its empty style
            return text if event.style else resolve(text)
        if not event.tag.startswith(_CORE):
            return text  # an unknown tag leaves a string, as in Backstage
        name = event.tag.removeprefix(_CORE)
        if name not in _KNOWN_TAGS:
            return text
        value = resolve(text)
        match name:
            case "str":
                return text
            case "null" if value is None:
                return None
            case "bool" if isinstance(value, bool):
                return value
            case "int" if isinstance(value, int) and not isinstance(value, bool):
                return value
            case "float" if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
        self.problem(
            f"the tag !!{name[:20]} does not fit this value",
            path,
            _line(event),
            "a value without a tag",
        )
        return None

    def alias(self, event: AliasEvent, path: Path) -> Value:
        line = _line(event)
        anchored = self.anchors.get(event.anchor or "")
        if anchored is None:
            inside = event.anchor in self.anchors
            self.problem(
                "an alias stands inside the very value it refers to"
                if inside
                else "an alias refers to an anchor that is not there",
                path,
                line,
                "an anchor (&name) that is complete before the alias (*name)",
            )
            return None
        self.unfolded += anchored.size
        if self.unfolded > self.limits.unfolded:
            self.problem(
                "the aliases unfold to too much",
                path,
                line,
                f"at most {self.limits.unfolded} values from aliases",
            )
            raise _GivenUp
        self.size += anchored.size - 1
        return _copy(anchored.value)

    def enter(self, event: SequenceStartEvent | MappingStartEvent, path: Path, kind: str) -> None:
        line = _line(event)
        if len(path) >= self.limits.depth:
            self.too_deep(path, line)
        if event.tag is not None and event.tag.startswith(_CORE) and event.tag != _CORE + kind:
            name = event.tag.removeprefix(_CORE)
            self.problem(
                f"the tag !!{name[:20]} does not fit this value", path, line, "a value without a tag"
            )

    def problem(self, message: str, path: Path, line: int, expected: str) -> None:
        if len(self.problems) < self.limits.problems:
            self.problems.append(
                Problem(message, where=self.where, line=line, path=path_text(path), expected=expected)
            )


def _copy(value: Value) -> Value:
    """A value of its own for each alias, so that changing one place changes one place."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value
