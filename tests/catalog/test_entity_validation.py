"""Every rule of the envelope and of each kind, and that all problems of a document are told at once, at their places."""

from pathlib import Path
from typing import Any

import pytest

from callboard.base.errors import Problem
from callboard.catalog import validate_paths
from support.catalog import SPECS, dump, entity, write


def problems(tmp_path: Path, *entities: dict[str, Any] | str) -> tuple[Problem, ...]:
    return validate_paths([str(write(tmp_path / "catalog-info.yaml", *entities))]).problems


def paths(tmp_path: Path, *entities: dict[str, Any] | str) -> list[str]:
    return [problem.path for problem in problems(tmp_path, *entities)]


@pytest.mark.parametrize("kind", list(SPECS))
def test_a_plain_entity_of_every_kind_is_valid(tmp_path: Path, kind: str) -> None:
    assert problems(tmp_path, entity(kind, "thing")) == ()


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Component", "type"),
        ("Component", "lifecycle"),
        ("Component", "owner"),
        ("API", "type"),
        ("API", "lifecycle"),
        ("API", "owner"),
        ("API", "definition"),
        ("Resource", "type"),
        ("Resource", "owner"),
        ("System", "owner"),
        ("Domain", "owner"),
        ("Group", "type"),
        ("Group", "children"),
        ("User", "memberOf"),
        ("Template", "type"),
        ("Template", "steps"),
    ],
)
def test_a_required_field_must_be_there_and_be_of_its_form(tmp_path: Path, kind: str, field: str) -> None:
    (missing,) = problems(tmp_path, entity(kind, "thing", **{field: None}))
    assert (missing.path, missing.message) == (f"spec.{field}", "is missing")
    (wrong,) = problems(tmp_path, entity(kind, "thing", **{field: 7}))
    assert (wrong.path, wrong.message, wrong.found) == (f"spec.{field}", "is malformed", "7")


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Component", "system"),
        ("Component", "subcomponentOf"),
        ("API", "system"),
        ("Resource", "system"),
        ("System", "domain"),
        ("System", "type"),
        ("Domain", "subdomainOf"),
        ("Domain", "type"),
        ("Group", "parent"),
        ("Location", "type"),
        ("Location", "target"),
        ("Template", "owner"),
    ],
)
@pytest.mark.parametrize("value", ["", 7, True, ["a"], {"a": "b"}])
def test_an_optional_string_is_a_string_and_not_empty(
    tmp_path: Path, kind: str, field: str, value: object
) -> None:
    assert paths(tmp_path, entity(kind, "thing", **{field: value})) == [f"spec.{field}"]


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Component", "providesApis"),
        ("Component", "consumesApis"),
        ("Component", "dependsOn"),
        ("Resource", "dependsOn"),
        ("Group", "children"),
        ("Group", "members"),
        ("User", "memberOf"),
        ("Location", "targets"),
    ],
)
def test_a_list_of_strings_holds_nothing_else(tmp_path: Path, kind: str, field: str) -> None:
    assert paths(tmp_path, entity(kind, "thing", **{field: "resource:x"})) == [f"spec.{field}"]
    assert paths(tmp_path, entity(kind, "thing", **{field: ["resource:x", 7, ""]})) == [
        f"spec.{field}[1]",
        f"spec.{field}[2]",
    ]


def test_dependency_of_may_be_one_string_as_upstream(tmp_path: Path) -> None:
    assert problems(tmp_path, entity("Resource", "x", dependencyOf="component:a")) == ()
    assert paths(tmp_path, entity("Resource", "x", dependencyOf=["component:a", 7])) == [
        "spec.dependencyOf[1]"
    ]
    assert paths(tmp_path, entity("Resource", "x", dependencyOf={})) == ["spec.dependencyOf"]


def test_a_kind_in_other_letters_or_of_another_api_is_recognized_by_nobody(tmp_path: Path) -> None:
    for root in (
        {**entity("Component", "thing"), "kind": "component"},
        {**entity("Component", "thing"), "apiVersion": "scaffolder.backstage.io/v1beta3"},
        {**entity("Template", "thing"), "apiVersion": "backstage.io/v1alpha1"},
        {**entity("Component", "thing"), "kind": "Rocket"},
    ):
        (problem,) = problems(tmp_path, root)
        assert problem.message.startswith(
            f"No processor recognized the entity {str(root['kind']).lower()}:default/thing"
        )


def test_every_other_api_version_of_the_catalog_is_taken(tmp_path: Path) -> None:
    assert problems(tmp_path, {**entity("System", "thing"), "apiVersion": "backstage.io/v1beta1"}) == ()


def test_an_mcp_server_names_remotes_instead_of_a_definition(tmp_path: Path) -> None:
    remotes = [{"type": "streamable-http", "url": "https://mcp.example.org"}]
    assert problems(tmp_path, entity("API", "mcp", type="mcp-server", definition=None, remotes=remotes)) == ()
    for wrong, path in (
        (None, "spec.remotes"),
        ([], "spec.remotes"),
        ([{"type": "sse"}], "spec.remotes[0].url"),
    ):
        bad = entity("API", "mcp", type="mcp-server", definition=None, remotes=wrong)
        assert paths(tmp_path, bad) == [path]


def test_presence_is_one_of_two_words(tmp_path: Path) -> None:
    assert problems(tmp_path, entity("Location", "x", presence="optional")) == ()
    (problem,) = problems(tmp_path, entity("Location", "x", presence="perhaps"))
    assert (problem.path, problem.expected) == ("spec.presence", "required or optional")


def test_dependencies_need_their_kind_and_owners_do_not(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, entity("Component", "x", owner="team-a", dependsOn=["dice-store"]))
    assert (problem.path, problem.found) == ("spec.dependsOn[0]", '"dice-store"')
    assert "the kind written out" in problem.expected


