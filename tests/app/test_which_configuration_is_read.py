"""Files that are named, those of the working directory, or none; and the environment on top of them."""

from pathlib import Path

import pytest

from callboard.app.configuration import read_configuration
from callboard.base.errors import BadInputs

TITLE = {"APP_CONFIG_app_title": "from the environment"}


def test_the_working_directorys_files_are_read_the_local_one_last(tmp_path: Path) -> None:
    (tmp_path / "app-config.yaml").write_text("app: {title: first, baseUrl: http://one.example}\n")
    (tmp_path / "app-config.local.yaml").write_text("app: {title: local}\n")
    read = read_configuration([], {}, tmp_path)
    assert [p.name for p in read.paths] == ["app-config.yaml", "app-config.local.yaml"]
    assert (read.settings.app.title, read.settings.app.base_url) == ("local", "http://one.example")


def test_files_that_are_named_are_read_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "app-config.yaml").write_text("app: {title: first}\n")
    (tmp_path / "other.yaml").write_text("app: {title: other}\n")
    assert read_configuration([tmp_path / "other.yaml"], {}, tmp_path).settings.app.title == "other"


@pytest.mark.parametrize("there", [True, False])
def test_the_environment_wins_over_files_and_counts_without_any(tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "app-config.yaml").write_text("app: {title: first}\n")
    assert read_configuration([], TITLE, tmp_path).settings.app.title == "from the environment"


def test_what_the_environment_says_wrongly_is_told_without_files(tmp_path: Path) -> None:
    with pytest.raises(BadInputs, match="APP_CONFIG_backend_listen"):
        read_configuration([], {"APP_CONFIG_backend_listen": "x:y:z"}, tmp_path)
