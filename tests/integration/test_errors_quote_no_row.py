"""A database's own code may quote whatever it likes; what dbtool says of it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.errors import ServerFailed
from dbtool.masking import check_fit
from dbtool.refresh import sampled_checks
from dbtool.refresh.pipeline import refresh
from tests.databases import execute
from tests.integration.refreshing import request_for, rules_of

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


@pytest.mark.parametrize(
    ("schema", "decision", "told"),
    [
        (
            "CREATE TABLE a (kept text, email text CONSTRAINT real CHECK (email NOT LIKE '%example%'))",
            "{mask: email}",
            'violates check constraint "real"',
        ),
        (
            "CREATE TABLE a (kept text, email text, CONSTRAINT once UNIQUE (kept, email))",
            "{mask: email}",
            'could not create unique index "once"',
        ),
    ],
    ids=["row", "key"],
)
def test_what_postgresql_adds_of_the_row_is_not_repeated(  # noqa: PLR0917  what it is given and what it makes of it
    two_databases: TwoDatabases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    schema: str,
    decision: str,
    told: str,
) -> None:
    """DETAIL has the row or its key, CONTEXT the line of the COPY; kept values are among them."""
    source, target = two_databases
    execute(
        source,
        f"{schema}; INSERT INTO a VALUES ($${ROW}$$, 'Ada@lovelace.dk'), ($${ROW}$$, 'ada@lovelace.dk')",
    )
    monkeypatch.setattr(sampled_checks, "MOST_SECONDS", -1)  # as where the sample misses the row
    rules = rules_of(f"  public.a: {{kept: {{keep: k}}, email: {decision}}}\n", tmp_path)
    monkeypatch.setattr(check_fit, "sample_values", lambda *_: [])
    with pytest.raises(ServerFailed, match=told) as failure:
        refresh(request_for(source, target, tmp_path, rules))
    said = " ".join([str(failure.value), *failure.value.__notes__])
    for private in (ROW, "lovelace", "example.", "DETAIL", "CONTEXT", "line 1"):
        assert private not in said
