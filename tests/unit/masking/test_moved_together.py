"""Dates and ranges that move by the columns beside them stay unique, and apart, within what these tell apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import ColumnType, TypeKind
from dbtool.findings import Finding
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.rules.model import Decision
from tests.unit.masking.compile_cases import DATE, INT8, KEEP, KEY, TEXT, USERS, rules, table, use

PERIOD = ColumnType("daterange", "daterange", TypeKind.RANGE)
UNIQUE = UniqueIndex("once", USERS, ("room", "day"))
EXCLUSION = UniqueIndex(
    "apart",
    USERS,
    ("room", "day"),
    is_exclusion=True,
    definition="EXCLUDE USING gist (room WITH =, day WITH &&)",
)
TEMPORAL = replace(EXCLUSION, definition="PRIMARY KEY (room, day WITHOUT OVERLAPS)", is_primary=True)
SHIFT = use("shift_date", by=("room",))


def prove(
    index: UniqueIndex,
    day: ColumnType,
    decision: Decision = SHIFT,
    room: Decision = KEEP,
    of: ColumnType = INT8,
) -> list[Finding]:
    relation = table("users", room=of, day=day, other=INT8)
    plan = plan_masking(
        build_catalog(180000, [relation], unique_indexes=(index,)),
        rules(users={"room": room, "day": decision, "other": KEEP}),
        KEY,
        MASKS,
    )
    return [finding for finding in plan.findings if finding.check == "uniqueness-not-proved"]


@pytest.mark.parametrize(
    ("index", "day"), [(UNIQUE, DATE), (UNIQUE, PERIOD), (EXCLUSION, PERIOD), (TEMPORAL, PERIOD)]
)
def test_what_moves_by_the_other_columns_stays_apart(index: UniqueIndex, day: ColumnType) -> None:
    assert prove(index, day) == []
    assert prove(index, day, room=use("permute_integer")) == []


@pytest.mark.parametrize("by", [(), ("other",), ("room", "other")])
def test_what_moves_by_less_or_by_others_is_refused(by: tuple[str, ...]) -> None:
    assert prove(UNIQUE, DATE, use("shift_date", by=by))
    (finding,) = prove(EXCLUSION, PERIOD, use("shift_date", by=by))
    assert finding.remedy.startswith("name the columns that it compares by = under by")


def test_rooms_that_are_spelt_twice_or_become_one_do_not_hold() -> None:
    assert prove(UNIQUE, DATE, of=ColumnType("numeric", "numeric"))
    assert prove(replace(UNIQUE, nondeterministic=("room",)), DATE, of=TEXT)
    assert prove(replace(UNIQUE, nulls_not_distinct=True), DATE)
    assert prove(UNIQUE, DATE, room=use("city"), of=TEXT)
    assert prove(replace(EXCLUSION, definition="EXCLUDE USING gist (room WITH <>, day WITH &&)"), PERIOD)


def test_other_masks_do_not_move_alike() -> None:
    assert prove(UNIQUE, DATE, use("birth_date", by=("room",)))
    assert prove(UNIQUE, TEXT)
