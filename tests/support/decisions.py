"""Which decisions of the rules went one way only while something was judged."""

import ast
import dis
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

__all__ = ["one_sided"]

_JUMPS = ("POP_JUMP", "JUMP_IF")
Place = tuple[int, int]


def one_sided(modules: list[ModuleType], run: Callable[[], None]) -> list[str]:
    """The parts of conditions (`module:line: text`) that were true each time, or false each time, while `run` ran, or never
    came up. Left out are guards that make a rule total: whether a value is there at all, and of which type it is."""
    went = _watched({m.__file__ or "" for m in modules}, run)
    found: list[str] = []
    for module in modules:
        file = module.__file__ or ""
        source = Path(file).read_text(encoding="utf-8")
        decisions = _decisions(ast.parse(source))
        for code in _codes(compile(source, file, "exec")):
            ways = went.get((file, code.co_name, code.co_firstlineno), set())
            steps = list(dis.get_instructions(code))
            for jump, after in pairwise(steps):
                at = jump.positions
                if (
                    not jump.opname.startswith(_JUMPS)
                    or at is None
                    or at.lineno is None
                    or at.col_offset is None
                ):
                    continue
                text = decisions.get((at.lineno, at.col_offset))
                went_on = {jump.offset < b <= after.offset for a, b in ways if a == jump.offset}
                if text is not None and len(went_on) < 2:
                    found.append(f"{Path(file).stem}:{at.lineno}: {text}")
    return list(dict.fromkeys(found))


def _decisions(tree: ast.AST) -> dict[Place, str]:
    """Where each part of an `if` stands that decides something; where it is one part, or denied, the `if` itself."""
    found: dict[Place, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.If):
            parts = list(_parts(node.test))
            if not any(map(_guards, parts)):
                found[node.lineno, node.col_offset] = ast.unparse(node.test)
            found |= {(p.lineno, p.col_offset): ast.unparse(p) for p in parts if not _guards(p)}
    return found


def _parts(test: ast.expr) -> Iterator[ast.expr]:
    if isinstance(test, ast.BoolOp):
        for each in test.values:
            yield from _parts(each)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _parts(test.operand)
    else:
        yield test


def _guards(part: ast.expr) -> bool:
    if isinstance(part, ast.Compare):
        return any(isinstance(op, ast.Is | ast.IsNot) for op in part.ops)
    return isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id == "isinstance"


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _watched(files: set[str], run: Callable[[], None]) -> dict[tuple[str, str, int], set[tuple[int, int]]]:
    """From where to where each function of the files went, in offsets of its instructions."""
    went: dict[tuple[str, str, int], set[tuple[int, int]]] = {}

    def called(frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if code.co_filename not in files:
            return None
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        steps = went.setdefault((code.co_filename, code.co_name, code.co_firstlineno), set())
        before = -1

        def stepped(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal before
            if event == "opcode":
                steps.add((before, frame.f_lasti))
                before = frame.f_lasti
            return stepped

        return stepped

    others = sys.gettrace()
    sys.settrace(called)
    try:
        run()
    finally:
        sys.settrace(others)
    return went
