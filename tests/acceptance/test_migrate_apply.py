"""Applying on a target that is in use, beside other appliers, and when it is killed."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import MigrationProject, document

PATIENCE_S = 30.0
AT_FIRST = """
CREATE TABLE parcel (id integer PRIMARY KEY, weight integer);
INSERT INTO parcel SELECT i, i % 7 FROM generate_series(1, 5000) AS i;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r1');
"""
CONCURRENT = (
    "with op.get_context().autocommit_block():\n"
    '    op.execute("CREATE INDEX CONCURRENTLY parcel_weight ON parcel (weight)")'
)


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    """Staging has a table of 5,000 rows, from before dbtool."""
    project = MigrationProject(tmp_path, on_newest(), on_newest())
    project.write("r1", None, 'op.create_table("parcel", sa.Column("id", sa.Integer, primary_key=True))')
    project.execute(project.staging, AT_FIRST)
    return project


@contextmanager
def reading(url: str) -> Iterator[None]:
    """An open transaction that has read the table and keeps its snapshot."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM parcel")
        yield


def wait_for(what: Callable[[], bool], message: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, message
        time.sleep(0.02)


def is_at_work(project: MigrationProject, query: str) -> bool:
    found = project.query(
        project.staging,
        f"SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '{query}' "
        "AND pid <> pg_backend_pid()",
    )
    return bool(found)


def test_two_appliers_with_a_concurrent_index_do_not_hang(project: MigrationProject) -> None:
    """A waiter that held a snapshot would keep the index from ever being built."""
    project.write("r2", "r1", CONCURRENT)
    with (
        project.start("apply", "--target", "staging") as one,
        project.start("apply", "--target", "staging") as two,
    ):
        codes = sorted(each.process.wait(PATIENCE_S) for each in (one, two))
    assert codes == [0, 0]
    assert project.version(project.staging) == ["r2"]
    assert [event for event in project.events(project.staging) if event[1] == "r2"] == [
        ("start", "r2"),
        ("finish", "r2"),
    ]
    valid = project.query(
        project.staging, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'parcel_weight'::regclass"
    )
    assert valid == [(True,)]


def test_a_second_applier_that_may_not_wait_is_told_so(project: MigrationProject) -> None:
    project.write("r2", "r1", CONCURRENT)
    with reading(project.staging), project.start("apply", "--target", "staging") as first:
        wait_for(lambda: is_at_work(project, "CREATE INDEX%"), "the index is not being built")
        second = project.apply("staging", "--wait", "1s")
        assert second.code == 6, second.messages
        assert "nothing was changed" in second.messages
        assert first.process.poll() is None
    assert project.version(project.staging) in (["r1"], ["r2"])


def test_an_alter_that_waits_stalls_readers_no_longer_than_its_lock_timeout(
    project: MigrationProject,
) -> None:
    project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))')
    longest, tries = 0.0, 0
    with (
        reading(project.staging),
        project.start(
            "apply", "--target", "staging", "--lock-timeout", "300ms", "--patience", "6s"
        ) as running,
    ):
        with psycopg.connect(project.staging, autocommit=True) as reader:
            while running.process.poll() is None:
                began = time.monotonic()
                reader.execute("SELECT count(*) FROM parcel WHERE id < 10")
                longest, tries = max(longest, time.monotonic() - began), tries + 1
                time.sleep(0.01)
        output, messages = running.process.communicate()
    assert running.process.returncode == 6, messages + output
    assert tries > 10
    assert longest < 1.0, f"a reader waited {longest:.2f} s"
    assert project.version(project.staging) == ["r1"]
    events = [event for event, revision in project.events(project.staging) if revision == "r2"]
    assert events[0] == "start"
    assert "retry" in events
    assert events[-1] == "failure"


def test_goes_on_as_soon_as_the_lock_is_free(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))')
    with psycopg.connect(project.staging) as blocker:
        blocker.execute("SELECT count(*) FROM parcel")
        with project.start(
            "apply", "--target", "staging", "--lock-timeout", "200ms", "--format", "json"
        ) as running:
            wait_for(lambda: ("retry", "r2") in project.events(project.staging), "it was not tried again")
            blocker.rollback()
            output, messages = running.process.communicate(timeout=PATIENCE_S)
    assert running.process.returncode == 0, messages
    assert '"attempts"' in output
    assert project.version(project.staging) == ["r2"]


