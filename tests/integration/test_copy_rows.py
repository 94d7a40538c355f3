"""Rows of a COPY as they arrive: the same that psycopg hands over one by one, and the same ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from dbtool.postgres.copy_rows import take_rows
from tests.databases import execute

SHAPES = {
    "none": "SELECT 1 WHERE false",
    "one": "SELECT 'only'",
    "no columns": "SELECT FROM generate_series(1, 3)",
    "more than arrive at once": "SELECT n, md5(n::text) FROM generate_series(1, 50000) AS n",
    "larger than any buffer, and after it small ones": (
        "SELECT repeat('long', CASE n WHEN 2 THEN 5000000 ELSE n END) FROM generate_series(1, 2000) AS n"
    ),
}


@pytest.mark.parametrize("query", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("form", ["text", "binary"])
def test_the_rows_are_those_that_psycopg_reads(database: str, query: str, form: str) -> None:
    statement = f"COPY ({query}) TO STDOUT (FORMAT {form})"
    with psycopg.connect(database) as connection:
        with connection.cursor().copy(statement) as copy:
            expected = [bytes(row) for row in copy]
        with connection.cursor().copy(statement) as copy:
            held = list(take_rows(copy))
        assert connection.execute("SELECT 'goes on'").fetchone() == ("goes on",)
        assert list(map(bytes, held)) == expected


def read(
    connection: psycopg.Connection, statement: str, at: int = 0, do: Callable[[], object] = lambda: None
) -> Iterator[bytes]:
    """``do`` something at row number ``at``."""
    with connection.cursor().copy(statement) as copy:
        for number, row in enumerate(take_rows(copy), 1):
            if number == at:
                do()
            yield bytes(row)


@pytest.mark.parametrize("at", [1, 2, 40_000])
def test_what_fails_at_the_server_is_raised_after_the_rows_before_it(database: str, at: int) -> None:
    failing = f"COPY (SELECT 1 / (n - {at}) FROM generate_series(1, 50000) AS n) TO STDOUT"
    seen: list[bytes] = []
    with psycopg.connect(database) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero, match="division by zero"):
            seen.extend(read(connection, failing))
        assert len(seen) == at - 1
        connection.rollback()
        assert connection.execute("SELECT 'goes on'").fetchone() == ("goes on",)


# Ten seconds long.
SLOW = "COPY (SELECT pg_sleep(CASE WHEN n % 1000 = 0 THEN 0.01 END) FROM generate_series(1, 1000000) AS n) TO STDOUT"
AT = 5_500


def test_it_can_be_cancelled_from_elsewhere(database: str) -> None:
    with psycopg.connect(database) as connection:
        with pytest.raises(psycopg.errors.QueryCanceled):
            list(read(connection, SLOW, AT, lambda: threading.Thread(target=connection.cancel_safe).start()))
        assert connection.info.transaction_status == TransactionStatus.INERROR


def test_a_session_that_is_ended_meanwhile_is_told(database: str) -> None:
    with psycopg.connect(database) as connection:
        ending = f"SELECT pg_terminate_backend({connection.info.backend_pid})"
        with pytest.raises(psycopg.OperationalError):
            list(read(connection, SLOW, AT, lambda: execute(database, ending)))
        assert connection.closed


def test_what_fails_at_the_reader_cancels_the_copy(database: str) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with psycopg.connect(database) as connection:
        with pytest.raises(ZeroDivisionError):
            list(read(connection, SLOW, AT, fail))
        assert connection.info.transaction_status == TransactionStatus.INERROR
