"""What the target has of its own outlasts a refresh: its ledger, and the revision that it stood at."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from dbtool.errors import AnswerIsNo, Busy, EnvironmentFailed
from dbtool.findings import Severity
from dbtool.ledger import Event, LedgerEvent
from dbtool.postgres.alembic_version import all_heads
from dbtool.postgres.apply_lock import apply_lock
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.ledger import append_events, begin_statement, prepare_ledger, read_ledger
from dbtool.postgres.session import connect
from dbtool.refresh import standing
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Silent
from dbtool.refresh.result import RefreshResult
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for

pytestmark = pytest.mark.one_major

_TABLES = "CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items SELECT generate_series(1, 50);"


def at_revisions(*revisions: str) -> str:
    rows = ", ".join(f"('{one}')" for one in revisions)
    return f"CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES {rows};"


def write_ledger(url: str, *events: tuple[str, str]) -> None:
    with connect(url) as connection:
        prepare_ledger(connection)
        append_events(
            connection,
            [
                LedgerEvent(kind, "run-1", revision, f"digest of {revision}", "ada", target="staging")
                for kind, revision in events
            ],
        )
        begin_statement(connection, run_id="run-1", revision="r2", ordinal=1, digest="s", effect="")


@pytest.fixture
def ends(two_databases: tuple[str, str]) -> tuple[str, str]:
    """The source is at r1, the target at r2 with a ledger that says so."""
    source, target = two_databases
    execute(source, _TABLES + at_revisions("r1"))
    execute(target, _TABLES + "ALTER TABLE items ADD note text;" + at_revisions("r2"))
    write_ledger(target, (Event.START, "r2"), (Event.FINISH, "r2"))
    return source, target


@dataclass
class Forward:
    """A hook that does what r2 does, on the connection it is led to."""

    statements: str = "ALTER TABLE items ADD note text; UPDATE alembic_version SET version_num = 'r2'"
    has_ledger: bool = True
    calls: list[tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def __call__(self, url: str, live: tuple[str, ...], candidate: tuple[str, ...]) -> None:
        self.calls.append((live, candidate))
        with psycopg.connect(url) as connection:
            seen = connection.execute(
                "SELECT current_database(), current_user::text, (SELECT count(*) FROM public.items)"
            ).fetchone()
        assert seen is not None
        database, role, rows = seen
        self.databases.append(database)
        self.roles.append(role)
        self.rows.append(rows)
        execute(url, self.statements)
        if not self.has_ledger:
            return
        with connect(url) as connection:
            append_events(connection, [LedgerEvent(Event.FINISH, "run-2", "r2", "digest of r2", "ada")])


class Stages(Silent):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def stage(self, name: str) -> None:
        self.heard.append(name)


def events_of(url: str) -> list[tuple[str, str]]:
    with connect(url) as connection:
        return [(entry.event, entry.revision) for entry in read_ledger(connection) or ()]


def heads_of(url: str) -> tuple[str, ...]:
    with connect(url) as connection:
        return all_heads(connection)


def checks(result: RefreshResult) -> list[str]:
    return [finding.check for finding in result.findings]


def test_a_ledger_in_the_source_needs_no_rule_and_nothing_of_it_arrives(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, _TABLES + at_revisions("r1"))
    write_ledger(source, (Event.FINISH, "r1"))
    with connect(source) as connection:
        assert {name.schema for name in read_catalog(connection).relations} == {"public"}
    result = refresh(request_for(source, target, tmp_path))
    assert {table.name.schema for table in result.tables} == {"public"}
    names = "SELECT relname::text FROM pg_class WHERE relnamespace = 'dbtool'::regnamespace AND relkind = 'r'"
    assert column_of(target, names) == ["refresh"]
    assert column_of(target, "SELECT proname FROM pg_proc WHERE pronamespace = 'dbtool'::regnamespace") == []


def test_the_target_s_ledger_is_carried_over_with_its_numbers_and_times(
    ends: tuple[str, str], tmp_path: Path
) -> None:
    source, target = ends
    write_ledger(source, (Event.FINISH, "of production"))
    rows = "SELECT * FROM dbtool.ledger ORDER BY number"
    before = query(target, rows)
    refresh(request_for(source, target, tmp_path, adopt=True))
    after = query(target, rows)
    assert len(before) == 2
    assert after[:2] == before
    assert events_of(target) == [("start", "r2"), ("finish", "r2"), ("refreshed", "r1")]
    ((number, detail, environment),) = query(
        target, "SELECT number, detail, target FROM dbtool.ledger WHERE event = 'refreshed'"
    )
    assert number == 3
    assert detail == "a masked copy of production took its place; it was at revision r2"
    assert environment == "staging"
    assert query(target, "SELECT * FROM dbtool.journal") == []
    refresh(request_for(source, target, tmp_path))
    assert [event for event, _ in events_of(target)] == ["start", "finish", "refreshed", "refreshed"]


def test_without_a_hook_a_warning_says_which_revision_there_was(
    ends: tuple[str, str], tmp_path: Path
) -> None:
    source, target = ends
    result = refresh(request_for(source, target, tmp_path, adopt=True))
    (finding,) = [one for one in result.findings if one.check == "revision-differs"]
    assert finding.severity is Severity.WARNING
    assert finding.message == "it was at revision r2 and is now at revision r1, as production gave it"
    assert "dbtool migrate apply --target staging" in finding.remedy
    assert heads_of(target) == ("r1",)
    (manifest,) = column_of(target, "SELECT manifest ->> 'findings' FROM dbtool.refresh")
    assert "revision-differs" in manifest


def test_the_hook_brings_the_verified_candidate_to_the_revision_of_live(
    ends: tuple[str, str], tmp_path: Path
) -> None:
    source, target = ends
    script = tmp_path / "after.sql"
    script.write_text("UPDATE items SET note = 'after the hook'", encoding="utf-8")
    forward = Forward()
    request = request_for(
        source, target, tmp_path, adopt=True, bring_forward=forward, after_load=(str(script),)
    )
    result = refresh(request)
    assert forward.calls == [(("r2",), ("r1",))]
    assert "_dbtool_candidate_" in forward.databases[0]
    assert forward.rows == [50]
    assert "revision-differs" not in checks(result)
    assert heads_of(target) == ("r2",)
    assert column_of(target, "SELECT DISTINCT note FROM items") == ["after the hook"]
    assert events_of(target)[2:] == [("refreshed", "r1"), ("finish", "r2"), ("forwarded", "r2")]


def test_a_configured_version_table_is_where_the_revisions_are_read(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, _TABLES + at_revisions("r1").replace("alembic_version", "revisions"))
    execute(target, at_revisions("r2").replace("alembic_version", "revisions"))
    forward = Forward("UPDATE revisions SET version_num = 'r2'", has_ledger=False)
    result = refresh(
        request_for(
            source,
            target,
            tmp_path,
            adopt=True,
            bring_forward=forward,
            version_table="public.revisions",
        )
    )
    assert forward.calls == [(("r2",), ("r1",))]
    assert "revision-differs" not in checks(result)


def test_the_hook_acts_as_the_owner_whom_the_environment_names(ends: tuple[str, str], tmp_path: Path) -> None:
    source, target = ends
    execute(target, 'DROP ROLE IF EXISTS "dbtool test owner"; CREATE ROLE "dbtool test owner" SUPERUSER')
    forward = Forward()
    refresh(
        request_for(source, target, tmp_path, adopt=True, bring_forward=forward, owner="dbtool test owner")
    )
    assert forward.roles == ["dbtool test owner"]
    assert column_of(target, "SELECT tableowner FROM pg_tables WHERE tablename = 'ledger'") == [
        "dbtool test owner"
    ]


def test_a_hook_that_fails_leaves_live_and_its_ledger_as_they_were(
    ends: tuple[str, str], tmp_path: Path
) -> None:
    source, target = ends

    def fail(url: str, live: Sequence[str], candidate: Sequence[str]) -> None:
        execute(url, "DROP TABLE items")
        raise AnswerIsNo(f"{live} {candidate}")

    with pytest.raises(AnswerIsNo):
        refresh(request_for(source, target, tmp_path, adopt=True, bring_forward=fail))
    assert heads_of(target) == ("r2",)
    assert events_of(target) == [("start", "r2"), ("finish", "r2")]
    assert query(target, "SELECT count(note), count(*) FROM items") == [(0, 50)]
    like = f"{psycopg.conninfo.conninfo_to_dict(target)['dbname']}_dbtool%"
    assert query(target, f"SELECT datname FROM pg_database WHERE datname LIKE '{like}'") == []


@pytest.mark.parametrize("live", [(), ("r1",)])
def test_the_hook_is_not_asked_where_live_has_no_other_revision(
    two_databases: tuple[str, str], tmp_path: Path, live: tuple[str, ...]
) -> None:
    source, target = two_databases
    execute(source, _TABLES + at_revisions("r1"))
    execute(target, at_revisions(*live) if live else "CREATE TABLE t ()")
    forward = Forward()
    result = refresh(request_for(source, target, tmp_path, adopt=True, bring_forward=forward))
    assert forward.calls == []
    assert "revision-differs" not in checks(result)
    assert heads_of(target) == ("r1",)


def test_while_revisions_are_applied_to_live_nothing_is_swapped(
    ends: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = ends
    monkeypatch.setattr(standing, "PATIENCE_S", 0.2)
    with (
        apply_lock(target, 0) as lock,
        pytest.raises(Busy, match=r"did not end within 0\.2 s; the candidate was dropped and the live"),
    ):
        refresh(request_for(source, target, tmp_path, adopt=True))
    assert lock.connection.closed
    assert heads_of(target) == ("r2",)


def test_a_refresh_waits_for_an_application_and_takes_over_what_it_did(
    ends: tuple[str, str], tmp_path: Path
) -> None:
    source, target = ends

    def apply_and_end() -> None:
        write_ledger(target, (Event.FINISH, "r3"))
        execute(target, "UPDATE alembic_version SET version_num = 'r3'")
        lock.__exit__(None, None, None)

    lock = apply_lock(target, 0)
    lock.__enter__()
    threading.Timer(4, apply_and_end).start()
    forward = Forward()
    refresh(request_for(source, target, tmp_path, adopt=True, bring_forward=forward))
    assert forward.calls == [(("r3",), ("r1",))]
    assert ("finish", "r3") in events_of(target)


def test_nobody_applies_to_live_between_the_hook_and_the_swap(ends: tuple[str, str], tmp_path: Path) -> None:
    source, target = ends
    refused: list[bool] = []

    def try_to_apply(url: str, live: Sequence[str], candidate: Sequence[str]) -> None:
        assert url
        assert live != candidate
        with pytest.raises(Busy), apply_lock(target, 0):
            pass
        refused.append(True)

    refresh(request_for(source, target, tmp_path, adopt=True, bring_forward=try_to_apply))
    assert refused == [True]


def test_a_ledger_of_a_later_version_is_found_before_anything_is_copied(
    ends: tuple[str, str], tmp_path: Path
) -> None:
    source, target = ends
    execute(target, "INSERT INTO dbtool.ledger_version VALUES (999)")
    stages = Stages()
    with pytest.raises(EnvironmentFailed, match="Update dbtool"):
        refresh(request_for(source, target, tmp_path, adopt=True, observer=stages))
    assert stages.heard == ["preflight"]
