"""`callboard.extensions.path`: wheels and unpacked packages are loaded at the start; what is wrong with one costs that one."""

import asyncio
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs

from callboard.app.application import open_application
from callboard.app.installed import installed, loaded_now
from callboard.app.wiring import AppWiring
from callboard.cli.commands import build_cli
from support.extended import ENTITY, site_of

SOURCE = """
import msgspec
from callboard.extend import Action, Card, ExtensionPage, ExtensionRoute, hookimpl

class Cost(msgspec.Struct):
    words: str

async def view(context):
    return Cost("from the folder")

@hookimpl
def callboard_cards():
    return [Card(key="cost", title="Cost", template="callboard_from_folder:cost.html", view=view, applies=lambda e: True)]
"""
TEMPLATE = "<p>{{ view.words }}</p>"


def wheel(
    folder: Path,
    name: str = "folder",
    source: str = SOURCE,
    *,
    package: str = "callboard_from_folder",
    tag: str = "py3-none-any",
) -> Path:
    path = folder / f"{package}-1.2.3-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{package}/__init__.py", source)
        archive.writestr(f"{package}/cost.html", TEMPLATE)
        archive.writestr(
            f"{package}-1.2.3.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2.3\n"
        )
        if name:
            archive.writestr(
                f"{package}-1.2.3.dist-info/entry_points.txt", f"[callboard]\n{name} = {package}\n"
            )
    path.chmod(0o644)
    return path


def unpacked(folder: Path, name: str, package: str, source: str = SOURCE) -> None:
    with zipfile.ZipFile(wheel(folder, name, source, package=package)) as archive:
        archive.extractall(folder)
    next(folder.glob(f"{package}*.whl")).unlink()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    made = tmp_path / "extensions"
    made.mkdir(mode=0o755)
    yield made
    for name in [n for n in sys.modules if n.startswith("callboard_from")]:
        del sys.modules[name]
    sys.path_importer_cache.clear()


def config(directory: Path, folder: Path, **extensions: object) -> Path:
    (directory / "catalog-info.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: web}\n"
        "spec: {type: service, lifecycle: x, owner: team}\n"
    )
    settings = {
        "catalog": {"locations": [{"type": "file", "target": "./catalog-info.yaml"}]},
        "kubernetes": {"serviceLocatorMethod": {"type": "multiTenant"}, "clusterLocatorMethods": []},
        "callboard": {"extensions": {"path": str(folder), **extensions}},
    }
    file = directory / "app-config.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file


