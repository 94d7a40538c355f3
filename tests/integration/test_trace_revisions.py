"""What a revision does besides one plain statement: blocks, savepoints, raw cursors, COMMIT as text, several statements."""

from __future__ import annotations

import secrets
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo

from dbtool.locks.modes import LockMode
from tests.integration.tracing import find_lock, first_line, spell_locks, trace

_TABLE = (
    "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT g, g FROM generate_series(1, 50) AS g;"
)


@pytest.fixture
def url(database: str) -> str:
    return database


def test_a_lock_is_held_until_the_transaction_ends(url: str, tmp_path: Path) -> None:
    first, second = trace(
        tmp_path,
        url,
        'op.execute("ALTER TABLE t ADD c int")\nop.execute("SELECT pg_sleep(0.3)")',
        setup=_TABLE,
    ).statements()
    assert 0.3 < find_lock(first, "public.t").held_s < 2
    assert first.seconds < 0.3 <= second.seconds


def test_a_lock_of_a_statement_in_autocommit_goes_with_it(url: str, tmp_path: Path) -> None:
    first, _ = trace(
        tmp_path,
        url,
        """
        with op.get_context().autocommit_block():
            op.execute("ALTER TABLE t ADD c int")
            op.execute("SELECT pg_sleep(0.3)")
        """,
        setup=_TABLE,
    ).statements()
    assert not first.in_transaction
    assert find_lock(first, "public.t").held_s < 0.3


def test_a_table_locked_already_is_not_new_again(url: str, tmp_path: Path) -> None:
    first, second = trace(
        tmp_path,
        url,
        'op.execute("ALTER TABLE t ADD c int")\nop.execute("ALTER TABLE t ADD d int")',
        setup=_TABLE,
    ).statements()
    assert spell_locks(first) == {"public.t": str(LockMode.ACCESS_EXCLUSIVE)}
    assert spell_locks(second) == {}
    assert [change.column for change in second.column_changes] == ["d"]


def test_what_a_transaction_makes_itself_is_no_lock(url: str, tmp_path: Path) -> None:
    made, changed, indexed = trace(
        tmp_path,
        url,
        """
        op.create_table("u", sa.Column("id", sa.Integer(), primary_key=True))
        op.execute("ALTER TABLE u ADD c int CHECK (c > 0)")
        op.create_index("u_c", "u", ["c"])
        """,
    ).statements()
    assert made.created == ("public.u", "public.u_id_seq", "public.u_pkey")
    assert [each.locks for each in (made, changed, indexed)] == [(), (), ()]
    assert (changed.scans, indexed.index_builds, indexed.created) == ((), (), ("public.u_c",))


def test_columns_of_a_table_made_by_an_earlier_revision_are_compared(url: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path,
        url,
        'op.execute("CREATE TABLE u (a int)")',
        'op.execute("ALTER TABLE u RENAME a TO b")\nop.execute("ALTER TABLE u ALTER b TYPE varchar(5)")',
    )
    renamed, retyped = traced.statements(1)
    assert [(each.column, each.change, each.was) for each in renamed.column_changes] == [
        ("b", "renamed", "a")
    ]
    assert [(each.column, each.change, each.was) for each in retyped.column_changes] == [
        ("b", "retyped", "integer")
    ]


def test_rows_of_an_earlier_revision_are_not_counted_again(url: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path,
        url,
        'op.execute("UPDATE t SET n = 0")',
        'op.execute("INSERT INTO t VALUES (100, 1)")\nop.execute("DELETE FROM t WHERE id <= 10")',
        setup=_TABLE,
    )
    assert [each.rows for each in traced.statements(0)] == [50]
    assert [each.rows for each in traced.statements(1)] == [1, 10]


