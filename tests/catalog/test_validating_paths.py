"""`validate_paths`: files, globs and directories, with counts."""

from pathlib import Path

from callboard.catalog import validate_paths
from support.catalog import entity, write


def test_files_globs_and_directories_are_validated_once_each(tmp_path: Path) -> None:
    one = write(tmp_path / "a" / "one.yaml", entity("Component", "one"))
    write(tmp_path / "a" / "two.yml", entity("Component", "two"), entity("System", "two"))
    write(tmp_path / "a" / ".hidden" / "three.yaml", entity("Component", "three"))
    write(tmp_path / "a" / "notes.txt", "not yaml: [")
    found = validate_paths([str(one), str(tmp_path / "a"), str(tmp_path / "*" / "*.yaml")])
    assert (found.files, found.entities, found.documents, found.problems) == (2, 3, 3, ())


def test_a_path_that_leads_to_nothing_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / name) for name in ("none.yaml", "empty", "*.yaml")]
    found = validate_paths(paths)
    assert [(p.where, p.message) for p in found.problems] == [
        (path, "nothing to validate") for path in sorted(paths)
    ]


def test_one_ref_in_two_files_is_told_with_both_places(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", entity("Component", "dice"))
    write(tmp_path / "b.yaml", entity("Component", "DICE"))
    (problem,) = validate_paths([str(tmp_path)]).problems
    assert (problem.where, problem.line) == (str(tmp_path / "b.yaml"), 2)
    assert problem.found.endswith("a.yaml:2")


def test_bad_files_do_not_hide_one_another(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", "{")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    write(tmp_path / "c.yaml", entity("Component", "one", owner=None))
    found = validate_paths([str(tmp_path)])
    assert [Path(p.where).name for p in found.problems] == ["a.yaml", "b.yaml", "c.yaml"]
    assert (found.files, found.entities) == (3, 0)
