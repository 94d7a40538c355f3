"""Which relations are looked through for rows of more than a gigabyte."""

from __future__ import annotations

import pytest

from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.refresh.wide_rows import may_be_wide

_MB = 1 << 20


@pytest.mark.parametrize(
    ("heap_mb", "toast_mb", "is_suspect"),
    [
        (0, 0, False),
        (10, 4, False),  # no compression makes a gigabyte of that
        (10, 5, True),
        (128, 5, True),
        (129, 5, False),  # too much to look through for values that nobody has
        (100_000, 500, False),
        (100_000, 513, True),
    ],
)
def test_a_relation_is_looked_through_where_enough_is_stored_beside_its_heap(
    heap_mb: int, toast_mb: int, is_suspect: bool
) -> None:
    relation = Relation(
        RelationName("public", "t"),
        RelationKind.TABLE,
        (),
        pages=heap_mb * _MB // 8192,
        bytes=(heap_mb + toast_mb) * _MB,
    )
    assert may_be_wide(relation) is is_suspect
