"""Reading a catalog leaves the session, the transaction and the server as they were."""

import time
from collections.abc import Callable

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import Busy, ServerFailed
from dbtool.postgres import introspect
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect

LoadSchema = Callable[[str], str]


def _settings(connection: Connection) -> tuple[str, ...]:
    names = ("search_path", "jit", "lock_timeout", "transaction_isolation", "transaction_read_only")
    rows = [connection.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
    return tuple(str(row[0]) for row in rows if row)


def test_settings_are_as_before_outside_and_inside_a_transaction(load_schema: LoadSchema) -> None:
    with connect(load_schema("fk_cycle"), read_only=True) as connection:
        connection.execute("SET search_path = public, pg_catalog")
        before = _settings(connection)
        read_catalog(connection)
        assert _settings(connection) == before
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL lock_timeout = '7s'")
        within = _settings(connection)
        read_catalog(connection)
        assert _settings(connection) == within
        connection.execute("COMMIT")
        assert _settings(connection) == before


def test_the_search_path_changes_no_spelling(load_schema: LoadSchema) -> None:
    url = load_schema("quoted_names")
    with connect(url) as connection:
        expected = read_catalog(connection)
        connection.execute("""SET search_path = "Über Schema.x", "select", public""")
        assert read_catalog(connection) == expected


def test_a_snapshot_can_still_be_exported_afterwards(load_schema: LoadSchema) -> None:
    with connect(load_schema("fk_cycle"), read_only=True) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        read_catalog(connection)
        exported = connection.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone()
        written = connection.execute("SELECT pg_catalog.pg_current_xact_id_if_assigned()").fetchone()
    assert exported is not None
    assert written == (None,)


def test_the_snapshot_decides_what_is_seen(load_schema: LoadSchema) -> None:
    url = load_schema("fk_cycle")
    with connect(url, read_only=True) as reader, connect(url) as writer:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        reader.execute("SELECT 1")
        writer.execute("CREATE TABLE public.later (id int)")
        assert RelationName("public", "later") not in read_catalog(reader).relations
        reader.execute("COMMIT")
        assert RelationName("public", "later") in read_catalog(reader).relations


def test_a_table_that_ddl_holds_is_waited_for_only_so_long(
    load_schema: LoadSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(introspect._SETTINGS, "lock_timeout", "50ms")  # noqa: SLF001  the wait is 10 s
    url = load_schema("fk_cycle")
    with connect(url, read_only=True) as reader, connect(url) as writer:
        before = _settings(reader)
        writer.execute("BEGIN")
        writer.execute("LOCK TABLE public.hen IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Busy, match="is locked by DDL"):
            read_catalog(reader)
        assert _settings(reader) == before
        writer.execute("ROLLBACK")
        assert read_catalog(reader).relations


def test_nothing_stronger_than_access_share_is_held(load_schema: LoadSchema) -> None:
    with connect(load_schema("partitioned"), read_only=True) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        read_catalog(connection)
        modes = connection.execute(
            "SELECT DISTINCT mode FROM pg_catalog.pg_locks"
            " WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation'"
        ).fetchall()
    assert modes == [("AccessShareLock",)]


def test_an_ended_session_is_our_error_and_not_psycopgs(load_schema: LoadSchema) -> None:
    url = load_schema("fk_cycle")
    with connect(url) as other, connect(url) as connection:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
        with pytest.raises(ServerFailed, match="while reading"):
            read_catalog(connection)


_MANY = """
DO $$ BEGIN
FOR i IN 1..500 LOOP
    EXECUTE format('CREATE TABLE public.t%s (id serial PRIMARY KEY, a text UNIQUE, b varchar(20) CHECK (b <> ''''),
        c numeric(10,2), d timestamptz DEFAULT now(), e jsonb, f int, g int)', i);
END LOOP;
FOR i IN 2..500 LOOP
    EXECUTE format('ALTER TABLE public.t%s ADD FOREIGN KEY (f) REFERENCES public.t%s', i, 1 + (i * 7) % (i - 1));
    IF i > 100 THEN
        EXECUTE format('ALTER TABLE public.t%s ADD FOREIGN KEY (g) REFERENCES public.t%s', i, 1 + (i * 13) % 500);
    END IF;
END LOOP;
END $$
"""


def test_500_tables_and_899_foreign_keys_take_less_than_a_second(database: str) -> None:
    with connect(database) as connection:
        connection.execute(_MANY)
        # a second is the promise; the fastest of three, since tests share the machine
        fastest = min(_seconds_to_read(connection) for _ in range(3))
        catalog = read_catalog(connection)
    assert (len(catalog.relations), len(catalog.foreign_keys)) == (500, 899)
    assert fastest < 1


def _seconds_to_read(connection: Connection) -> float:
    started = time.perf_counter()
    read_catalog(connection)
    return time.perf_counter() - started
