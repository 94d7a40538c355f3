"""Keys as a root's query tells them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.postgres.root_keys import parse_keys, tell_keys
from dbtool.subset.seeds import find_places, find_places_of_numbers, seed_digest

USERS = RelationName("public", "users")
DIGEST = seed_digest(ProjectKey(b"the key of the unit tests, 32 long"), USERS)
IDS = [(3 << 16) | 7, (70_000 << 16) | 1]


def table(**columns: ColumnType) -> Relation:
    return Relation(
        USERS, RelationKind.TABLE, tuple(Column(name, kind, not_null=True) for name, kind in columns.items())
    )


def number(base: str) -> ColumnType:
    return ColumnType(base, base)


@pytest.mark.parametrize("base", ["int2", "int4", "int8", "oid"])
def test_one_number_is_told_in_binary_and_hashed_as_a_number(base: str) -> None:
    relation = table(id=number(base))
    assert "int8send" in tell_keys(relation, ["id"], "a").as_string()
    told = b"\0\0\0\3\0\7" + (42).to_bytes(8) + b"\0\1\x11\x70\0\1" + (-1).to_bytes(8, signed=True)
    ids, places = parse_keys(relation, ["id"], told, DIGEST)
    assert ids.tolist() == IDS
    assert (places == find_places_of_numbers(DIGEST, np.array([42, -1]))).all()


@pytest.mark.parametrize(
    "columns",
    [
        {"id": number("text")},
        {"id": number("numeric")},
        {"id": ColumnType("int4", "int4", is_array=True)},
        {"id": ColumnType("int4", "int4", type_schema="public")},
        {"id": number("int8"), "other": number("int8")},
    ],
    ids=["text", "numeric", "array", "a type of that name", "two numbers"],
)
def test_all_else_is_told_as_text(columns: dict[str, ColumnType]) -> None:
    relation = table(**columns)
    assert "concat_ws" in tell_keys(relation, list(columns), "a").as_string()
    first, second = ("\t".join([text] * len(columns)) for text in ("42", r"x\\y"))
    told = f"000000030007\t{first}\n000111700001\t{second}"
    ids, places = parse_keys(relation, list(columns), told, DIGEST)
    frame = pl.DataFrame({name: ["42", "x\\y"] for name in columns})
    assert ids.tolist() == IDS
    assert (places == find_places(DIGEST, frame)).all()


@pytest.mark.parametrize("told", [None, b"", ""])
def test_of_no_rows_there_are_none(told: bytes | str | None) -> None:
    ids, places = parse_keys(table(id=number("int8")), ["id"], told, DIGEST)
    assert (len(ids), len(places)) == (0, 0)
