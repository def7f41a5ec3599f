"""`callboard extensions`: what is installed and what is wrong with it, as the server finds it; and a skeleton to begin with."""

import os
import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

import click

from callboard.base.config import check as check_files
from callboard.base.errors import BadInputs, UsageError
from callboard.cli.exits import Exit
from callboard.cli.options import config_option, json_option
from callboard.cli.running import run
from callboard.cli.text import ASIDE, json_text, plain, say, table, terminal_of
from callboard.cli.wiring import InstalledExtension, WiredCheck, Wiring

__all__ = ["extensions", "skeleton"]

_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_MARKED: Final = re.compile(r"@(name|module|title)@")
_FILES: Final = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "app-config.yaml": "app-config.yaml.txt",
    "src/{module}/__init__.py": "hooks.py.txt",
    "src/{module}/pods.py": "pods.py.txt",
    "src/{module}/py.typed": "",
    "src/{module}/templates/pods.html": "pods.html.txt",
    "tests/test_{module}.py": "test.py.txt",
}
"""Where each file of the skeleton goes, and which of ours it is made of."""


@click.group()
def extensions() -> None:
    """Extensions: Python packages that bring tabs, cards, routes and parts of their own."""


@extensions.command("list")
@config_option
@json_option
@click.pass_obj
def list_extensions(wiring: Wiring, configs: tuple[Path, ...], as_json: bool) -> int:
    """List the extensions that the server would load, with version, origin, what each adds, and whether something is wrong.

    \b
    Exit codes: 0 listed; 3 a configuration that cannot be used.
    """
    found = _looked_at(wiring, configs).extensions
    if as_json:
        say(json_text(found))
        return Exit.FINE
    if not found:
        say(
            "No extension is installed: none has an entry point in the group 'callboard', and callboard.extensions.path has none."
        )
        return Exit.FINE
    terminal = terminal_of(sys.stdout)
    rows = [
        (
            each.name,
            each.version or "-",
            _state(each),
            plain("; ".join(each.adds) or "nothing", 300),
            plain(each.origin, 200),
        )
        for each in found
    ]
    say("\n".join(table(terminal, ("NAME", "VERSION", "STATE", "ADDS", "ORIGIN"), rows)))
    return Exit.FINE


@extensions.command("check")
@click.argument("name", required=False)
@config_option
@json_option
@click.pass_obj
def check_extensions(wiring: Wiring, name: str | None, configs: tuple[Path, ...], as_json: bool) -> int:
    """Load extensions as the server does, all or the one of a NAME, and say what is wrong with them: a hook that there is not, a
    route that does not say who may call it, a name that is taken, a template that is missing, settings that do not fit, another
    version of callboard.extend.

    \b
    Exit codes: 0 nothing wrong; 1 something is; 3 no extension of that name, or a configuration that cannot be used.
    """
    checked = _looked_at(wiring, configs)
    found = [each for each in checked.extensions if name in (None, each.name)]
    if name is not None and not found:
        known = ", ".join(each.name for each in checked.extensions) or "none"
        raise UsageError(f"There is no extension {name!r}. Those installed: {known}.")
    told = {problem for each in checked.extensions for problem in each.problems}
    others = [] if name is not None else [p for p in checked.problems if p not in told]
    wrong = any(each.problems for each in found) or bool(others)
    if as_json:
        say(json_text({"extensions": found, "problems": others}))
        return Exit.TROUBLE if wrong else Exit.FINE
    terminal = terminal_of(sys.stdout)
    lines = []
    for each in found:
        state = terminal.style(_state(each), "red" if each.problems else "green")
        lines.append(f"{each.name} {each.version or '-'}: {state}")
        lines += [f"  {plain(problem, 1000)}" for problem in each.problems]
        lines += [
            terminal.style(f"  {plain(words, 500)}", ASIDE) for words in (*each.deprecations, *each.adds)
        ]
    lines += [plain(problem, 1000) for problem in others]
    say("\n".join(lines) or "No extension is installed.")
    return Exit.TROUBLE if wrong else Exit.FINE


@extensions.command("new")
@click.argument("name")
@click.option(
    "--in",
    "directory",
    type=click.Path(path_type=Path),
    default=Path(),
    help="Where its folder is made.",
)
def new_extension(name: str, directory: Path) -> None:
    """Make a working extension to begin with, in a folder of that NAME: a tab and a route that tell of a service's pods, and
    a test of both.

    \b
    Exit codes: 0 made; 3 a NAME that cannot be one, or a folder that is there already.
    """
    home = directory / name
    written = skeleton(name)
    if home.exists():
        raise UsageError(f"{home} is there already: nothing was written.")
    for path, text in written.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text, encoding="utf-8")
    lines = [f"{home} has {len(written)} files. Next, in an environment that Callboard is installed in:", ""]
    lines += [
        f"    cd {home}",
        "    pip install --editable '.[test]'",
        "    pytest",
        "    callboard extensions check " + name,
    ]
    say("\n".join(lines))


def skeleton(name: str) -> dict[str, str]:
    """The files of a new extension, by path. Raises UsageError for what cannot be its name."""
    if not _NAME.fullmatch(name) or len(name) > 40:
        raise UsageError(
            f"{name[:100]!r} cannot be the name of an extension: small letters, digits and single '-', at most 40."
        )
    module = f"callboard_{name.replace('-', '_')}"
    words = {"name": name, "module": module, "title": name.replace("-", " ").capitalize()}
    ours = files("callboard.cli") / "skeleton"

    def filled(source: str) -> str:
        text = (ours / source).read_text(encoding="utf-8") if source else ""
        return _MARKED.sub(lambda found: words[found[1]], text)

    return {path.format(module=module): filled(source) for path, source in _FILES.items()}


def _looked_at(wiring: Wiring, configs: tuple[Path, ...]) -> WiredCheck:
    problems = check_files(wiring.config_files(configs), os.environ).problems
    if problems:
        raise BadInputs(problems)
    return run(wiring.wired_check(configs))


def _state(extension: InstalledExtension) -> str:
    count = len(extension.problems)
    if not count:
        return "fine"
    return f"{count} problem{'s' if count > 1 else ''}" if extension.adds else "not loaded"
