"""The client that watches staging: it comes back after its session is ended, and sees what stands there last."""

from __future__ import annotations

import time
from collections.abc import Callable

from dbtool.demo.watch import StagingWatch
from dbtool.postgres.session import Connection, connect

_TIMEOUT_S = 30


def make_staging(connection: Connection, customers: int) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS public.customers (id bigint); TRUNCATE public.customers; "
        f"INSERT INTO public.customers VALUES ({customers})"
    )


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_comes_back_after_its_session_was_ended(database: str) -> None:
    with connect(database) as connection:
        make_staging(connection, 20)
        with StagingWatch(lambda: database) as watch:
            wait_until(lambda: watch.availability.answered > 0)
            ended = connection.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            ).fetchone()
            before = watch.availability.answered
            wait_until(lambda: watch.availability.answered > before + 1)
    assert ended == (1,)
    assert watch.availability.interruptions == 1
    assert watch.availability.answers == (20,)


def test_the_last_answer_is_what_stands_there_when_it_stops(database: str) -> None:
    with connect(database) as connection:
        make_staging(connection, 20)
        with StagingWatch(lambda: database) as watch:
            wait_until(lambda: watch.availability.answered > 0)
            make_staging(connection, 120)
    assert watch.availability.answers[0] == 20
    assert watch.availability.answers[-1] == 120


def test_ends_although_nobody_answers() -> None:
    with StagingWatch(lambda: "postgresql://nobody@127.0.0.1:1/nothing") as watch:
        wait_until(lambda: watch.availability.interruptions > 0)
    assert watch.availability.answered == 0
    assert watch.availability.longest_gap_s == 0
