"""Rows that PostgreSQL cannot give are told before anything is copied. Here a megabyte stands for the gigabyte."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.errors import FindingsRefuse
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.refresh import wide_rows
from dbtool.refresh.preflight import preflight
from dbtool.refresh.wide_rows import judge_wide_rows
from dbtool.targets import Target, Tier
from tests.databases import execute
from tests.integration.refreshing import KEY, keep_everything, request_for, rules_of

pytestmark = pytest.mark.one_major

_NOISE = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, {number}) i)"
_LONG, _HALF = _NOISE.format(number=40_000), _NOISE.format(number=20_000)  # 1.28 MB, 0.64 MB


@pytest.fixture(autouse=True)
def _a_megabyte_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wide_rows, "MOST_BYTES", 1 << 20)


def find(url: str, folder: Path, rules: str = "", *, is_subset: bool = False) -> list[Finding]:
    with connect(url) as connection:
        catalog = read_catalog(connection)
    chosen = rules_of(rules, folder) if rules else keep_everything(catalog)
    plan = plan_masking(catalog, chosen, KEY, MASKS)
    assert not plan.errors
    source = Target("production", Tier.PRODUCTION, lambda: url)
    return list(judge_wide_rows(source, plan, is_subset=is_subset))


def test_a_row_that_is_too_long_stops_the_run_before_anything_is_copied(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, "CREATE TABLE scan (id int, one text, two text); CREATE TABLE other (id int)")
    execute(source, f"INSERT INTO scan VALUES (1, 'short', 'short'), (2, {_HALF}, {_HALF})")
    with pytest.raises(FindingsRefuse) as refused:
        preflight(request_for(source, target, tmp_path))
    (finding,) = (one for one in refused.value.findings if isinstance(one, Finding) and one.is_error)
    assert (finding.check, finding.where) == ("row-too-wide", "public.scan")
    assert finding.message.startswith("1 row is longer than a gigabyte of text")


def test_rows_that_fit_are_nothing_to_be_told(database: str, tmp_path: Path) -> None:
    execute(
        database, f"CREATE TABLE scan (id int, one text); INSERT INTO scan VALUES (1, {_HALF}), (2, {_HALF})"
    )
    assert find(database, tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", _LONG), ("varchar", _LONG), ("bytea", f"{_HALF}::bytea"), ("jsonb", f"to_jsonb({_LONG})"), ("text[]", f"ARRAY[{_LONG}]")],
)  # fmt: skip
def test_every_kind_of_value_counts(database: str, tmp_path: Path, kind: str, value: str) -> None:
    execute(
        database,
        f'CREATE TABLE "Odd %s" (id int, "a""b" {kind}); ALTER TABLE "Odd %s" ALTER "a""b" SET STORAGE EXTERNAL',
    )
    execute(database, f'INSERT INTO "Odd %s" VALUES (1, {value})')
    assert [one.where for one in find(database, tmp_path)] == ['public."Odd %s"']


def test_a_value_that_is_stored_small_counts_by_its_length(database: str, tmp_path: Path) -> None:
    execute(
        database, "CREATE TABLE scan (id int, one text); INSERT INTO scan VALUES (1, repeat('x', 3000000))"
    )
    assert [one.check for one in find(database, tmp_path)] == ["row-too-wide"]


def test_a_column_that_does_not_leave_the_source_counts_for_nothing(database: str, tmp_path: Path) -> None:
    execute(database, f"CREATE TABLE scan (id int, one text); INSERT INTO scan VALUES (1, {_LONG})")
    decided = "  public.scan: {id: {keep: k}, one: {mask: %s}}\n"
    assert find(database, tmp_path, decided % '"null"') == []
    assert find(database, tmp_path, decided % "redact")


def test_in_a_subset_it_is_a_warning(database: str, tmp_path: Path) -> None:
    execute(database, f"CREATE TABLE scan (id int, one text); INSERT INTO scan VALUES (1, {_LONG})")
    (finding,) = find(database, tmp_path, is_subset=True)
    assert finding.severity is Severity.WARNING
    assert "fails where it is chosen" in finding.message


def test_a_partition_is_told_by_its_own_name(database: str, tmp_path: Path) -> None:
    execute(
        database,
        "CREATE TABLE scan (id int, one text) PARTITION BY LIST (id); CREATE TABLE scan_1 PARTITION OF scan FOR VALUES IN (1);"
        f"CREATE TABLE scan_2 PARTITION OF scan DEFAULT; INSERT INTO scan VALUES (2, {_LONG})",
    )
    assert [one.where for one in find(database, tmp_path)] == ["public.scan_2"]


def test_a_locked_relation_is_left_to_the_load(database: str) -> None:
    execute(database, f"CREATE TABLE scan (id int, one text); INSERT INTO scan VALUES (1, {_LONG})")
    with connect(database) as connection:
        catalog = read_catalog(connection)
        plan = plan_masking(catalog, keep_everything(catalog), KEY, MASKS)
        with connection.transaction():
            connection.execute("LOCK TABLE public.scan IN ACCESS EXCLUSIVE MODE")
            source = Target("production", Tier.PRODUCTION, lambda: database)
            assert list(judge_wide_rows(source, plan, is_subset=False)) == []
