"""The rows of a COPY to the client, taken from libpq as many at a time as have arrived.

psycopg hands over one row a call, through its waiting for the server. Measured: taken as here, a row of 36 bytes costs 0.2 µs of
processor time in place of 0.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg import Connection, Copy, errors, generators
from psycopg.pq import ExecStatus


def take_rows(copy: Copy) -> Iterator[memoryview]:
    """Each row as the server sent it; a view is good for as long as it is held. Has raised whatever failed when it ends.

    Left before its end, ``copy`` is as psycopg leaves it.
    """
    connection = copy.connection
    take = connection.pgconn.get_copy_data
    for waited_for in copy:
        yield memoryview(waited_for)
        size, row = take(1)
        while size > 0:
            yield row
            size, row = take(1)
        if size < 0:  # not 0, of which psycopg knows how to wait for more
            _raise_failure(connection)
            return


def _raise_failure(connection: Connection[Any]) -> None:
    """The server has sent its last row, or an error in its place."""
    for result in connection.wait(generators.fetch_many(connection.pgconn)):
        if result.status != ExecStatus.COMMAND_OK:
            raise errors.error_from_result(result, encoding=connection.info.encoding)
