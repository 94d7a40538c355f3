"""A revision's text without the way back. Pure."""

from __future__ import annotations

import ast
from typing import Any, List


def without_downgrade(source: str) -> str:
    """``downgrade``, and the ``downgrade_<engine>`` of templates for several databases, cut out; all else as it was."""
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and (
            node.name == "downgrade" or node.name.startswith("downgrade_")
        ):
            lines = _cut(lines, node)
    return "".join(lines)


def _cut(lines: List[str], node: Any) -> List[str]:
    """With the comments right above it, and those of its body that follow the last statement."""
    start = min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1
    while start and lines[start - 1].startswith("#"):
        start -= 1
    end = node.end_lineno
    while end < len(lines) and (not lines[end].strip() or lines[end][0].isspace()):
        end += 1
    before, after = lines[:start], lines[end:]
    if not after:
        while before and not before[-1].strip():
            before.pop()
    return before + after
