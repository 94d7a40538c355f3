"""What is no column's value: large objects and statistics, which stay behind, and the schema's text, which comes along."""

from __future__ import annotations

from pathlib import Path

from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]


def test_large_objects_stay_behind_and_what_points_at_them_is_named(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE DOMAIN big AS oid; CREATE TABLE person (id int, mail text, photo oid, scan big, scans oid[], gone oid);"
        "INSERT INTO person SELECT n, n || '@lovelace.dk', lo_from_bytea(0, 'secret picture'), lo_from_bytea(0, 'secret'),"
        " NULL, lo_from_bytea(0, 'secret') FROM generate_series(1, 4) n",
    )
    rules = rules_of(
        "  public.person: {[id, photo, scan, scans]: {keep: k}, mail: {mask: email}, gone: {mask: 'null'}}\n",
        tmp_path,
    )
    result = refresh(request_for(source, target, tmp_path, rules))
    assert query(target, "SELECT count(*) FROM pg_largeobject_metadata") == [(0,)]
    assert query(target, "SELECT count(*) FROM pg_largeobject") == [(0,)]
    assert column_of(target, "SELECT photo FROM person ORDER BY id") == column_of(
        source, "SELECT photo FROM person ORDER BY id"
    )
    assert column_of(target, "SELECT DISTINCT gone FROM person") == [None]
    (said,) = [one.message for one in result.findings if "large objects" in one.message]
    for column in ("photo", "scan", "scans", "gone"):
        assert f"public.person.{column}" in said


def test_statistics_of_the_target_know_no_original(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE person (id int PRIMARY KEY, mail text, city text);"
        "CREATE STATISTICS both_of (mcv, dependencies, ndistinct) ON mail, city FROM person;"
        "CREATE INDEX ON person (lower(mail));"
        "INSERT INTO person SELECT n, 'ada' || n % 3 || '@lovelace.dk', 'Lovelace' || n % 3 FROM generate_series(1, 900) n;"
        "ANALYZE person",
    )
    values = "SELECT string_agg(concat_ws(' ', most_common_vals::text, histogram_bounds::text), ' ') FROM pg_stats WHERE schemaname = 'public'"
    extended = "SELECT string_agg(most_common_vals::text, ' ') FROM pg_stats_ext"
    assert "lovelace" in query(source, values)[0][0]
    assert "lovelace" in query(source, extended)[0][0]
    rules = rules_of("  public.person: {id: {keep: k}, mail: {mask: email}, city: {mask: city}}\n", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    for told in (query(target, values)[0][0], query(target, extended)[0][0]):
        assert told
        assert "lovelace" not in told.lower()
    assert query(target, "SELECT reltuples FROM pg_class WHERE relname = 'person'") == [(900,)]


_PLACES = {
    "comment on table public.told": "COMMENT ON TABLE told IS 'ask {}'",
    "comment on table column public.told.mail": "COMMENT ON COLUMN told.mail IS 'as {}'",
    "comment on function public.f()": "COMMENT ON FUNCTION f() IS 'by {}'",
    "default of public.told.mail": "ALTER TABLE told ALTER mail SET DEFAULT '{}'",
    "constraint told_is on public.told": "ALTER TABLE told ADD CONSTRAINT told_is CHECK (mail <> '{}')",
    "constraint known of domain public.mail": "ALTER DOMAIN mail ADD CONSTRAINT known CHECK (VALUE <> '{}')",
    "default of domain public.mail": "ALTER DOMAIN mail SET DEFAULT '{}'",
    "labels of public.who": "CREATE TYPE who AS ENUM ('{}')",
    "bounds of public.listed_1": "CREATE TABLE listed_1 PARTITION OF listed FOR VALUES IN ('{}')",
    "partition key of public.keyed": "CREATE TABLE keyed (mail text) PARTITION BY LIST ((mail = '{}'))",
    "index public.told_some": "CREATE INDEX told_some ON told (id) WHERE mail = '{}'",
    "index public.told_made": "CREATE INDEX told_made ON told ((mail = '{}'))",
    "statistics told_stats on public.told": "CREATE STATISTICS told_stats ON (mail = '{}'), id FROM told",
    "view public.seen": "CREATE VIEW seen AS SELECT id FROM told WHERE mail = '{}'",
    "function public.g": "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ SELECT '{}' $$",
    "function public.h": "CREATE FUNCTION h() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT '{}'::text; END",
    "function public.i": "CREATE FUNCTION i(a text DEFAULT '{}') RETURNS text LANGUAGE sql AS 'SELECT a'",
    "policy mine on public.told": "CREATE POLICY mine ON told USING (mail = '{}')",
    "trigger fired on public.told": "CREATE TRIGGER fired BEFORE INSERT ON told FOR EACH ROW EXECUTE FUNCTION f('{}')",
    "rule never on public.told": "CREATE RULE never AS ON DELETE TO told WHERE old.mail = '{}' DO INSTEAD NOTHING",
}


def test_personal_data_in_any_text_of_the_schema_is_told_by_the_object_alone(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE told (id int, mail text); CREATE DOMAIN mail AS text; CREATE TABLE listed (mail text) PARTITION BY LIST (mail);"
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    )
    for number, statement in enumerate(_PLACES.values()):
        execute(source, statement.replace("{}", f"ada{number}@lovelace.dk"))
    result = refresh(request_for(source, target, tmp_path))
    found = [one for one in result.findings if one.check == "personal-data-in-schema"]
    assert sorted(one.where for one in found) == sorted(_PLACES)
    assert "lovelace" not in str(result.findings)
