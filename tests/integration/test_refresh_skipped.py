"""Tables that a subset skips: the target is as if they had been dropped, and what DROP TABLE refuses is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.catalog.without import with_belongings, without
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import ServerFailed
from dbtool.postgres.binaries import choose_tools, find_installations
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.postgres.skipped import read_dependents
from dbtool.postgres.urls import database_name, parse_url
from dbtool.refresh.post_data import analyze_candidate, refresh_views, restore_post_data, set_sequences
from dbtool.refresh.pre_data import restore_pre_data, target_schema
from dbtool.refresh.request import Cancellation
from dbtool.refresh.snapshot import hold_snapshot
from dbtool.refresh.verify import check_structure
from dbtool.targets import Target, Tier
from tests.acceptance import inspection
from tests.databases import execute

_KEPT = """
CREATE TABLE kept (id serial PRIMARY KEY, note text);
CREATE VIEW shown AS SELECT note FROM kept;
CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM kept;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER touch BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION touch();
"""
_SCRATCH = """
CREATE TABLE scratch (
    id serial PRIMARY KEY, kept int NOT NULL REFERENCES kept, a int CHECK (a > 0), b int UNIQUE,
    c int GENERATED ALWAYS AS IDENTITY, d int GENERATED ALWAYS AS (a + 1) STORED
);
CREATE INDEX by_a ON scratch (a) WHERE b > 3;
CREATE STATISTICS of_scratch ON a, b FROM scratch;
CREATE TRIGGER touch BEFORE INSERT ON scratch FOR EACH ROW WHEN (new.a > 1) EXECUTE FUNCTION touch();
CREATE RULE quiet AS ON DELETE TO scratch DO INSTEAD NOTHING;
CREATE POLICY own ON scratch USING (a > 1);
ALTER TABLE scratch ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL, CLUSTER ON scratch_pkey;
CREATE PUBLICATION changes FOR TABLE scratch, kept;
GRANT SELECT ON scratch TO public;
GRANT SELECT (a) ON scratch TO public;
GRANT USAGE ON SEQUENCE scratch_id_seq TO public;
COMMENT ON TABLE scratch IS 'a table';
COMMENT ON COLUMN scratch.a IS 'a column';
COMMENT ON TYPE scratch IS 'its row type';
COMMENT ON INDEX by_a IS 'an index';
COMMENT ON CONSTRAINT scratch_a_check ON scratch IS 'a check';
COMMENT ON CONSTRAINT scratch_kept_fkey ON scratch IS 'a key';
COMMENT ON STATISTICS of_scratch IS 'statistics';
COMMENT ON TRIGGER touch ON scratch IS 'a trigger';
COMMENT ON RULE quiet ON scratch IS 'a rule';
COMMENT ON POLICY own ON scratch IS 'a policy';
COMMENT ON SEQUENCE scratch_id_seq IS 'a sequence';
"""
_PARTITIONED = """
CREATE SCHEMA years;
CREATE TABLE log (id bigserial, day date, kept int REFERENCES kept, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE years.log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY HASH (id);
CREATE TABLE years.log_2024_1 PARTITION OF years.log_2024 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE log_rest PARTITION OF log DEFAULT;
CREATE INDEX ON log (kept);
CREATE STATISTICS of_log ON id, kept FROM years.log_2024_1;
CREATE TABLE log_note (id bigint, day date, FOREIGN KEY (id, day) REFERENCES log);
"""
_SEQUENCES = """
CREATE SEQUENCE shared;
CREATE SEQUENCE other_s_own;
CREATE TABLE drawing (id int DEFAULT nextval('shared'));
CREATE TABLE scratch (id int DEFAULT nextval('shared'), b int DEFAULT nextval('other_s_own'), c serial);
ALTER SEQUENCE other_s_own OWNED BY kept.id;
"""
_ODD = """
CREATE SCHEMA "Odd.Schema";
CREATE TABLE "Odd.Schema"."Odd.Name" (id serial, a int);
CREATE TABLE "Odd.Schema"."OddXName" (id serial, a int);
CREATE TABLE "odd.schema" (id int);
CREATE TABLE "50%*" (id serial);
CREATE TABLE "50%*more" (id serial);
CREATE TABLE "with ""quotes"" [ab]|$\\d(.?)" (id serial);
CREATE TABLE "straße" (id serial);
CREATE TABLE strasse (id serial);
CREATE TABLE "Kept" (id serial);
CREATE TABLE "line
break" (id serial);
"""

_ODD_NAMES = (
    ("Odd.Schema", "Odd.Name"),
    ("public", "50%*"),
    ("public", 'with "quotes" [ab]|$\\d(.?)'),
    ("public", "straße"),
    ("public", "Kept"),
    ("public", "line\nbreak"),
)


def _names(*tables: str) -> frozenset[RelationName]:
    return frozenset(RelationName("public", table) for table in tables)


def _catalog(url: str) -> Catalog:
    with connect(url, read_only=True) as connection:
        return read_catalog(connection)


def _dependents(url: str, tables: Collection[RelationName]) -> list[str]:
    with connect(url, read_only=True) as connection:
        gone = with_belongings(read_catalog(connection), tables)
        return sorted({dependent for _, dependent in read_dependents(connection, gone)})


def _refresh(server: EmbeddedServer, source: str, target: str, tables: Collection[RelationName]) -> Catalog:
    """Everything of a refresh but the rows; returns what the target is to be like."""
    tools = choose_tools(server.major, server.major, find_installations())
    ours = Target("production", Tier.PRODUCTION, lambda: source)
    theirs = Target("staging", Tier.STAGING, lambda: target, grants="source")
    candidate = database_name(target)
    with hold_snapshot(ours, _catalog(source)) as snapshot:
        promised = without(snapshot.catalog, tables)
        gone = with_belongings(snapshot.catalog, tables)
        with target_schema(ours, tools, snapshot.taken.name, theirs, skipped=gone) as schema:
            restore_pre_data(theirs, candidate, tools, schema)
            restore_post_data(theirs, candidate, tools, schema, 2)
    with connect(target) as connection:
        set_sequences(connection, promised)
        refresh_views(connection, promised)
    analyze_candidate(theirs, candidate, promised, 1, Cancellation())
    return promised


def _drop(url: str, tables: Collection[RelationName]) -> None:
    """Together, so that they may refer to each other."""
    names = sql.SQL(", ").join(sql.Identifier(table.schema, table.name) for table in sorted(tables))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP PUBLICATION IF EXISTS changes")
        connection.execute(sql.SQL("DROP TABLE {}").format(names))


@pytest.mark.parametrize(
    ("schema", "tables"),
    [
        (_SCRATCH, _names("scratch")),
        (_PARTITIONED, _names("log", "log_note")),
        (_PARTITIONED, _names("log_note")),
        (_SEQUENCES, _names("scratch")),
        (_ODD, frozenset(RelationName(*name) for name in _ODD_NAMES)),
        (_ODD, frozenset(RelationName(*name) for name in _ODD_NAMES[:2])),
    ],
    ids=["everything_on_it", "partitioned", "what_refers", "sequences", "odd_names", "some_odd_names"],
)
def test_the_target_is_as_if_the_skipped_had_been_dropped(
    schema: str,
    tables: frozenset[RelationName],
    server: EmbeddedServer,
    two_databases: tuple[str, str],
) -> None:
    source, target = two_databases
    execute(source, _KEPT + schema)
    assert _dependents(source, tables) == []
    promised = _refresh(server, source, target, tables)
    landed = _catalog(target)
    assert check_structure(promised, landed) == []
    _drop(source, tables)  # the source is now what the target should be, by PostgreSQL's own means
    assert _catalog(source).fingerprint() == landed.fingerprint()
    assert inspection.dump_schema(server, target) == inspection.dump_schema(server, source)


def test_nothing_skipped_leaves_nothing_out(server: EmbeddedServer, two_databases: tuple[str, str]) -> None:
    source, target = two_databases
    execute(source, _KEPT + _PARTITIONED)
    assert check_structure(_refresh(server, source, target, ()), _catalog(source)) == []
    assert inspection.dump_schema(server, target) == inspection.dump_schema(server, source)


@contextmanager
def _latin_database(server: EmbeddedServer, beside: str) -> Iterator[str]:
    """Its name begins with the other's, with which it is dropped."""
    name = f"{parse_url(beside)['dbname']}latin"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL(
                "CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
            ).format(sql.Identifier(name))
        )
    yield server.url(name)


