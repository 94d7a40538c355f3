"""Where sequences go on after a refresh, whatever the columns they feed are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.refresh.pipeline import refresh
from tests.integration.refreshing import column_of, execute, request_for

TwoDatabases = tuple[str, str]


@pytest.mark.parametrize(
    ("column", "rows"),
    [
        ("number text DEFAULT 'ORD-2025-' || lpad(nextval('numbers')::text, 5, '0')", "SELECT FROM generate_series(1, 17)"),
        ("number numeric DEFAULT nextval('numbers')", "VALUES (17), (1e30), ('NaN')"),
        ("number bigint DEFAULT nextval('numbers')", "VALUES (-5), (17), (900000)"),
        ("number text DEFAULT nextval('numbers')::text", "VALUES ('17'), ('none'), (NULL), (repeat('9', 40))"),
    ],
    ids=["in a text", "numeric", "bigint", "text by hand"],
)  # fmt: skip
def test_a_sequence_goes_on_beyond_what_it_gave(
    two_databases: TwoDatabases, tmp_path: Path, column: str, rows: str
) -> None:
    source, target = two_databases
    execute(source, f"CREATE SEQUENCE numbers MAXVALUE 99999; CREATE TABLE parcel ({column})")
    execute(source, f"INSERT INTO parcel {rows}")
    refresh(request_for(source, target, tmp_path))
    assert column_of(target, "SELECT nextval('numbers')") == [1018]
