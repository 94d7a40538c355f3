"""One application at a time: two lockers, a holder that dies, and an index built while somebody waits."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from dbtool.errors import LockNotAcquired, ServerFailed
from dbtool.postgres.apply_lock import Holder, apply_lock
from tests.databases import execute, query

pytestmark = pytest.mark.one_major

_HOLD = """
import sys
from dbtool.postgres.apply_lock import apply_lock
with apply_lock(sys.argv[1], 0, application_name="dbtool apply elsewhere"):
    print("held", flush=True)
    sys.stdin.read()
"""

Hold = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def hold(database: str) -> Iterator[Hold]:
    """Holds the lock in another process."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_second_is_told_who_holds_it_and_gives_up_after_its_time(database: str, hold: Hold) -> None:
    hold()
    heard: list[Holder] = []
    before = time.monotonic()
    with pytest.raises(LockNotAcquired) as refusal, apply_lock(database, 1, heard.append):
        pytest.fail("two hold it")
    assert 1 <= time.monotonic() - before < 5
    ((pid, since),) = query(
        database,
        "SELECT pid, backend_start FROM pg_stat_activity WHERE application_name = 'dbtool apply elsewhere'",
    )
    assert heard == [Holder(pid, "dbtool apply elsewhere", since)]
    assert f"(pid {pid}, dbtool apply elsewhere, connected since {since:%Y-%m-%d %H:%M:%S}" in str(
        refusal.value
    )
    assert "did not release it within 1 s; nothing was changed" in str(refusal.value)
    assert refusal.value.exit_code == 6


def test_who_waits_gets_it_when_the_holder_is_killed(database: str, hold: Hold) -> None:
    holder = hold()
    threading.Timer(0.5, holder.kill).start()
    with apply_lock(database, 30) as lock:
        assert lock.session_alive()


def test_it_is_free_as_soon_as_it_is_released(database: str) -> None:
    for _ in range(20):
        with apply_lock(database, 0):
            pass


def test_other_databases_of_the_server_have_their_own(make_database: Callable[[], str]) -> None:
    with apply_lock(make_database(), 0), apply_lock(make_database(), 0):
        pass


def test_a_waiting_locker_does_not_hinder_an_index_built_concurrently(database: str, hold: Hold) -> None:
    """With a blocking wait the build waits for the waiter's snapshot, for as long as the lock is held."""
    execute(database, "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000)")
    hold()
    waiting = threading.Event()
    refused: list[LockNotAcquired] = []

    def wait() -> None:
        try:
            with apply_lock(database, 4, lambda _: waiting.set()):
                pass
        except LockNotAcquired as error:
            refused.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert waiting.wait(20)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("SET statement_timeout = '3s'")
        connection.execute("CREATE INDEX CONCURRENTLY i ON t (a)")
    assert thread.is_alive(), "it waited no longer, so this proves nothing"
    thread.join()
    assert refused


def test_a_holder_holds_no_transaction_open(database: str) -> None:
    with apply_lock(database, 0, application_name="dbtool apply held") as lock:
        lock.require()
        states = query(
            database,
            "SELECT state, backend_xmin FROM pg_stat_activity WHERE application_name = 'dbtool apply held'",
        )
    assert states == [("idle", None)]


def test_a_lost_session_is_noticed(database: str) -> None:
    with apply_lock(database, 0) as lock:
        lock.require()
        execute(database, f"SELECT pg_terminate_backend({lock.connection.info.backend_pid}, 5000)")
        assert not lock.session_alive()
        with pytest.raises(ServerFailed, match=r"is lost.*this one was stopped"):
            lock.require()


def test_a_lock_that_the_session_has_no_more_is_noticed(database: str) -> None:
    """As behind a pooler that gives another server connection to each transaction."""
    with apply_lock(database, 0) as lock:
        lock.connection.execute("SELECT pg_advisory_unlock_all()")
        assert not lock.session_alive()
        with apply_lock(database, 0):
            assert not lock.session_alive()
