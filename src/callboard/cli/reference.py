"""The command line's reference page, written from the commands themselves (`make docs`)."""

import inspect
from collections.abc import Iterator

import click

from callboard.cli.commands import commands

__all__ = ["render"]


def render() -> str:
    """The page as Markdown: every command with its arguments, options, defaults and exit codes."""
    root = commands()
    blocks = [
        "<!-- Written from the commands by `make docs`; edit their help instead. -->",
        "# The command line",
        *_command(root, None, (root.name or "",)),
    ]
    return "\n\n".join(blocks) + "\n"


def _command(command: click.Command, parent: click.Context | None, path: tuple[str, ...]) -> Iterator[str]:
    context = click.Context(command, parent=parent, info_name=path[-1], **command.context_settings)
    if len(path) > 1:
        yield f"{'#' * len(path)} `{' '.join(path)}`"
    usage = " ".join((" ".join(path), *command.collect_usage_pieces(context)))
    yield f"    {usage}"
    yield from _paragraphs(command.help or "")
    options = [p for p in command.get_params(context) if isinstance(p, click.Option) and not p.hidden]
    rows = [record for option in options if (record := option.get_help_record(context))]
    yield "\n".join(
        ("| option | |", "| --- | --- |", *(f"| `{_cell(name)}` | {_cell(text)} |" for name, text in rows))
    )
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is not None:
                yield from _command(child, context, (*path, name))


def _paragraphs(text: str) -> Iterator[str]:
    """The help's paragraphs; those that keep their lines (after a `\\b`) as code."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            lines = paragraph.lstrip("\b\n").split("\n")
            yield "\n".join(f"    {line}" for line in lines) if len(lines) > 1 else lines[0]
        else:
            yield " ".join(paragraph.split())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
