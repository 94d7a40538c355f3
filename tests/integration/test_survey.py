"""Where environments stand, read from real databases that nothing is written to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.author import Author
from dbtool.ledger import Event
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions.history import History, Revision
from dbtool.migrate.survey import read_place, survey
from dbtool.migrate.target import look_at
from dbtool.postgres.ledger import append_events, prepare_ledger
from dbtool.postgres.session import connect
from dbtool.targets import Target, Tier
from tests.databases import column_of, execute

_PROJECT = MigrationProject(Path())
_REVISIONS = tuple(
    Revision(one, down, (), (), f"versions/{one}.py", "", f"digest of {one}", has_downgrade=False)
    for one, down in (("a", ()), ("b", ("a",)), ("c", ("b",)))
)
_HISTORY = History(_REVISIONS, "", ("c",))


def _stamp(url: str, *heads: str) -> None:
    execute(url, "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    for head in heads:
        execute(url, f"INSERT INTO alembic_version VALUES ('{head}')")


@pytest.fixture
def target(database: str) -> Target:
    return Target("staging", Tier.STAGING, lambda: database)


def test_a_fresh_database_lacks_everything_and_stays_as_it_is(target: Target) -> None:
    found = survey(_PROJECT, target, _HISTORY)
    assert (found.heads, found.pending, found.last, found.problem) == ((), ("a", "b", "c"), None, "")
    assert column_of(target.url(), "SELECT nspname FROM pg_namespace WHERE nspname = 'dbtool'") == []


def test_heads_that_the_files_do_not_have_are_told_beside_what_is_pending(target: Target) -> None:
    _stamp(target.url(), "b", "gone")
    found = survey(_PROJECT, target, _HISTORY)
    assert (found.heads, found.unknown, found.pending) == (("b", "gone"), ("gone",), ("c",))


def test_an_applied_revision_that_was_edited_is_told_with_the_last_event(target: Target) -> None:
    _stamp(target.url(), "b")
    author = Author("run-1", "staging", "ada")
    with connect(target.url()) as connection:
        prepare_ledger(connection)
        events = [
            author.event(Event.FINISH, one, digest) for one, digest in (("a", "digest of a"), ("b", "old"))
        ]
        append_events(connection, events)
    found = survey(_PROJECT, target, _HISTORY)
    assert found.edited == ("b",)
    assert found.last is not None
    assert (found.last.event, found.last.revision) == ("finish", "b")
    heads, entries = read_place(_PROJECT, target)
    assert (heads, [one.revision for one in entries]) == (("b",), ["a", "b"])


def test_a_server_that_is_not_there_is_a_problem_of_its_own(target: Target) -> None:
    url = target.url().replace(target.url().rsplit("/", 1)[1], "dbtool_not_there")
    found = survey(_PROJECT, replace(target, url=lambda: url), _HISTORY)
    assert "dbtool_not_there" in found.problem
    assert found.heads == ()


def test_what_a_migration_knows_of_its_target_is_read_at_once(target: Target) -> None:
    _stamp(target.url(), "b")
    execute(target.url(), "CREATE TABLE parcel (id int)")
    seen = look_at(_PROJECT, target)
    assert (seen.heads, seen.entries, seen.facts.is_standby) == (("b",), (), False)
    assert str(seen.version_table) == "public.alembic_version"
    assert any("public.parcel" in line for line in seen.ddl)
    assert seen.facts.name == target.url().rsplit("/", 1)[1]
