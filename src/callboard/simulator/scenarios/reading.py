"""Reading scenario files, with errors that say where."""

from importlib.resources import files
from pathlib import Path

import msgspec
import yaml

from callboard.base.errors import BadInput, Problem
from callboard.simulator.scenarios.schema import Scenario

__all__ = ["load_scenario", "seconds"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str) -> float:
    """`90s`, `45m`, `3h`, `9d`, `-5m` in seconds. Raises BadInput."""
    sign = -1.0 if text.startswith("-") else 1.0
    body = text.lstrip("-")
    try:
        return sign * float(body[:-1]) * _UNITS[body[-1]]
    except (KeyError, ValueError, IndexError):
        raise BadInput(
            Problem("no duration", found=repr(text), expected="a number and s, m, h or d, such as 45m")
        ) from None


def load_scenario(source: Path | str = "demo") -> Scenario:
    """A scenario from a file, or a built-in one by name. Raises BadInput naming file, path, found and expected."""
    path = Path(source)
    if isinstance(source, Path) or path.suffix in (".yaml", ".yml"):
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise BadInput(
                Problem("the scenario cannot be read", where=str(path), found=error.strerror or "an error")
            ) from error
    else:
        resource = files("callboard.simulator.scenarios") / f"{source}.yaml"
        if not resource.is_file():
            raise BadInput(
                Problem(
                    "no such built-in scenario",
                    where=str(source),
                    expected="demo, quiet or a path ending in .yaml",
                )
            )
        text = resource.read_text("utf-8")
    try:
        return msgspec.convert(yaml.safe_load(text), Scenario)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadInput(Problem(str(error), where=str(source))) from error
