"""Constants are tried for a while, and the rest is left to the load."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.masking.compile import MaskingPlan, plan_masking
from dbtool.masking.masks import MASKS
from dbtool.refresh import tried_constants
from dbtool.refresh.tried_constants import MOST_SECONDS, try_constants
from dbtool.rules.model import ColumnRule, MaskUse, RuleSet, TableRules
from dbtool.rules.position import Position

_AT = Position("rules.yaml", 1, 1)


def lend() -> AbstractContextManager[Any]:
    return nullcontext()


_NAMES = ("a", "b", "c", "d")


@pytest.fixture
def plan() -> MaskingPlan:
    name = RelationName("public", "t")
    columns = tuple(Column(each, ColumnType("text", "text")) for each in _NAMES)
    uses = (
        ColumnRule((each,), MaskUse("constant", "constant", _AT, {"value": each}), _AT) for each in _NAMES
    )
    rules = RuleSet({name: TableRules(name, tuple(uses), _AT)})
    catalog = build_catalog(180000, [Relation(name, RelationKind.TABLE, columns)])
    return plan_masking(catalog, rules, ProjectKey(b"k" * 32), MASKS)


@pytest.fixture(autouse=True)
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many constants were asked about together. The source refuses all of them."""
    found: list[int] = []

    def are_refused(_connection: None, constants: Sequence[object]) -> bool:
        found.append(len(constants))
        return True

    monkeypatch.setattr(tried_constants, "_are_refused", are_refused)
    return found


def test_each_is_tried_for_itself_once_some_are_refused(plan: MaskingPlan, tried: list[int]) -> None:
    assert len(try_constants(lend, plan, lambda: 0.0)) == len(_NAMES)
    assert tried == [4, 1, 1, 1, 1]


def test_none_is_tried_when_the_time_is_up(plan: MaskingPlan, tried: list[int]) -> None:
    hours = count(0, MOST_SECONDS / 2)
    assert len(try_constants(lend, plan, lambda: next(hours))) == 1
    assert tried == [4, 1]
