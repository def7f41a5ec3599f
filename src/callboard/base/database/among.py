"""Whether a column's value is among many texts: one parameter, however many they are, on each database."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from callboard.base.texts import Texts

__all__ = ["among"]


class _Among(FunctionElement[bool]):
    """`column IN texts`; its clauses are the column and the texts as a JSON array."""

    name = "among"
    type = Boolean()
    inherit_cache = True


@compiles(_Among)
def _sqlite(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - a column and a parameter


@compiles(_Among, "postgresql")
def _postgresql(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, texts = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT json_array_elements_text(CAST({texts} AS json)))"


def among(column: ColumnElement[str], texts: Texts) -> ColumnElement[bool]:
    """The condition."""
    return _Among(column, bindparam(None, texts.written, String, unique=True))
