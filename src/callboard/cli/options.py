"""Options that several commands share, so that they read and behave alike."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from callboard.base.config.durations import from_text

__all__ = ["PORT", "Span", "config_option", "json_option", "names"]

Command = TypeVar("Command", bound=Callable[..., Any])

PORT = click.IntRange(0, 65535)


class Span(click.ParamType[float]):
    """A length of time in seconds, more than 0: `300`, `90s`, `10m`, `PT5M`."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The seconds."""
        if isinstance(value, int | float):
            return float(value)
        written = str(value).strip()
        try:
            seconds: float | None = float(written)
        except ValueError:
            seconds = from_text(written)
        if seconds is None or not 0 < seconds < 1e9:
            self.fail(f"{written[:64]!r} is no length of time such as 300, 90s or 10m.", param, ctx)
        return seconds


def names(context: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """A callback for options that take several names with commas between them."""
    return tuple(name for part in value.split(",") if (name := part.strip()))


def config_option(command: Command) -> Command:
    """`--config FILE`, repeatable: later files win, as in Backstage."""
    return click.option(
        "--config",
        "configs",
        metavar="FILE",
        multiple=True,
        type=click.Path(path_type=Path),
        help="An app-config.yaml; may be given several times, later files win. Without it: app-config.yaml and "
        "app-config.local.yaml of the working directory; without these, the current kubeconfig and the catalog files there. "
        "Variables APP_CONFIG_section_key come on top.",
    )(command)


def json_option(command: Command) -> Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)
