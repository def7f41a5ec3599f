"""What the overlays and the chart under `deploy/` come to, and whether Kubernetes would take it."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from support.checkout import ROOT

__all__ = [
    "CHART",
    "FOREIGN",
    "KUSTOMIZE",
    "OVERLAYS",
    "Document",
    "charted",
    "complaints",
    "helm",
    "rendered",
]

Document = dict[str, Any]

KUSTOMIZE = ROOT / "deploy" / "kustomize"
OVERLAYS = sorted(path.name for path in (KUSTOMIZE / "overlays").iterdir())
CHART = ROOT / "deploy" / "chart"
FOREIGN = {"HTTPRoute", "ServiceMonitor", "PrometheusRule"}
"""Kinds that are not Kubernetes' own."""

_HELM = """
import json, sys
from helm_python.chart import Chart, lint
from helm_python.errors import HelmError
asked = json.load(sys.stdin)
with Chart.load(asked["chart"]) as chart:
    told = []
    for values in asked["values"]:
        try:
            chart.validate_schema(values)
            told.append(chart.render(values, name="callboard", namespace="callboard"))
        except HelmError as error:
            told.append(str(error))
json.dump({"lint": [lint(asked["chart"], v, strict=True) for v in asked["values"]], "rendered": told}, sys.stdout)
"""


@cache
def rendered(kubectl: Path, overlay: str) -> tuple[Document, ...]:
    """The objects of an overlay."""
    done = subprocess.run(
        [kubectl, "kustomize", KUSTOMIZE / "overlays" / overlay],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return tuple(each for each in yaml.safe_load_all(done.stdout) if each)


def helm(*values: Document) -> tuple[list[Document], list[dict[str, str] | str]]:
    """(what Helm's linter says, the files it renders or why it does not), for each of these values: in a process of its own,
    because it is a library in Go."""
    done = subprocess.run(
        [sys.executable, "-c", _HELM],
        input=json.dumps({"chart": str(CHART), "values": values}),
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    said = json.loads(done.stdout)
    return said["lint"], said["rendered"]


def charted(files: dict[str, str] | str) -> tuple[Document, ...]:
    """The objects of the chart."""
    assert isinstance(files, dict), files
    texts = [text for name, text in sorted(files.items()) if not name.endswith("NOTES.txt")]
    return tuple(each for text in texts for each in yaml.safe_load_all(text) if each)


@cache
def _schemas() -> Document:
    found: Document = json.loads((ROOT / "tests" / "support" / "kubernetes_schemas.json").read_text())
    return found


def complaints(document: Document) -> list[str]:
    """What Kubernetes 1.36's own schemas have against it; a field that they do not know is one. (tools/record_schemas.py)"""
    schemas = _schemas()
    validator = Draft202012Validator({"$defs": schemas["$defs"], **schemas["kinds"][document["kind"]]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]