def test_a_kill_leaves_a_truthful_ledger(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.execute("UPDATE parcel SET weight = 1")\nop.execute("SELECT pg_sleep(20)")')
    with project.start("apply", "--target", "staging") as running:
        wait_for(lambda: is_at_work(project, "SELECT pg_sleep%"), "the revision is not at work")
        running.process.send_signal(signal.SIGKILL)
        running.process.wait()
    wait_for(lambda: not is_at_work(project, "SELECT pg_sleep%"), "the statement outlives dbtool")
    assert project.version(project.staging) == ["r1"]
    assert project.events(project.staging)[-1] == ("start", "r2")
    project.write("r2", "r1", 'op.execute("UPDATE parcel SET weight = 1")')
    done = project.apply("staging")
    assert done.code == 0, done.messages
    assert [event for event, revision in project.events(project.staging) if revision == "r2"] == [
        "start",
        "interrupted",
        "start",
        "finish",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_what_is_committed(project: MigrationProject, number: signal.Signals) -> None:
    project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))')
    project.write("r3", "r2", 'op.execute("UPDATE parcel SET weight = 1")\nop.execute("SELECT pg_sleep(20)")')
    with project.start("apply", "--target", "staging") as running:
        wait_for(lambda: is_at_work(project, "SELECT pg_sleep%"), "the revision is not at work")
        running.process.send_signal(number)
        _, messages = running.process.communicate(timeout=PATIENCE_S)
    assert not is_at_work(project, "SELECT pg_sleep%")
    assert running.process.returncode == 7, messages
    assert "Applied and committed: r2." in messages
    assert "as it was" not in messages
    assert project.version(project.staging) == ["r2"]


def test_an_interrupted_run_that_applied_nothing_says_so(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.execute("UPDATE parcel SET weight = 1")\nop.execute("SELECT pg_sleep(20)")')
    with project.start("apply", "--target", "staging") as running:
        wait_for(lambda: is_at_work(project, "SELECT pg_sleep%"), "the revision is not at work")
        running.process.send_signal(signal.SIGTERM)
        _, messages = running.process.communicate(timeout=PATIENCE_S)
    assert running.process.returncode == 143, messages
    assert "no revision was applied to staging" in messages
    assert not is_at_work(project, "SELECT pg_sleep%")


def test_a_lost_server_session_between_revisions_does_not_hide_what_is_committed(
    project: MigrationProject,
) -> None:
    project.write(
        "r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))\nop.execute("SELECT pg_sleep(2)")'
    )
    project.write("r3", "r2", 'op.add_column("parcel", sa.Column("size", sa.Text))')
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dbtool apply lock' AND datname = current_database()"
    with project.start("apply", "--target", "staging") as running:
        wait_for(lambda: is_at_work(project, "SELECT pg_sleep%"), "the revision is not at work")
        assert project.query(project.staging, end) == [(True,)]
        _, messages = running.process.communicate(timeout=PATIENCE_S)
    assert project.version(project.staging) == ["r2"]
    assert running.process.returncode == 7, messages
    assert "Applied and committed: r2." in messages


def test_a_kill_in_a_concurrent_build_is_made_good(project: MigrationProject) -> None:
    """The column before the block is committed, and the index is left INVALID: the next run goes on behind both."""
    project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))\n' + CONCURRENT)
    with psycopg.connect(project.staging) as blocker:
        blocker.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        blocker.execute("SELECT 1 FROM pg_class LIMIT 1")
        with project.start("apply", "--target", "staging") as running:
            wait_for(lambda: is_at_work(project, "CREATE INDEX%"), "the index is not being built")
            running.process.send_signal(signal.SIGKILL)
            running.process.wait()
        wait_for(lambda: not is_at_work(project, "CREATE INDEX%"), "the build outlives dbtool")
    assert project.version(project.staging) == ["r1"]
    done = project.apply("staging", "--format", "json")
    assert done.code == 0, done.messages
    assert document(done)["revisions"][0]["skipped_statements"] == 1
    assert project.version(project.staging) == ["r2"]
    valid = project.query(
        project.staging, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'parcel_weight'::regclass"
    )
    assert valid == [(True,)]


