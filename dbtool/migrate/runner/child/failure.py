"""Exceptions as the parent is told of them: type, place in the project, SQLSTATE, and a text that quotes no row."""

from __future__ import annotations

import os
import traceback
from typing import Any, Dict, Optional

from .refusal import Refusal


def describe_exception(error: BaseException, root: str) -> Dict[str, Any]:
    error = _refusal_behind(error)
    original = getattr(error, "orig", None) or error
    return {
        "kind": type(original).__name__,
        "place": find_place(error, root),
        "sqlstate": find_sqlstate(original),
        "message": find_message(original),
    }


def _refusal_behind(error: BaseException) -> BaseException:
    """env.py may have wrapped it, or failed because of it."""
    seen = set()
    one: Optional[BaseException] = error
    while one is not None and id(one) not in seen:
        if isinstance(one, Refusal):
            return one
        seen.add(id(one))
        one = one.__cause__ or one.__context__
    return error


def find_place(error: BaseException, root: str) -> str:
    """file:line, the innermost in the project's own files; of a file that cannot be parsed, where."""
    root = os.path.realpath(root)
    places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno or 1))
    for filename, line in reversed(places):
        path = "" if filename.startswith("<") else os.path.realpath(filename)
        if path.startswith(root + os.sep) and "site-packages" not in path:
            return f"{os.path.relpath(path, root)}:{line}"
    return ""


def find_sqlstate(error: Any) -> Any:
    """As psycopg (``sqlstate``), psycopg2 (``pgcode``), asyncpg (``sqlstate``, through SQLAlchemy too) and pg8000 say it."""
    for name in ("sqlstate", "pgcode"):
        found = getattr(error, name, None)
        if isinstance(found, str):
            return found
    first = error.args[0] if getattr(error, "args", None) else None
    return first.get("C") if isinstance(first, dict) else None


def find_message(error: Any) -> str:
    """PostgreSQL's primary message alone, where there is one: DETAIL and what SQLAlchemy adds quote rows."""
    if isinstance(error, SystemExit):
        return f"env.py ended the program (SystemExit: {error.code})"
    if isinstance(error, SyntaxError):
        return str(error.msg)
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    if primary:
        return str(primary)
    first = error.args[0] if getattr(error, "args", None) else None
    if isinstance(first, dict):
        return str(first.get("M", ""))
    text = str(getattr(error, "message", "") or error)
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
