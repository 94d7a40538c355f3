"""What a finding's remedy is: code to paste, or a sentence. Pure."""

from __future__ import annotations

import ast
import re

_SQL = re.compile(
    r"(ALTER|CREATE|DROP|SELECT|UPDATE|INSERT|DELETE|GRANT|REVOKE|SET|VALIDATE|VACUUM|ANALYZE)\b"
)


def language_of(remedy: str) -> str:
    """What to colour it as; empty for a sentence."""
    if not remedy.strip():
        return ""
    if remedy.startswith(("tables:", "# add to ")):
        return "yaml"
    if _SQL.match(remedy):
        return "sql"
    try:
        body = ast.parse(remedy).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return ""
    return "" if body and all(_is_a_word(each) for each in body) else "python"


def _is_a_word(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Name)
