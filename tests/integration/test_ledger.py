"""The ledger's tables on a real server: made once, by whoever may, read by whoever may, written by two connections."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dbtool.errors import EnvironmentFailed, PrivilegeMissing
from dbtool.ledger import Event, LedgerEvent
from dbtool.postgres.ledger import (
    VERSION,
    append_events,
    begin_statement,
    carry_ledger,
    end_statement,
    find_ledger_version,
    prepare_ledger,
    read_journal,
    read_ledger,
    render_done,
    render_finish,
)
from dbtool.postgres.session import connect
from dbtool.postgres.urls import parse_url
from tests.databases import column_of, execute, query

ODD = "it's 100 % \"quoted\" :name %(name)s \\n $1 {x} 'a'; DROP TABLE t; -- ü→"


def event(kind: str = Event.START, revision: str = "r1", detail: str = "") -> LedgerEvent:
    return LedgerEvent(kind, "run-1", revision, "sha:1", "ada", "c0ffee", "ev-1", 1.5, detail, "staging")


@pytest.fixture
def ledger_url(database: str) -> str:
    with connect(database) as connection:
        prepare_ledger(connection)
    return database


def url_as(url: str, role: str) -> str:
    return make_conninfo("", **{**parse_url(url), "user": role, "password": "throwaway"})


@pytest.fixture
def reader_url(ledger_url: str) -> str:
    """Of a role that may do nothing yet."""
    with psycopg.connect(ledger_url, autocommit=True) as connection:
        role = sql.Identifier("dbtool_test_ledger_reader")
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(role))
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'throwaway'").format(role))
    return url_as(ledger_url, "dbtool_test_ledger_reader")


def test_a_database_without_a_ledger_says_so_and_is_not_written_to(database: str) -> None:
    with connect(database, read_only=True) as connection:
        assert read_ledger(connection) is None
        assert read_journal(connection, "r1") == ()
        assert find_ledger_version(connection) is None
    assert column_of(database, "SELECT nspname FROM pg_namespace WHERE nspname = 'dbtool'") == []


def test_events_are_read_back_as_they_were_written_in_their_order(ledger_url: str) -> None:
    written = [event(detail=ODD), event(Event.FINISH, "r2"), LedgerEvent("start", "run-2", "r3", "", "bob")]
    before = datetime.now(UTC) - timedelta(minutes=1)
    with connect(ledger_url) as connection:
        append_events(connection, written)
        entries = read_ledger(connection)
    assert entries is not None
    for entry, each in zip(entries, written, strict=True):
        assert {name: getattr(entry, name) for name in LedgerEvent.__slots__} == {
            name: getattr(each, name) for name in LedgerEvent.__slots__
        }
        assert before < entry.at < datetime.now(UTC) + timedelta(minutes=1)


def test_the_ledger_is_made_in_a_schema_that_a_refresh_has_made(database: str) -> None:
    execute(database, "CREATE SCHEMA dbtool; CREATE TABLE dbtool.refresh (made_at text)")
    with connect(database) as connection:
        prepare_ledger(connection)
        assert read_ledger(connection) == ()


def test_preparing_it_again_changes_nothing_and_needs_no_right_to_make_anything(
    ledger_url: str, reader_url: str
) -> None:
    execute(
        ledger_url,
        "GRANT USAGE ON SCHEMA dbtool TO dbtool_test_ledger_reader; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA dbtool TO dbtool_test_ledger_reader",
    )
    with connect(reader_url) as connection:
        prepare_ledger(connection)
    assert column_of(ledger_url, "SELECT version FROM dbtool.ledger_version") == [VERSION]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_two_that_make_it_at_once_make_one(database: str, isolation: str) -> None:
    failures: list[BaseException] = []
    together = threading.Barrier(4)

    def make() -> None:
        with connect(database) as connection:
            connection.execute(sql.SQL("SET default_transaction_isolation = {}").format(isolation))
            together.wait()
            try:
                prepare_ledger(connection)
            except BaseException as error:  # noqa: BLE001  a thread's failure is the test's
                failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert column_of(database, "SELECT version FROM dbtool.ledger_version") == [VERSION]


def test_a_ledger_of_a_later_version_is_left_alone(ledger_url: str) -> None:
    execute(ledger_url, f"INSERT INTO dbtool.ledger_version VALUES ({VERSION + 1})")
    with connect(ledger_url) as connection:
        for act in (read_ledger, prepare_ledger):
            with pytest.raises(EnvironmentFailed, match=rf"is of version {VERSION + 1}.*Update dbtool"):
                act(connection)


def test_select_is_enough_to_read(ledger_url: str, reader_url: str) -> None:
    with connect(ledger_url) as connection:
        append_events(connection, [event()])
    execute(
        ledger_url,
        "GRANT USAGE ON SCHEMA dbtool TO dbtool_test_ledger_reader; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA dbtool TO dbtool_test_ledger_reader",
    )
    with connect(reader_url, read_only=True) as connection:
        entries = read_ledger(connection)
    assert entries is not None
    assert [entry.actor for entry in entries] == ["ada"]


def test_who_may_not_read_hears_which_grant_is_missing(reader_url: str) -> None:
    with connect(reader_url) as connection, pytest.raises(PrivilegeMissing) as refusal:
        read_ledger(connection)
    assert "GRANT USAGE ON SCHEMA dbtool TO dbtool_test_ledger_reader" in str(refusal.value)


def test_who_may_not_make_it_hears_which_grant_is_missing(database: str, reader_url: str) -> None:
    execute(database, "DROP SCHEMA dbtool CASCADE")
    with connect(reader_url) as connection:
        with pytest.raises(PrivilegeMissing, match=r"GRANT CREATE ON DATABASE \S+ TO dbtool_test_ledger_re"):
            prepare_ledger(connection)
        execute(database, "CREATE SCHEMA dbtool")
        with pytest.raises(PrivilegeMissing, match=r"GRANT USAGE, CREATE ON SCHEMA dbtool TO dbtool_test_le"):
            prepare_ledger(connection)


@pytest.mark.parametrize("change", ["UPDATE {} SET actor = 'eve'", "DELETE FROM {}", "TRUNCATE {}"])
def test_an_event_that_was_written_stays(ledger_url: str, change: str) -> None:
    with connect(ledger_url) as connection:
        append_events(connection, [event()])
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        execute(ledger_url, change.format("dbtool.ledger"))


def test_a_finish_commits_and_rolls_back_with_the_stamp(ledger_url: str) -> None:
    execute(ledger_url, "CREATE TABLE public.alembic_version (version_num varchar(32) NOT NULL)")
    for rolled_back in (True, False):
        with psycopg.connect(ledger_url) as child, child.transaction(force_rollback=rolled_back):
            child.execute("INSERT INTO public.alembic_version VALUES ('r1')")
            child.execute(render_finish(event(Event.FINISH)).encode())
        stamped = column_of(ledger_url, "SELECT version_num FROM public.alembic_version")
        with connect(ledger_url) as connection:
            finished = [entry.revision for entry in read_ledger(connection) or ()]
        assert stamped == finished == ([] if rolled_back else ["r1"])


def test_a_finish_holds_any_text_and_no_placeholder(ledger_url: str) -> None:
    text = render_finish(event(Event.FINISH, detail=ODD))
    assert "%" not in text
    assert ":" not in text
    with psycopg.connect(ledger_url, autocommit=True) as child:
        child.execute(text.encode(), ())  # some drivers look for placeholders as soon as parameters are given
    with connect(ledger_url) as connection:
        (entry,) = read_ledger(connection) or ()
    assert entry.detail == ODD.encode("ascii", "backslashreplace").decode()
    assert (entry.event, entry.git_commit, entry.duration_s) == ("finish", "c0ffee", 1.5)


def test_a_finish_is_written_whatever_role_env_py_has_set_and_leaves_it_so(
    ledger_url: str, reader_url: str
) -> None:
    assert reader_url
    with psycopg.connect(ledger_url) as child:
        child.execute("SET ROLE dbtool_test_ledger_reader")
        child.execute(render_finish(event(Event.FINISH)).encode())
        within = child.execute("SELECT current_user::text").fetchone()
        child.commit()
        after = child.execute("SELECT current_user::text").fetchone()
    assert within == after == ("dbtool_test_ledger_reader",)
    assert column_of(ledger_url, "SELECT event FROM dbtool.ledger") == ["finish"]


def test_names_that_the_encoding_does_not_have_fail_nothing(ledger_url: str) -> None:
    name = f"{psycopg.conninfo.conninfo_to_dict(ledger_url)['dbname']}latin"
    execute(ledger_url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with connect(ledger_url, database=name) as connection:
        prepare_ledger(connection)
        append_events(connection, [event(detail="über → alles")])
        connection.execute(render_finish(event(Event.FINISH, detail="ü→")).encode())
        details = [entry.detail for entry in read_ledger(connection) or ()]
    assert details == ["\\xfcber \\u2192 alles", "\\xfc\\u2192"]


def test_the_journal_tells_what_was_committed_and_what_nobody_saw_the_end_of(ledger_url: str) -> None:
    with connect(ledger_url) as connection:
        number = begin_statement(
            connection, run_id="run-1", revision="r1", ordinal=1, digest="s1", effect="index built i"
        )
        end_statement(connection, number)
        begin_statement(connection, run_id="run-1", revision="r1", ordinal=2, digest="s2", effect=ODD)
        begin_statement(connection, run_id="run-1", revision="r2", ordinal=1, digest="s3", effect="")
        journal = read_journal(connection, "r1")
        append_events(connection, [event(Event.FINISH)])
        assert read_journal(connection, "r1") == ()
        assert len(read_journal(connection, "r2")) == 1
    assert [(one.ordinal, one.digest, one.effect, one.done_at is None) for one in journal] == [
        (1, "s1", "index built i", False),
        (2, "s2", ODD, True),
    ]


def test_statements_are_noted_by_the_transaction_that_commits_them(ledger_url: str) -> None:
    for rolled_back in (True, False):
        with psycopg.connect(ledger_url) as child, child.transaction(force_rollback=rolled_back):
            child.execute(render_done("run-1", "r:1%", [(1, "s1", ""), (2, "s%2", "2 rows")]).encode(), ())
        with connect(ledger_url) as connection:
            journal = read_journal(connection, "r:1%")
        seen = [(one.run_id, one.ordinal, one.digest, one.done_at is not None) for one in journal]
        assert seen == ([] if rolled_back else [("run-1", 1, "s1", True), ("run-1", 2, "s%2", True)])


def test_the_questions_in_the_documentation_can_be_asked(ledger_url: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
    questions = re.findall(r"```sql\n(SELECT.*?)```", text, re.DOTALL)
    with connect(ledger_url) as connection:
        append_events(connection, [event(), event(Event.FINISH), event(revision="r2"), event(Event.ACCEPT)])
    answers = [[row[:3] for row in query(ledger_url, each)] for each in questions]
    assert [len(answer) for answer in answers] == [1, 1, 1]
    assert [answers[0][0][0], answers[1][0][2], answers[2][0][1]] == ["r1", "r2", "r1"]


def test_every_table_and_column_of_the_ledger_is_documented(ledger_url: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text(encoding="utf-8")
    columns = query(
        ledger_url,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'dbtool' "
        "AND table_name <> 'ledger_version' AND (table_name, column_name) <> ('journal', 'number')",
    )
    assert len(columns) == 19
    assert [(table, column) for table, column in columns if f"`{column}`" not in text] == []
    assert all(f"## dbtool.{table}" in text for table, _ in columns)


def test_a_carried_ledger_keeps_numbers_and_times_and_goes_on_behind_them(
    two_databases: tuple[str, str],
) -> None:
    live_url, candidate_url = two_databases
    with connect(live_url) as live, connect(candidate_url) as candidate:
        assert carry_ledger(live, candidate) == 0
        assert find_ledger_version(candidate) is None
        prepare_ledger(live)
        append_events(live, [event(detail=ODD), event(Event.FINISH)])
        live.execute("ALTER SEQUENCE dbtool.ledger_number_seq RESTART WITH 40")  # numbers have gaps
        append_events(live, [event(revision="r2")])
        assert carry_ledger(live, candidate) == 3
        append_events(candidate, [event(Event.FINISH, "r2")])
    everything = "SELECT * FROM dbtool.ledger ORDER BY number"
    assert query(candidate_url, everything)[:3] == query(live_url, everything)
    assert column_of(candidate_url, "SELECT number FROM dbtool.ledger ORDER BY number") == [1, 2, 40, 41]