@pytest.mark.parametrize("ref", ["group:", ":x", "a/", "group:/x"])
def test_a_reference_with_an_empty_part_is_refused(tmp_path: Path, ref: str) -> None:
    assert paths(tmp_path, entity("Component", "x", owner=ref)) == ["spec.owner"]


@pytest.mark.parametrize("field", ["relations", "status", "data"])
def test_root_fields_that_are_not_the_files_own_are_refused(tmp_path: Path, field: str) -> None:
    (problem,) = problems(tmp_path, {**entity("Component", "x"), field: []})
    assert (problem.path, problem.message) == (field, f"Unknown field {field}")


@pytest.mark.parametrize("field", ["apiVersion", "kind", "metadata", "spec"])
def test_a_missing_root_field_is_told(tmp_path: Path, field: str) -> None:
    whole = entity("Component", "x")
    del whole[field]
    assert field in paths(tmp_path, whole)


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({"name": "-dice"}, "metadata.name"),
        ({"name": "dice roller"}, "metadata.name"),
        ({"name": "d" * 64}, "metadata.name"),
        ({"name": 7}, "metadata.name"),
        ({"namespace": "Upper"}, "metadata.namespace"),
        ({"namespace": None}, "metadata.namespace"),
        ({"title": ""}, "metadata.title"),
        ({"description": 7}, "metadata.description"),
        ({"labels": ["a"]}, "metadata.labels"),
        ({"labels": {"a b": "c"}}, 'metadata.labels["a b"]'),
        ({"labels": {"example.org/x": "-"}}, "metadata.labels"),
        ({"labels": {"tier": 1}}, "metadata.labels.tier"),
        ({"annotations": {"a/b/c": "d"}}, "metadata.annotations"),
        ({"annotations": {"tier": True}}, "metadata.annotations.tier"),
        ({"tags": "java"}, "metadata.tags"),
        ({"tags": ["java", "Java 17"]}, "metadata.tags[1]"),
        ({"tags": ["a--b"]}, "metadata.tags[0]"),
        ({"tags": [7]}, "metadata.tags[0]"),
        ({"links": [{"title": "x"}]}, "metadata.links[0].url"),
        ({"links": [{"url": "no url"}]}, "metadata.links[0].url"),
        ({"links": [{"url": "https://x.example", "title": ""}]}, "metadata.links[0].title"),
        ({"links": [{"url": "https://x.example", "title": " "}]}, "metadata.links[0].title"),
        ({"links": ["https://x.example"]}, "metadata.links[0]"),
    ],
)
def test_a_bad_part_of_metadata_is_told_at_its_place(
    tmp_path: Path, metadata: dict[str, object], path: str
) -> None:
    (problem,) = problems(tmp_path, entity("Component", "dice", metadata=metadata))
    assert problem.path.startswith(path)
    assert problem.expected


def test_all_sorts_of_good_metadata_are_taken(tmp_path: Path) -> None:
    metadata: dict[str, object] = {
        "namespace": "team--a",
        "title": "Würfel",
        "description": "",
        "labels": {"example.org/tier": "", "a_b.c": "1.0"},
        "annotations": {"example.org/note": "anything: at all\n"},
        "tags": ["c++", "c#", "a:b", "java-17"],
        "links": [{"url": "https://x.example/a?b=c#d", "title": "X", "icon": "docs", "type": "runbook"}],
        "unknown": {"is": ["let", "through"]},
    }
    assert problems(tmp_path, entity("Component", "Dice_Roller.2", metadata=metadata)) == ()


def test_keys_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, entity("Component", "x", Owner="team-b"))
    assert problem.message == "Entity has duplicate keys that vary only in casing"
    assert "spec.owner and spec.Owner" in problem.found


def test_every_problem_of_every_document_is_told_with_its_line(tmp_path: Path) -> None:
    file = write(
        tmp_path / "catalog-info.yaml",
        """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: one
  tags:
    - good
    - Bad Tag
spec:
  type: service
  owner: team-a
---
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: two
  annotations:
    example.org/number: 7
spec:
  type: service
  lifecycle:
  owner: team-a
""",
    )
    found = validate_paths([str(file)])
    assert [(p.where, p.line, p.path) for p in found.problems] == [
        (str(file), 7, "metadata.tags[1]"),
        (str(file), 8, "spec.lifecycle"),
        (str(file), 18, 'metadata.annotations["example.org/number"]'),
        (str(file), 21, "spec.lifecycle"),
    ]
    assert (found.files, found.documents, found.entities) == (1, 2, 0)
    assert found.problems[2].hint == "put it in quotes"
    assert found.problems[3].found == "nothing (null)"


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "7\n"])
def test_a_document_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert problem.message == "is not an entity"


def test_words_that_other_yaml_reads_as_booleans_and_dates_stay_strings(tmp_path: Path) -> None:
    text = dump(entity("Component", "x")) + (
        "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: on\n"
        "  labels: {a: no, b: 2024-01-01}\nspec: {type: off, lifecycle: yes, owner: y}\n"
    )
    assert problems(tmp_path, text) == ()


def test_broken_yaml_is_told_and_what_stands_before_it_counts(tmp_path: Path) -> None:
    found = validate_paths([str(write(tmp_path / "x.yaml", entity("Component", "good"), "---\na: [b\n"))])
    assert (found.entities, len(found.problems)) == (1, 1)
    assert found.problems[0].line is not None
    assert found.problems[0].line >= 3


def test_placeholders_anywhere_but_in_a_definition_are_told(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, entity("Component", "x", metadata={"extra": {"$text": "./secret"}}))
    assert problem.path == "metadata.extra"
    assert "placeholder" in problem.message
