"""A database's own code may quote whatever it likes; what dbtool says of it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.errors import ServerFailed
from dbtool.refresh.pipeline import refresh
from tests.databases import execute
from tests.integration.refreshing import request_for

TwoDatabases = tuple[str, str]
ROW = "a value of somebody's"
_RAISING = """
CREATE FUNCTION spelt(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF current_database() <> '{source}' THEN RAISE 'not %', value USING ERRCODE = '{code}'; END IF;
    RETURN value;
END $$;
"""


@pytest.mark.parametrize("code", ["P0001", "23514"])
@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE a (b text CHECK (public.spelt(b) = b)); INSERT INTO a VALUES ($${row}$$)",
        "CREATE TABLE a (b text); INSERT INTO a VALUES ($${row}$$); CREATE INDEX ON a (public.spelt(b))",
        (
            "CREATE TABLE a (b text); INSERT INTO a VALUES ($${row}$$); "
            "CREATE MATERIALIZED VIEW c AS SELECT public.spelt(b) FROM a"
        ),
    ],
    ids=["check", "index", "view"],
)
def test_what_a_function_raises_is_not_repeated(
    two_databases: TwoDatabases, tmp_path: Path, schema: str, code: str
) -> None:
    source, target = two_databases
    execute(source, _RAISING.format(source=source.rsplit("/", 1)[1], code=code))
    execute(source, schema.format(row=ROW))
    with pytest.raises(ServerFailed, match="the database's own code raised an exception") as failure:
        refresh(request_for(source, target, tmp_path))
    assert ROW not in str(failure.value)
