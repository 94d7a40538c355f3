"""docs/edge-cases.md has every edge case once, each with tests that exist or the reason why there is none."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parent.parent.parent
_PAGE = (_REPOSITORY / "docs" / "edge-cases.md").read_text(encoding="utf-8")
_NUMBERS = range(1, 73)  # those of the collection that the page answers
_ENTRY = re.compile(r"^### (\d+)\. (\S[^\n]*)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"`(tests/[^`]+)`")
_REASON = "Not tested here:"


def entries() -> list[tuple[int, str, str]]:
    """(number, title, what stands under it) in the order of the page."""
    return [(int(number), title, body.strip()) for number, title, body in _ENTRY.findall(_PAGE)]


@cache
def functions_of(path: Path) -> frozenset[str]:
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def names_a_test(reference: str) -> bool:
    path, _, function = reference.partition("::")
    file = Path(path).name
    return (
        file.startswith("test_")
        and function.startswith("test_")
        and function in functions_of(_REPOSITORY / path)
    )


def test_every_edge_case_is_there_once_and_in_order() -> None:
    assert [number for number, _, _ in entries()] == list(_NUMBERS)


def test_every_test_that_the_page_names_exists() -> None:
    named = _TEST.findall(_PAGE)
    assert [reference for reference in named if not names_a_test(reference)] == []


def test_no_entry_names_a_test_twice() -> None:
    twice = [number for number, _, body in entries() if len(set(named := _TEST.findall(body))) < len(named)]
    assert twice == []


@pytest.mark.parametrize(("number", "body"), [(number, body) for number, _, body in entries()])
def test_an_entry_says_what_happens_and_names_a_test_or_a_reason(number: int, body: str) -> None:
    told, _, _ = body.partition("\n\n")
    assert told.endswith((".", ":")), f"{number} does not say what dbtool does"
    assert _TEST.search(body) or _REASON in body, f"{number} has neither a test nor a reason"
