"""Who is in the way of an application, as far as each role may see it."""

from __future__ import annotations

import threading

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dbtool.errors import PrivilegeMissing
from dbtool.migrate.apply.obstacles import look_for_obstacles
from dbtool.postgres.session import connect
from dbtool.postgres.sessions import end_abandoned, end_dbtool_reading, read_obstacles
from dbtool.postgres.urls import parse_url
from dbtool.targets import Target, Tier
from tests.databases import execute


@pytest.fixture
def table_url(database: str) -> str:
    execute(database, 'CREATE TABLE t (a int); CREATE TABLE "Odd" (a int)')
    return database


@pytest.fixture
def stranger_url(table_url: str) -> str:
    role = "dbtool_test_stranger"
    with psycopg.connect(table_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'throwaway'").format(sql.Identifier(role)))
    return make_conninfo("", **{**parse_url(table_url), "user": role, "password": "throwaway"})


def test_an_open_transaction_is_seen_with_what_it_has_locked(table_url: str) -> None:
    with (
        psycopg.connect(table_url, application_name="report") as busy,
        connect(table_url) as connection,
    ):
        assert read_obstacles(connection).transactions == ()
        busy.execute('SELECT FROM t, "Odd", pg_class')
        (seen,) = read_obstacles(connection).transactions
        pid = busy.info.backend_pid
    assert (seen.pid, seen.application_name, seen.state) == (pid, "report", "idle in transaction")
    assert sorted(seen.relations) == ['public."Odd"', "public.t"]
    assert seen.transaction_s is not None
    assert 0 <= seen.transaction_s < 60
    assert not seen.prevents_wraparound
    assert not seen.is_dbtool_reading


def test_a_transaction_elsewhere_on_the_server_is_in_nobodys_way(table_url: str) -> None:
    with (
        psycopg.connect(table_url, dbname="postgres") as busy,
        connect(table_url) as connection,
    ):
        busy.execute("SELECT FROM pg_class")
        assert read_obstacles(connection).transactions == ()


def test_locks_of_other_roles_are_seen_even_where_their_sessions_are_not(
    table_url: str, stranger_url: str
) -> None:
    with psycopg.connect(table_url, application_name="report") as busy, connect(stranger_url) as connection:
        busy.execute("SELECT FROM t")
        (seen,) = read_obstacles(connection).transactions
    assert (seen.application_name, seen.relations) == ("report", ("public.t",))
    assert (seen.state, seen.transaction_s) == (None, None)


def test_dbtools_own_refresh_is_named_and_ended_when_asked_for(table_url: str) -> None:
    target = Target("production", Tier.PRODUCTION, lambda: table_url)
    with (
        psycopg.connect(table_url, application_name="dbtool refresh snapshot") as reading,
        psycopg.connect(table_url, application_name="report") as other,
        connect(table_url) as connection,
    ):
        reading.execute("SELECT FROM t")
        other.execute("SELECT FROM t")
        (finding,) = look_for_obstacles(target, connection)
        assert finding.check == "refresh-reading"
        (finding,) = look_for_obstacles(target, connection, cancel_refresh=True)
        assert finding.check == "refresh-ended"
        assert str(reading.info.backend_pid) in finding.message
        with pytest.raises(psycopg.OperationalError):
            reading.execute("SELECT 1")
        other.execute("SELECT 1")
        assert look_for_obstacles(target, connection, cancel_refresh=True) == ()


def test_who_may_not_end_it_hears_which_grant_is_missing(table_url: str, stranger_url: str) -> None:
    with (
        psycopg.connect(table_url, application_name="dbtool refresh snapshot") as reading,
        connect(stranger_url) as connection,
    ):
        reading.execute("SELECT FROM t")
        with pytest.raises(PrivilegeMissing, match="GRANT pg_signal_backend TO dbtool_test_stranger"):
            end_dbtool_reading(connection, read_obstacles(connection).transactions)
        reading.execute("SELECT 1")


def test_a_statement_that_outlives_its_killed_sender_is_ended(table_url: str) -> None:
    name = "dbtool migrate apply"
    with (
        psycopg.connect(table_url, application_name=name, autocommit=True) as orphan,
        psycopg.connect(table_url, application_name=f"{name} lock") as other,
        connect(table_url, application_name=name) as connection,
    ):
        orphan.execute("SELECT 1")
        pid = orphan.info.backend_pid
        assert end_abandoned(connection, name) == (pid,)
        assert end_abandoned(connection, name) == ()
        with pytest.raises(psycopg.OperationalError):
            orphan.execute("SELECT 1")
        other.execute("SELECT 1")


def test_a_vacuum_against_wraparound_is_told_from_others(table_url: str) -> None:
    """No autovacuum can be made to come in time; a manual one, which makes way for nobody, must not look like it."""
    with psycopg.connect(table_url, autocommit=True) as busy, connect(table_url) as connection:
        done = threading.Event()

        def vacuum() -> None:
            busy.execute("SELECT pg_sleep(1) /* (to prevent wraparound) */")
            done.set()

        thread = threading.Thread(target=vacuum)
        thread.start()
        seen = read_obstacles(connection).transactions
        while not seen and not done.is_set():
            seen = read_obstacles(connection).transactions
        thread.join()
    assert [(one.is_autovacuum, one.prevents_wraparound) for one in seen] == [(False, False)]


def test_a_session_that_is_silent_is_kept_alive(table_url: str) -> None:
    with connect(table_url) as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "60"
    with connect(make_conninfo(table_url, keepalives_idle="7")) as connection:
        assert connection.info.get_parameters()["keepalives_idle"] == "7"