def test_a_failure_inside_a_savepoint_does_not_end_the_revision(url: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path,
        url,
        """
        bind = op.get_bind()
        try:
            with bind.begin_nested():
                op.execute("ALTER TABLE t ADD c int")
                op.execute("SELECT 1 / 0")
        except sa.exc.DBAPIError:
            pass
        op.execute("ALTER TABLE t ADD d int")
        """,
        'op.execute("ALTER TABLE t DROP d")',
        setup=_TABLE,
    )
    failed = [each for each in traced.statements() if each.failure]
    assert [(each.sql, each.failure.sqlstate) for each in failed if each.failure] == [
        ("SELECT 1 / 0", "22012")
    ]
    last = traced.statements()[-1]
    assert [change.column for change in last.column_changes] == ["d"]
    assert spell_locks(last) == {
        "public.t": "ACCESS EXCLUSIVE"
    }  # taken anew: the savepoint's lock was let go
    assert [each.status for each in traced.revisions] == ["ok", "ok"]


def test_many_parameters_are_one_statement(url: str, tmp_path: Path) -> None:
    (inserted,) = trace(
        tmp_path,
        url,
        'op.get_bind().execute(sa.text("INSERT INTO t VALUES (:i, 0)"), [{"i": 100}, {"i": 101}])',
        setup=_TABLE,
    ).statements()
    assert inserted.rows == 2
    assert "100" not in inserted.sql


def test_several_statements_in_one_text_are_one(url: str, tmp_path: Path) -> None:
    only = trace(
        tmp_path,
        url,
        'op.execute("ALTER TABLE t ADD c int; UPDATE t SET c = 1; CREATE TABLE u ()")',
        setup=_TABLE,
    ).only
    assert (spell_locks(only), only.rows, only.created) == (
        {"public.t": "ACCESS EXCLUSIVE"},
        50,
        ("public.u",),
    )


def test_work_past_sqlalchemy_is_told_of_where_it_happened(url: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path,
        url,
        """
        cursor = op.get_bind().connection.cursor()
        cursor.execute("CREATE TABLE u ()")
        op.execute("SELECT 1")
        cursor.execute("ALTER TABLE t ADD c int")
        cursor.execute("DELETE FROM t")
        """,
        setup=_TABLE,
    )
    before, seen, after = traced.statements()
    assert [each.sql for each in (before, after)] == ["-- not sent through SQLAlchemy"] * 2
    assert (before.created, seen.locks, after.rows) == (("public.u",), (), 50)
    assert spell_locks(after) == {"public.t": "ACCESS EXCLUSIVE"}


def test_a_revision_that_does_nothing_has_no_statement(url: str, tmp_path: Path) -> None:
    assert trace(tmp_path, url, "pass").statements() == ()


def test_settings_that_a_dump_resets_do_not_silence_the_server(url: str, tmp_path: Path) -> None:
    _, checked = trace(
        tmp_path,
        url,
        'op.execute("SET client_min_messages = error; SET lock_timeout = 0")\n'
        'op.execute("ALTER TABLE t ADD CHECK (n > 0)")',
        setup=_TABLE,
    ).statements()
    assert checked.scans == ("public.t",)


@pytest.mark.parametrize("driver", ["psycopg2", "pg8000"])
def test_more_notices_than_a_driver_keeps_hide_nothing(driver: str, url: str, tmp_path: Path) -> None:
    only = trace(
        tmp_path,
        url,
        "op.execute(\"DO $$ BEGIN ALTER TABLE t ADD CHECK (n > 0); FOR i IN 1..300 LOOP RAISE NOTICE 'x'; END LOOP; END $$\")",
        setup=_TABLE,
        driver=driver,
    ).only
    assert only.scans == ("public.t",)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_commit_as_text_ends_what_was_held(driver: str, url: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path,
        url,
        """
        op.execute("ALTER TABLE t ADD c int")
        op.execute("COMMIT")
        op.execute("SELECT pg_sleep(0.3)")
        op.execute("ALTER TABLE t ADD d int")
        """,
        setup=_TABLE,
        driver=driver,
    )
    first, *_, last = traced.statements()
    assert find_lock(first, "public.t").held_s < 0.3
    assert spell_locks(last) == {"public.t": "ACCESS EXCLUSIVE"}
    assert [change.column for change in last.column_changes] == ["d"]


