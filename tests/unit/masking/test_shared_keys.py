"""Which types may hold a key's stand-ins: as wide as the key's, and spelt alike."""

from __future__ import annotations

import pytest

from dbtool.catalog.relations import ColumnType, TypeKind
from dbtool.masking.shared_keys import find_mismatch

TEXT = ColumnType("text", "text")
INT4 = ColumnType("integer", "int4")
TAGS = ColumnType("text[]", "text", is_array=True)
MOOD = ColumnType("public.mood", "mood", TypeKind.ENUM, type_schema="public")
TEMPER = ColumnType("public.temper", "temper", TypeKind.ENUM, type_schema="public")


def numeric(precision: int, scale: int) -> ColumnType:
    return ColumnType(f"numeric({precision},{scale})", "numeric", precision=precision, scale=scale)


def varchar(length: int) -> ColumnType:
    return ColumnType(f"varchar({length})", "varchar", length=length)


@pytest.mark.parametrize(
    ("own", "key"),
    [
        (TEXT, TEXT),
        (TAGS, TAGS),
        (MOOD, MOOD),
        (numeric(10, 2), numeric(10, 2)),
        (varchar(20), varchar(20)),
        (varchar(63), ColumnType("name", "name")),
        (varchar(11), INT4),
        (ColumnType("uuid", "uuid"), ColumnType("uuid", "uuid")),
        (ColumnType("public.id", "int4", domains=("public.id",)), INT4),
    ],
    ids=lambda one: one.sql,
)
def test_alike_and_wide_enough(own: ColumnType, key: ColumnType) -> None:
    assert find_mismatch(own, key) is None


@pytest.mark.parametrize(
    ("own", "key", "reason"),
    [
        (TEXT, TAGS, "text and text[] are different kinds of type"),
        (TAGS, TEXT, "text[] and text are different kinds of type"),
        (MOOD, TEXT, "public.mood and text are different kinds of type"),
        (MOOD, TEMPER, "public.mood and public.temper are different types"),
        (numeric(10, 2), numeric(10, 3), "numeric(10,2) does not spell its values as numeric(10,3) does"),
        (numeric(9, 2), numeric(10, 2), "numeric(9,2) does not spell its values as numeric(10,2) does"),
        (varchar(62), ColumnType("name", "name"), "varchar(62) is shorter than what the stand-ins of name may need"),
        (varchar(10), INT4, "varchar(10) is shorter than what the stand-ins of integer may need"),
        (INT4, TEXT, "integer does not spell its values as text does"),
        (TEXT, ColumnType("uuid", "uuid"), "text does not spell its values as uuid does"),
        (ColumnType("timestamp", "timestamp"), ColumnType("date", "date"), "timestamp does not spell its values as date does"),
        (
            ColumnType("public.citext", "citext", type_schema="public"),
            TEXT,
            "public.citext does not spell its values as text does",
        ),
    ],
    ids=lambda one: one.sql if isinstance(one, ColumnType) else "",
)  # fmt: skip
def test_narrower_or_spelt_otherwise(own: ColumnType, key: ColumnType, reason: str) -> None:
    assert find_mismatch(own, key) == reason
