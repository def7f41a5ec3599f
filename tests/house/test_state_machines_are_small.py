"""What changes while it runs is kept in small machines: no class has more than a dozen attributes without a reason."""

import ast
import re

from support.checkout import ROOT

PACKAGE = ROOT / "src" / "callboard"
MOST = 12
SELF = re.compile(r"\bself\.(\w+)")

LARGE = {
    "Application": "names every part of a running Callboard once, for whoever holds it",
    "Catalog": "the settings of its sources, swapped as a whole, beside what it has read of them",
    "Checkpoints": "half of them are bounds, handed in by tests",
    "ClientConnection": "uvicorn's protocol, whose fields it extends",
    "Connection": "what one identity's requests to one API server share: pool, gate, limits, and what loop and memory are shared",
    "ContainerLife": "the simulator's container: its fields are Kubernetes' own",
    "FleetInForce": "all that a change of configuration replaces, and how to make it anew",
    "Followed": "one cluster's credential and its streams, which end together",
    "Holdings": "what is held and how far it can be trusted change in one step",
    "Hub": "the tables of what a process shares: streams, budgets, pulses, rooms",
    "LogBuffer": "what waits of one log for one reader, each kind with its bound, taken in one step",
    "Metrics": "one attribute is one metric",
    "Pool": "how one API server is reached as one identity: trust, proxy and sockets, closed together",
    "Pulse": "one question, and who is told of each answer it may have",
    "ServiceState": "a row of the board: it has slots and no behaviour",
    "Sessions": "what each step of a session's life needs: link, store, way, confirmation, end, record",
    "Site": "what every request passes on its way, each given once and never changed",
    "SimulatedCluster": "the stand-in's outside, which tests hold",
    "Stream": "where schedule, holdings, budget and checkpoint of one question meet; its own state is three of them",
    "_Walk": "one walk through the locations, made and dropped within a call",
}
"""Classes that have more, and why two small ones would not be clearer. A new one is split, or argued here."""


def attributes(cls: ast.ClassDef) -> set[str]:
    """The names that methods of the class set on `self`."""
    found: set[str] = set()
    for method in cls.body:
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(method):
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.ctx, ast.Store)
                    and isinstance(node.value, ast.Name)
                    and node.value.id == "self"
                ):
                    found.add(node.attr)
    return found


def test_a_class_with_more_than_a_dozen_attributes_says_why() -> None:
    large: dict[str, int] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if len(set(SELF.findall(text))) <= MOST:
            continue  # no class of it has more than the whole file
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and (count := len(attributes(node))) > MOST:
                large[node.name] = count
    assert {name: count for name, count in large.items() if name not in LARGE} == {}, "split it, or argue"
    assert sorted(LARGE.keys() - large.keys()) == [], "these are small now: take them out of LARGE"