def test_names_are_found_in_another_encoding(server: EmbeddedServer, two_databases: tuple[str, str]) -> None:
    beside, target = two_databases
    with _latin_database(server, beside) as source:
        execute(source, 'CREATE TABLE "straße" (id serial); CREATE TABLE "hütte" (id serial)')
        promised = _refresh(server, source, target, _names("straße"))
        assert set(promised.relations) == _names("hütte")
        assert check_structure(promised, _catalog(target)) == []


_PARENT = "CREATE TABLE scratch (id serial PRIMARY KEY, a int UNIQUE);"
_NEEDED = {
    "CREATE TABLE other (s int REFERENCES scratch)": "foreign key other_s_fkey on public.other",
    "CREATE TABLE other (s int REFERENCES scratch (a))": "foreign key other_s_fkey on public.other",
    "CREATE TABLE other (k int, s int REFERENCES scratch) PARTITION BY LIST (k);"
    "CREATE TABLE other_1 PARTITION OF other FOR VALUES IN (1)": "foreign key other_s_fkey on public.other",
    "CREATE VIEW other AS SELECT a FROM scratch": "view public.other",
    "CREATE VIEW other AS SELECT 1 AS one WHERE EXISTS (SELECT FROM scratch)": "view public.other",
    "CREATE VIEW other AS SELECT last_value FROM scratch_id_seq": "view public.other",
    "CREATE MATERIALIZED VIEW other AS SELECT count(*) FROM scratch": "materialized view public.other",
    "CREATE TABLE other (id int); CREATE POLICY p ON other USING (EXISTS (SELECT FROM scratch WHERE a = id))": (
        "policy p on public.other"
    ),
    "CREATE TABLE other (id int); CREATE RULE r AS ON INSERT TO other DO ALSO DELETE FROM scratch": (
        "rule r on public.other"
    ),
    "CREATE FUNCTION other() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM scratch; END": (
        "function public.other()"
    ),
    "CREATE FUNCTION other(scratch) RETURNS int LANGUAGE sql AS 'SELECT 1'": (
        "function public.other(public.scratch)"
    ),
    "CREATE FUNCTION other() RETURNS SETOF scratch LANGUAGE plpgsql AS 'BEGIN RETURN; END'": (
        "function public.other()"
    ),
    "CREATE TABLE other (id int DEFAULT nextval('scratch_id_seq'))": "default value for public.other.id",
    "CREATE TABLE other (s scratch)": "table column public.other.s",
    "CREATE TABLE other (s scratch[])": "table column public.other.s",
    "CREATE TYPE other AS (s scratch)": "composite type column public.other.s",
    "CREATE DOMAIN other AS scratch": "type public.other",
    "CREATE TABLE log_1 (LIKE scratch); CREATE VIEW other AS SELECT a FROM log_1; DROP TABLE scratch;"
    "CREATE TABLE scratch (id int, a int) PARTITION BY LIST (a); ALTER TABLE log_1 ALTER id DROP NOT NULL;"
    "ALTER TABLE scratch ATTACH PARTITION log_1 FOR VALUES IN (1)": "view public.other",
}


