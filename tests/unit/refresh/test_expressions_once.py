"""SQL of the rules is asked about once for all partitions whose columns are alike: over a slow line each question counts."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.refresh import expressions
from dbtool.refresh.expressions import check_expressions
from dbtool.rules.model import Choice, ColumnRule, Keep, MaskUse, RuleSet, TableRules
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText

_AT = Position("rules.yaml", 1, 1)
_ROOT = RelationName("public", "events")


def lend() -> AbstractContextManager[Any]:
    return nullcontext()


_KEPT = Keep("a reason", _AT)
_TEXT, _NUMBER = ColumnType("text", "text"), ColumnType("bigint", "int8")


def leaf(name: str, *columns: Column) -> Relation:
    return Relation(RelationName("public", name), RelationKind.TABLE, columns, partition_root=_ROOT)


def masked(**options: object) -> MaskUse:
    mask = "sql" if options else "redact"
    return MaskUse(mask, mask, _AT, options)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, RelationName]]:
    """What is asked about, and of which relation."""
    found: list[tuple[str, RelationName]] = []

    def recording(name: str) -> Any:
        return lambda _connection, relation, *_rest, **_options: found.append((name, relation))

    for name in ("check_condition", "check_steady", "check_expression", "check_harmless"):
        monkeypatch.setattr(expressions, name, recording(name))
    return found


def test_partitions_that_are_alike_are_asked_about_once(asked: list[tuple[str, RelationName]]) -> None:
    columns = (Column("id", _NUMBER), Column("note", _TEXT), Column("more", _TEXT))
    other = (Column("id", _NUMBER), Column("note", _TEXT, collation="public.nocase"), Column("more", _TEXT))
    root = Relation(_ROOT, RelationKind.PARTITIONED_TABLE, columns)
    leaves = [*(leaf(f"events_{number}", *columns) for number in range(50)), leaf("odd", *other)]
    choice = Choice(SqlText("id > 1", _AT), masked(), _KEPT, _AT)
    decided = (("id", _KEPT), ("note", choice), ("more", masked(expression="upper(more)")))
    rules = RuleSet(
        {_ROOT: TableRules(_ROOT, tuple(ColumnRule((name,), one, _AT) for name, one in decided), _AT)}
    )
    plan = plan_masking(build_catalog(180000, [root, *leaves]), rules, ProjectKey(b"k" * 32), MASKS)
    check_expressions(lend, plan)
    assert [name for name, _ in asked] == [
        "check_condition",
        "check_steady",
        "check_expression",
        "check_harmless",
    ] * 2
    assert len({relation for _, relation in asked}) == 2
