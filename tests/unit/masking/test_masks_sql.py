"""SQL of the rules: where it goes, what is promised of it, and that no value passes should one come by."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import CheckConstraint
from dbtool.catalog.relations import ColumnRef, ColumnType
from dbtool.masking.block import ColumnTally
from dbtool.masking.compile import plan_masking
from dbtool.masking.judgement import judge_tally
from dbtool.masking.mask import Overlap, Uniqueness
from dbtool.masking.masks import MASKS
from dbtool.postgres.copy_io import SizedReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh.chunks import Chunk, copy_out_of
from tests.unit.masking.compile_cases import (
    INT4,
    KEY,
    TEXT,
    USERS,
    compile_one,
    only,
    rules,
    run,
    table,
    use,
)

MASK = MASKS["sql"]


def test_it_stands_in_brackets_of_its_own_where_the_column_is_not_null() -> None:
    column = only(compile_one(TEXT, use("sql", expression="upper(city) -- all of it")))
    assert column.source_sql == "CASE WHEN c IS NOT NULL THEN (\nupper(city) -- all of it\n) END"
    assert column.expression is not None
    assert column.expression.text == "upper(city) -- all of it"


@pytest.mark.parametrize(
    "column", [INT4, ColumnType("text[]", "text", is_array=True), ColumnType("money", "money")]
)
def test_it_serves_every_type(column: ColumnType) -> None:
    assert only(compile_one(column, use("sql", expression="c"))).source_sql is not None


def test_should_a_value_come_by_it_is_blanked() -> None:
    assert run(only(compile_one(TEXT, use("sql", expression="c"))), "a", None, "") == ["", None, ""]


@pytest.mark.parametrize(("unique", "promised"), [(False, Uniqueness.LOSSY), (True, Uniqueness.INJECTIVE)])
def test_only_its_author_knows_whether_it_is_unique(unique: bool, promised: Uniqueness) -> None:
    column = only(compile_one(TEXT, use("sql", expression="c", unique=unique)))
    assert column.mask is MASK
    assert column.overlap is Overlap.CHANCE
    options = MASK.options.model_validate({"expression": "c", "unique": unique})
    assert MASK.promise_under is not None
    assert MASK.promise_under(options, None).uniqueness is promised  # type: ignore[arg-type]


def test_what_was_not_read_is_not_judged() -> None:
    column = only(compile_one(TEXT, use("sql", expression="c")))
    assert judge_tally(column, ColumnRef(USERS, "c"), ColumnTally(rows=9)) == (None, None)


@pytest.mark.parametrize("expression", ["", "  \n", "a\0b", 7, ["c"], None])
def test_what_is_no_expression_is_a_wrong_option(expression: object) -> None:
    with pytest.raises(ValidationError, match="expression"):
        MASK.options.model_validate({"expression": expression})


def test_a_check_is_not_tried_with_what_only_the_source_makes() -> None:
    users = table("users", c=TEXT)
    check = CheckConstraint("c_check", users.name, ("c",), "CHECK ((c = 'x'::text))")
    catalog = build_catalog(180000, [users], checks=(check,))
    plan = plan_masking(catalog, rules(users={"c": use("sql", expression="'x'")}), KEY, MASKS)
    assert [finding.check for finding in plan.findings] == ["check-not-proved"]


def test_what_the_rules_bring_is_read_by_the_driver_and_never_by_psql() -> None:
    masks = compile_one(TEXT, use("sql", expression="c")).relations[USERS]
    copy = copy_out_of(masks, Chunk(USERS, 0), binary=False)
    asked: list[str] = []

    @dataclass
    class Reader:
        name: str

        def open(self, _copy: CopyOut) -> AbstractContextManager[Iterator[bytes]]:
            asked.append(self.name)
            return nullcontext(iter(()))

    reader = SizedReader(Reader("driver"), Reader("psql"), lambda _relation: False)
    reader.open(copy)
    reader.open(CopyOut(USERS, ("c",)))
    assert asked == ["driver", "psql"]