async def test_a_wheel_and_an_unpacked_package_are_loaded_with_their_templates(
    folder: Path, tmp_path: Path
) -> None:
    wheel(folder)
    unpacked(
        folder,
        "beside",
        "callboard_from_beside",
        SOURCE.replace("_from_folder", "_from_beside").replace('"cost"', '"more"'),
    )
    file = config(tmp_path, folder)
    async with (
        open_application([file], directory=tmp_path, persist=False) as app,
        site_of(app, everyone=True) as site,
    ):
        page = (await site.get(ENTITY, {})).text
        found = {e.name: e for e in app.fleet.plugins.extensions if e.label}
    assert page.count("<p>from the folder</p>") == 2
    assert found["folder"].version == "1.2.3"
    assert (
        found["folder"].origin
        == f"the package callboard_from_folder in {folder}/callboard_from_folder-1.2.3-py3-none-any.whl"
    )
    assert found["beside"].origin.endswith(str(folder))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("not zip", "it is no wheel: it cannot be opened"),
        ("compiled", "it is for one kind of machine: install it into the image"),
        ("anyone's", "anyone on this machine may put code of theirs there (mode 0666)"),
        ("group's", "others of its group may put code of theirs there (mode 0664)"),
        ("no entry point", "no extension is in it"),
        ("large", "it has more than 3 files"),
        ("raises", "it cannot be loaded from callboard_from_bad: ZeroDivisionError: division by zero"),
        ("taken", "its package yaml is there already"),
        ("same name", "brings a second one of this name, which is left out"),
    ],
)  # fmt: skip
def test_one_that_is_wrong_is_told_and_costs_itself(
    trouble: str, words: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(folder)
    name, package, source, tag = "bad", "callboard_from_bad", SOURCE, "py3-none-any"
    if trouble == "compiled":
        tag = "cp311-cp311-linux_x86_64"
    elif trouble == "raises":
        source = "1 / 0"
    elif trouble == "taken":
        package = "yaml"
    elif trouble == "no entry point":
        name = ""
    elif trouble == "same name":
        name, package = "folder", "callboard_from_second"
    path = wheel(folder, name, source, package=package, tag=tag)
    if trouble == "not zip":
        path.write_bytes(b"no archive")
    elif trouble == "large":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("more.txt", "")
            archive.writestr("most.txt", "")
        monkeypatch.setattr("callboard.app.extension_folder.MOST_FILES", 4)
        words = words.replace("3", "4")
    elif trouble in ("anyone's", "group's"):
        path.chmod(0o666 if trouble == "anyone's" else 0o664)
    found = installed(None, folder=folder)
    assert words in " ".join(p for e in found for p in e.problems)
    (sound,) = [e for e in found if e.name == "folder" and not e.problems]
    assert [card.key for card in sound.offers["callboard_cards"]] == ["cost"]


async def test_one_that_the_configuration_switches_on_later_is_loaded_then(
    folder: Path, tmp_path: Path
) -> None:
    wheel(folder)
    file = config(tmp_path, folder, switched={"folder": False})
    quick = yaml.safe_load(file.read_text())
    quick["callboard"]["watchInterval"] = "50ms"
    file.write_text(yaml.safe_dump(quick))
    async with (
        open_application([file], directory=tmp_path, persist=False) as app,
        site_of(app, everyone=True) as site,
    ):
        assert "callboard_from_folder" not in sys.modules
        assert "from the folder" not in (await site.get(ENTITY, {})).text
        keeping = asyncio.create_task(app.keep_up())
        quick["callboard"]["extensions"]["switched"] = {"folder": True}
        with capture_logs() as logs:
            file.write_text(yaml.safe_dump(quick))
            async with asyncio.timeout(30):
                while not any("in force" in entry["event"] for entry in logs):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        assert "<p>from the folder</p>" in (await site.get(ENTITY, {})).text
        keeping.cancel()


def test_one_that_is_switched_on_later_is_checked_as_at_the_start(folder: Path) -> None:
    wheel(folder)
    wheel(folder, "bad", package="yaml")
    off = frozenset({"folder", "bad"})
    assert all(not e.loaded and not e.problems for e in installed(None, off, folder) if e.name in off)
    bad, sound = loaded_now("bad", None, folder), loaded_now("folder", None, folder)
    assert bad
    assert "its package yaml is there already" in " ".join(bad.problems)
    assert bad.offers == {}
    assert sound
    assert not sound.problems
    assert [card.key for card in sound.offers["callboard_cards"]] == ["cost"]
    assert sound.origin.endswith(f"in {folder}/callboard_from_folder-1.2.3-py3-none-any.whl")
    assert loaded_now("gone", None, folder) is None


def test_a_wheel_stands_in_for_no_unpacked_package_beside_it(folder: Path) -> None:
    unpacked(folder, "second", "callboard_from_folder")
    wheel(folder, "first")
    found = {e.name: e for e in installed(None, folder=folder) if e.name in ("first", "second")}
    assert not found["first"].problems
    assert "its package callboard_from_folder is there already" in " ".join(found["second"].problems)


def test_a_folder_that_others_may_write_or_that_is_not_there_is_told_and_nothing_is_loaded(
    folder: Path, tmp_path: Path
) -> None:
    wheel(folder)
    folder.chmod(0o777)
    (broken,) = installed(None, folder=folder)
    assert "anyone on this machine may put code of theirs there (mode 0777)" in broken.problems[0]
    assert "nobody but its owner may write, or a volume that is mounted to be read only" in broken.problems[0]
    (missing,) = installed(None, folder=tmp_path / "nowhere")
    assert "No such file or directory: the extensions in it are missing" in missing.problems[0]
    assert not [p for p in sys.path if str(tmp_path) in p]
    if os.geteuid() == 0:
        folder.chmod(0o755)
        os.chown(folder, 12345, 12345)
        (foreign,) = installed(None, folder=folder)
        assert "it belongs to user 12345" in foreign.problems[0]


def test_settings_that_nobody_takes_and_all_that_is_wrong_are_told_by_the_command(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel(folder)
    wheel(
        folder,
        "bad",
        SOURCE.replace("def callboard_cards()", "def callboard_cards(colour)"),
        package="callboard_from_bad",
    )
    monkeypatch.chdir(tmp_path)
    config(tmp_path, folder, settings={"fodler": {}, "folder": {"x": 1}})
    run = build_cli(AppWiring()).main
    assert run(["extensions", "list"], standalone_mode=False) == 0
    listed = capsys.readouterr().out
    assert "card cost" in listed
    assert "not loaded" in listed
    assert run(["extensions", "check"], standalone_mode=False) == 1
    told = capsys.readouterr().out
    assert (
        "callboard.extensions.settings.fodler: there is no extension of that name; "
        "those loaded: bad, folder; did you mean folder?"
    ) in told
    assert "callboard.extensions.settings.folder: the extension folder takes no settings" in told
    assert "extension bad: it implements a hook wrongly" in told
    assert "colour" in told
    assert run(["extensions", "check", "nobody"], standalone_mode=False) == 3
    assert "Those installed: bad, folder" in capsys.readouterr().err