@pytest.mark.parametrize(("other", "expected"), _NEEDED.items())
def test_what_something_else_needs_is_told_and_postgresql_says_so_too(
    other: str, expected: str, database: str
) -> None:
    execute(database, _PARENT + other)
    assert _dependents(database, _names("scratch")) == [expected]
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        _drop(database, _names("scratch"))


def test_inheritance_children_are_told(database: str) -> None:
    execute(database, _PARENT + "CREATE TABLE child (x int) INHERITS (scratch)")
    assert "table public.child" in _dependents(database, _names("scratch"))
    assert _dependents(database, _names("scratch", "child")) == []


def test_a_constraint_trigger_of_another_table_is_told(
    server: EmbeddedServer, two_databases: tuple[str, str]
) -> None:
    """DROP TABLE takes it along without a word; a restore without the table fails."""
    source, target = two_databases
    execute(
        source,
        _KEPT + _PARENT + "CREATE CONSTRAINT TRIGGER far AFTER INSERT ON kept FROM scratch"
        " FOR EACH ROW EXECUTE FUNCTION touch()",
    )
    assert _dependents(source, _names("scratch")) == ["trigger far on public.kept"]
    with pytest.raises(ServerFailed, match="restoring post-data"):
        _refresh(server, source, target, _names("scratch"))


def test_what_is_skipped_together_needs_nobody(database: str) -> None:
    execute(
        database,
        _PARENT
        + "CREATE TABLE other (id int DEFAULT nextval('scratch_id_seq'), s int REFERENCES scratch, r scratch);"
        "CREATE TEMPORARY VIEW mine AS SELECT a FROM scratch; CREATE SCHEMA dbtool;"
        "CREATE VIEW dbtool.seen AS SELECT a FROM scratch",
    )
    assert _dependents(database, _names("scratch", "other")) == []


def test_a_temporary_view_of_a_session_that_is_open_is_no_dependent(database: str) -> None:
    execute(database, _PARENT)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY VIEW mine AS SELECT a FROM scratch")
        assert _dependents(database, _names("scratch")) == []


def test_sequences_know_whose_they_are(database: str) -> None:
    execute(database, _KEPT + _SEQUENCES)
    owners = {sequence.name.name: sequence.owned_by for sequence in _catalog(database).sequences}
    assert owners == {
        "kept_id_seq": RelationName("public", "kept"),
        "other_s_own": RelationName("public", "kept"),
        "scratch_c_seq": RelationName("public", "scratch"),
        "shared": None,
    }
