"""Reading scenario files, with errors that say where."""

import dataclasses
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path

import msgspec
import yaml

from callboard.base.errors import BadInput, Problem
from callboard.simulator.chaos.rules import MODES
from callboard.simulator.scenarios.schema import Scenario
from callboard.simulator.scenarios.troubles import TROUBLES

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
        scenario = msgspec.convert(yaml.safe_load(text), Scenario)
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadInput(Problem(str(error), where=str(source))) from error
    _check(scenario, str(source))
    return scenario


def _check(scenario: Scenario, where: str) -> None:
    """Find what would only fail while it plays. Raises BadInput."""
    services = [item.name for item in scenario.services]
    named: list[tuple[str, str, str, Collection[str]]] = []
    times: list[tuple[str, str]] = [
        (f"services[{number}].age", item.age) for number, item in enumerate(scenario.services)
    ]
    for number, item in enumerate(scenario.troubles):
        place = f"troubles[{number}]"
        times.append((f"{place}.since", item.since))
        named += [(f"{place}.service", "service", item.service, services)]
        named += [(f"{place}.trouble", "trouble", item.trouble, TROUBLES)]
    for number, step in enumerate(scenario.timeline):
        place = f"timeline[{number}]"
        times += [
            (f"{place}.{field}", text) for field in ("after", "every") if (text := getattr(step, field))
        ]
        if step.action not in ("chaos", "chaos-off"):
            named += [(f"{place}.service", "service", step.service, services)]
        elif step.mode or step.action == "chaos":
            named += [(f"{place}.mode", "chaos mode", step.mode, MODES)]
        if step.action in ("trouble", "heal"):
            named += [(f"{place}.trouble", "trouble", step.trouble, TROUBLES)]
    for path, text in times:
        try:
            seconds(text)
        except BadInput as error:
            raise BadInput(dataclasses.replace(error.problem, where=where, path=path)) from None
    for path, kind, name, known in named:
        if name not in known:
            raise BadInput(
                Problem(
                    f"no such {kind}",
                    where=where,
                    path=path,
                    found=repr(name),
                    expected=", ".join(sorted(known)),
                )
            )