def test_a_constraint_that_fails_at_commit_fails_the_revision(url: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path,
        url,
        """
        op.execute("ALTER TABLE t ADD FOREIGN KEY (n) REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED")
        op.execute("INSERT INTO t VALUES (100, 101)")
        """,
        setup=_TABLE,
    )
    assert traced.outcome.raised is not None
    assert traced.outcome.raised.sqlstate == "23503"
    assert [each.status for each in traced.revisions] == ["failed"]


def test_a_failure_keeps_no_value_of_a_row(url: str, tmp_path: Path) -> None:
    traced = trace(
        tmp_path,
        url,
        'op.execute("ALTER TABLE t ALTER s TYPE int USING s::int")',
        setup="CREATE TABLE t (s text); INSERT INTO t VALUES ('Ada Lovelace')",
    )
    failure = traced.only.failure
    assert failure is not None
    assert failure.sqlstate == "22P02"
    assert failure.message == 'invalid input syntax for type integer: "…"'
    assert "Ada" not in repr(traced.revisions)


def test_a_failure_past_sqlalchemy_is_told_of(url: str, tmp_path: Path) -> None:
    traced = trace(tmp_path, url, 'op.get_bind().connection.cursor().execute("SELECT 1 / 0")')
    assert traced.only.sql == "-- not sent through SQLAlchemy"
    assert traced.only.failure is not None
    assert traced.only.failure.sqlstate == "22012"


def test_each_statement_names_its_line_in_the_revision(url: str, tmp_path: Path) -> None:
    statements = trace(
        tmp_path,
        url,
        """
        def helper():
            op.execute("SELECT 1")
        helper()
        op.add_column(
            "t",
            sa.Column("c", sa.Integer()),
        )
        with op.batch_alter_table("t") as batch:
            batch.drop_column("c")
        """,
        setup=_TABLE,
    ).statements()
    first = first_line()
    assert [each.line - first for each in statements] == [1, 3, 7]


def test_names_without_a_schema_are_found_in_the_search_path(url: str, tmp_path: Path) -> None:
    failing = trace(
        tmp_path,
        url,
        'op.execute("SET search_path TO b, public")\nop.execute("ALTER TABLE t ADD CHECK (n > 1)")',
        setup="CREATE SCHEMA a; CREATE SCHEMA b; CREATE TABLE a.t (n int); CREATE TABLE b.t (n int); INSERT INTO b.t VALUES (1)",
    ).statements()[-1]
    assert failing.failure is not None
    assert failing.scans == ("b.t",)


def test_a_role_without_privileges_beyond_its_own_tables_is_traced(url: str, tmp_path: Path) -> None:
    role = f"dbtool_owner_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'throwaway'".encode())
        connection.execute(f"CREATE SCHEMA AUTHORIZATION {role}".encode())
        try:
            traced = trace(
                tmp_path,
                url,
                """
                op.execute("ALTER TABLE t ALTER n TYPE bigint, ALTER n SET NOT NULL")
                with op.get_context().autocommit_block():
                    op.execute("CREATE INDEX CONCURRENTLY i ON t (n)")
                """,
                setup=f"SET ROLE {role}; {_TABLE}",
                child_url=_as_role(url, role),
            )
        finally:
            connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())
    changed, built = traced.statements()
    assert (changed.rewrites, spell_locks(changed)) == ((f"{role}.t",), {f"{role}.t": "ACCESS EXCLUSIVE"})
    assert spell_locks(built) == {f"{role}.t": "SHARE UPDATE EXCLUSIVE"}


def _as_role(url: str, role: str) -> str:
    parameters = conninfo.conninfo_to_dict(url)
    return f"postgresql://{role}:throwaway@{parameters['host']}:{parameters['port']}/{parameters['dbname']}"


def test_nothing_of_the_tracer_stays_in_the_database(url: str, tmp_path: Path) -> None:
    query = "SELECT count(*) FROM pg_class UNION ALL SELECT count(*) FROM pg_proc UNION ALL SELECT count(*) FROM pg_event_trigger"
    with psycopg.connect(url, autocommit=True) as connection:
        before = connection.execute(query).fetchall()
        trace(tmp_path, url, 'op.execute("SELECT 1")')
        connection.execute("DROP TABLE alembic_version")
        assert connection.execute(query).fetchall() == before
