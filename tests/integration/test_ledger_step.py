"""The ledger's step on a real target: what a killed run left is told true, edits are refused, and accepted by name."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dbtool.author import Author
from dbtool.errors import LockNotAcquired, RevisionEdited, UsageError
from dbtool.ledger import Event
from dbtool.migrate.ledger import accept, begin, read_history, refuse_edited
from dbtool.migrate.revisions.history import History, Revision
from dbtool.postgres.alembic_version import current_heads
from dbtool.postgres.apply_lock import apply_lock
from dbtool.postgres.session import connect
from dbtool.targets import Target, Tier
from tests.databases import execute

_AUTHOR = Author("run-2", "staging", "ada", "c0ffee")

# What an application does to the ledger and the version; then it waits to be killed, before its COMMIT or after.
_APPLY = """
import sys, time, psycopg
from dbtool.author import Author
from dbtool.postgres.apply_lock import apply_lock
from dbtool.postgres.ledger import append_events, prepare_ledger, render_finish
author = Author("run-1", "staging", "bob")
with apply_lock(sys.argv[1], 0) as lock, psycopg.connect(sys.argv[1]) as child:
    prepare_ledger(lock.connection)
    append_events(lock.connection, [author.event("start", "r2", "a")])
    child.execute("UPDATE alembic_version SET version_num = 'r2'")
    child.execute(render_finish(author.event("finish", "r2", "a", duration_s=0.5)))
    if sys.argv[2] == "committed":
        child.commit()
    print("there", flush=True)
    time.sleep(60)
"""


def history(*digests: str) -> History:
    revisions = tuple(
        Revision(
            id=f"r{number}",
            down=(f"r{number - 1}",) if number > 1 else (),
            needs=(),
            labels=(),
            file=f"versions/r{number}.py",
            message="",
            digest=digest,
            has_downgrade=False,
        )
        for number, digest in enumerate(digests, 1)
    )
    return History(revisions, env_digest="", heads=(revisions[-1].id,))


@pytest.fixture
def target(database: str) -> Target:
    """At r1, which dbtool has not applied."""
    execute(
        database, "CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('r1')"
    )
    return Target("staging", Tier.STAGING, lambda: database)


def begin_at(target: Target, described: History) -> list[tuple[str, str, str]]:
    with apply_lock(target.url(), 10) as lock:
        entries = begin(lock.connection, _AUTHOR, described, current_heads(lock.connection))
    return [(one.event, one.revision, one.run_id) for one in entries]


@pytest.mark.parametrize(
    ("killed", "last"), [("committed", ("finish", "r2")), ("uncommitted", ("interrupted", "r2"))]
)
def test_a_killed_application_is_told_as_it_ended(target: Target, killed: str, last: tuple[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _APPLY, target.url(), killed], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "there\n"
        process.kill()
    told = begin_at(target, history("a", "a"))
    assert told == [("start", "r2", "run-1"), (*last, "run-1"), ("adopted", "r1", "run-2")]
    assert begin_at(target, history("a", "a")) == told


def test_reading_the_history_writes_nothing_and_says_where_there_is_none(target: Target) -> None:
    assert read_history(target) is None
    begin_at(target, history("a"))
    entries = read_history(target)
    assert entries is not None
    assert [(one.event, one.actor, one.git_commit) for one in entries] == [("adopted", "ada", "c0ffee")]


def test_an_edit_after_adoption_is_refused_until_it_is_accepted_for_its_digest(target: Target) -> None:
    begin_at(target, history("a"))
    edited = history("b")
    with pytest.raises(RevisionEdited):
        refuse_edited(target, edited, read_history(target) or (), ["r1"])
    entry = accept(target, _AUTHOR, history=edited, heads=["r1"], revision="r1", reason="a typing error")
    assert (entry.event, entry.digest, entry.detail) == (Event.ACCEPT, "b", "a typing error")
    refuse_edited(target, edited, read_history(target) or (), ["r1"])
    with pytest.raises(RevisionEdited):
        refuse_edited(target, history("c"), read_history(target) or (), ["r1"])


def test_only_what_is_applied_can_be_accepted(target: Target) -> None:
    for revision in ("r2", "unknown"):
        with pytest.raises(UsageError, match=rf"does not have revision {revision}"):
            accept(target, _AUTHOR, history=history("a", "a"), heads=["r1"], revision=revision, reason="why")
    assert read_history(target) is None


def test_nothing_is_accepted_while_revisions_are_applied(target: Target) -> None:
    with apply_lock(target.url(), 0), pytest.raises(LockNotAcquired):
        accept(
            target,
            _AUTHOR,
            history=history("a"),
            heads=["r1"],
            revision="r1",
            reason="why",
            wait_s=0.1,
        )


def test_to_begin_again_where_all_is_told_writes_nothing(target: Target) -> None:
    begin_at(target, history("a"))
    with connect(target.url(), read_only=True) as connection:
        begin(connection, _AUTHOR, history("a"), ["r1"])
