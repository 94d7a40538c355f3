"""One connection inside the run's snapshot, asked for rows by their ctids thousands of times over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import RawCursor, sql

from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.tid_arrays import TidArray, TidArrayDumper

# Compiling takes longer than such queries run; hashes of a few million keys should stay in memory.
_SETTINGS = "SET LOCAL jit = off; SET LOCAL work_mem = '128MB'"
# Rows are looked up in the order of the heap, and few of them by an index: the planner's caution about random reads, made for
# disks with heads, would have whole tables scanned for a hundredth of their rows. Of many rows it is right.
FEW_ROWS = 50_000
_FEW_SQL = "SET LOCAL random_page_cost = 1.1"
_MANY_SQL = "SET LOCAL random_page_cost TO DEFAULT"
_PREPARED_ROWS = 1_000
_PREPARED_ARRAYS = 8


@dataclass(slots=True)
class TidSession:
    """Made by ``open_tid_session``. Queries are raw: parameters are $1 …, and a % is a %."""

    connection: Connection
    _cursor: RawCursor[tuple[Any, ...]]
    _texts: dict[object, bytes] = field(default_factory=dict)
    _few: bool | None = None

    def ask(
        self, query: bytes | sql.Composed, parameters: Sequence[object], doing: str
    ) -> list[tuple[Any, ...]]:
        """All rows of an answer. What is asked for few rows is asked often: a tree ten thousand levels deep is as many questions.

        A plan made for no rows in particular expects ten of them: not one for a large batch.
        """
        arrays = [len(one.ids) for one in parameters if isinstance(one, TidArray)]
        is_small = bool(arrays) and sum(arrays) <= _PREPARED_ROWS and len(arrays) <= _PREPARED_ARRAYS
        with translated(doing):
            self._expect(few=bool(arrays) and sum(arrays) <= FEW_ROWS)
            return self._cursor.execute(query, parameters, prepare=is_small, binary=True).fetchall()

    def _expect(self, *, few: bool) -> None:
        if few is not self._few:
            self._cursor.execute(_FEW_SQL if few else _MANY_SQL)
            self._few = few

    def spell(self, key: object, make: Callable[[], sql.Composable]) -> bytes:
        """The text of a query that is asked again and again, put together once."""
        if key not in self._texts:
            self._texts[key] = make().as_bytes(self.connection)
        return self._texts[key]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What fails in here leaves the transaction, and with it the snapshot, as it was."""
        with self.connection.transaction():
            yield


def open_tid_session(connection: Connection) -> TidSession:
    """``connection`` is in the transaction whose snapshot is read, and is not used for anything else meanwhile."""
    with translated("setting up the walk"):
        connection.execute(_SETTINGS)
    connection.prepare_threshold = 5  # None, as dbtool's sessions have it, would mean never
    connection.adapters.register_dumper(TidArray, TidArrayDumper)
    return TidSession(connection, RawCursor(connection))