def test_a_loop_over_batches_is_taken_up_where_it_was_killed(project: MigrationProject) -> None:
    """What a skipped batch tells of its rows decides whether the loop goes on."""
    loop = (
        "with op.get_context().autocommit_block():\n"
        "    batch = sa.text('UPDATE parcel SET weight = -1 WHERE id IN (SELECT id FROM parcel WHERE weight >= 0 LIMIT 1000)')\n"
        "    while op.get_bind().execute(batch).rowcount:\n"
        "        op.execute({pause!r})"
    )
    project.write(
        "r2",
        "r1",
        loop.format(pause="SELECT pg_sleep(CASE WHEN min(weight) < 0 THEN 20 ELSE 0 END) FROM parcel"),
    )
    with project.start("apply", "--target", "staging") as running:
        wait_for(lambda: is_at_work(project, "SELECT pg_sleep%"), "the first batch is not done")
        running.process.send_signal(signal.SIGKILL)
        running.process.wait()
    wait_for(lambda: not is_at_work(project, "SELECT pg_sleep%"), "the statement outlives dbtool")
    done_before = project.query(project.staging, "SELECT count(*) FROM parcel WHERE weight = -1")
    assert done_before == [(1000,)]
    project.execute(
        project.staging, "CREATE FUNCTION public.pg_sleep(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    )
    project.execute(
        project.staging,
        "ALTER DATABASE " + project.staging.rsplit("/", 1)[1] + " SET search_path = public, pg_catalog",
    )
    done = project.apply("staging")
    assert done.code == 0, done.messages
    assert project.query(project.staging, "SELECT count(*) FROM parcel WHERE weight <> -1") == [(0,)]


def test_what_fails_on_the_target_is_rolled_back_and_said(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))')
    project.write("r3", "r2", 'op.alter_column("parcel", "colour", nullable=False)')
    done = project.apply("staging")
    assert done.code == 7, done.messages
    assert "r3" in done.messages
    assert "r2" in done.messages
    assert project.version(project.staging) == ["r2"]
    assert project.events(project.staging)[-2:] == [("start", "r3"), ("failure", "r3")]


def test_a_target_that_is_ahead_is_refused(project: MigrationProject) -> None:
    (project.folder / "migrations" / "versions" / "r1.py").unlink()
    project.write("r0", None, "pass")
    done = project.apply("staging")
    assert done.code == 4, done.messages
    assert project.version(project.staging) == ["r1"]


def test_two_heads_are_refused_unless_declared(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))')
    project.write("r3", "r1", 'op.add_column("parcel", sa.Column("size", sa.Text))')
    assert project.apply("staging").code == 4
    project.configure(project="[project.alembic]\nseveral_heads = true\n")
    done = project.apply("staging")
    assert done.code == 0, done.messages
    assert project.version(project.staging) == ["r2", "r3"]


def test_a_downgrade_is_never_run(project: MigrationProject) -> None:
    path = project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))')
    path.write_text(path.read_text() + "\n\ndef downgrade():\n    op.drop_column('parcel', 'colour')\n")
    done = project.rehearse("staging", "--format", "json")
    assert done.code == 0, done.messages
    found = document(done)
    checks = [each["check"] for each in found["findings"]]
    assert "downgrade" in checks
    assert project.apply("staging").code == 0


def test_a_rehearsal_killed_leaves_no_clone_after_the_next(project: MigrationProject) -> None:
    project.write("r2", "r1", 'op.execute("SELECT pg_sleep(30)")')
    with project.start("rehearse", "--target", "staging", "--data", "schema") as running:
        threading.Event().wait(3.0)
        running.process.send_signal(signal.SIGKILL)
        running.process.wait()
    project.write("r2", "r1", "pass")
    done = project.rehearse("staging")
    assert done.code == 0, done.messages
    assert project.version(project.staging) == ["r1"]


def test_a_version_table_that_nobody_declared_stops_it_before_anything_runs(
    project: MigrationProject,
) -> None:
    env = project.folder / "migrations" / "env.py"
    env.write_text(
        env.read_text().replace(
            "connection=connection)", "connection=connection, version_table='our_version')"
        )
    )
    project.write("r2", "r1", 'op.add_column("parcel", sa.Column("colour", sa.Text))')
    done = project.apply("staging")
    assert done.code == 2, done.messages
    assert "our_version" in done.messages
    assert project.query(project.staging, "SELECT to_regclass('our_version')") == [(None,)]
    project.execute(project.staging, "ALTER TABLE alembic_version RENAME TO our_version")
    project.configure(project='[project.alembic]\nversion_table = "public.our_version"\n')
    done = project.apply("staging")
    assert done.code == 0, done.messages
    assert project.query(project.staging, "SELECT version_num FROM our_version") == [("r2",)]
