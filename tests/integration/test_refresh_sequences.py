"""Where sequences go on after a refresh, whatever the columns they feed are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute
from tests.integration.refreshing import request_for
from tests.integration.test_refresh_subset import subset_request

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


@pytest.mark.parametrize(
    ("ids", "following"), [("3, 17", 1018), ("3, 5", 1006)], ids=["last", "not_the_last"]
)
def test_a_sequence_goes_on_beyond_the_rows_that_a_subset_has(
    two_databases: TwoDatabases, tmp_path: Path, ids: str, following: int
) -> None:
    """How many rows the source has is not to be read from it; what is left out feeds nothing."""
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE parcel (id serial PRIMARY KEY); INSERT INTO parcel SELECT FROM generate_series(1, 17);"
        "CREATE TABLE letter (id int DEFAULT nextval('parcel_id_seq')); INSERT INTO letter VALUES (500);"
        "CREATE TABLE note (id serial PRIMARY KEY); INSERT INTO note SELECT FROM generate_series(1, 9)",
    )
    tables = "{public.letter: skip, public.note: empty}"
    rules = f"subset: {{roots: [{{table: public.parcel, ids: [{ids}]}}], tables: {tables}}}\n"
    refresh(subset_request(source, target, tmp_path, rules))
    assert column_of(target, "SELECT id FROM parcel ORDER BY id") == [int(one) for one in ids.split(",")]
    assert column_of(target, "SELECT nextval('parcel_id_seq')") == [following]
    assert column_of(target, "SELECT nextval('note_id_seq')") == [1]
