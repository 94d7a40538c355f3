"""One connection inside the run's snapshot, asked for rows by their ctids thousands of times over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

from psycopg import RawCursor, sql

from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.tid_arrays import TidArray, TidArrayDumper
from dbtool.waiting import result_of

# Compiling takes longer than such queries run; hashes of a few million keys should stay in memory.
_SETTINGS = "SET LOCAL jit = off; SET LOCAL work_mem = '128MB'"
# Rows are looked up in the order of the heap, and few of them by an index: the planner's caution about random reads, made for
# disks with heads, would have whole tables scanned for a hundredth of their rows. Of many rows it is right.
FEW_ROWS = 50_000
# At the price at which sparse rows are looked up, reading a whole index looks cheaper than reading the table. Pair by pair, and
# in the order of both, are ways to compare what a hash finds in one pass.
_NOT_IN_A_SCAN = ("nestloop", "mergejoin", "indexscan", "bitmapscan")
_ANY_SQL = "; ".join(f"SET LOCAL enable_{path} TO DEFAULT" for path in _NOT_IN_A_SCAN)
_FEW_SQL = f"SET LOCAL random_page_cost = 1.1; {_ANY_SQL}"
_MANY_SQL = f"SET LOCAL random_page_cost TO DEFAULT; {_ANY_SQL}"
_SCAN_SQL = "; ".join(f"SET LOCAL enable_{path} = off" for path in _NOT_IN_A_SCAN)
# The workers of a parallel plan look up the given rows once each: two questions at a time take half the processor time.
_SERIAL_SQL = "SET LOCAL max_parallel_workers_per_gather = 0"
_PARALLEL_SQL = "SET LOCAL max_parallel_workers_per_gather TO DEFAULT"
_PREPARED_ROWS = 1_000
_PREPARED_ARRAYS = 8

Item = TypeVar("Item")


class Scan(Enum):
    """How the given rows are found for a scan. The sparse lie in the order of the heap, and are looked up as they lie; the planner
    would rather look through all of their table. The dense it may.
    """

    SPARSE = f"SET LOCAL random_page_cost = 0.1; {_SCAN_SQL}"
    DENSE = f"SET LOCAL random_page_cost TO DEFAULT; {_SCAN_SQL}"


@dataclass(slots=True)
class TidSession:
    """Made by ``open_tid_session``. Queries are raw: parameters are $1 …, and a % is a %.

    ``with_others``: other sessions keep the server's processors busy.
    """

    connection: Connection
    _cursor: RawCursor[tuple[Any, ...]]
    with_others: bool = False
    _texts: dict[object, bytes] = field(default_factory=dict)
    _expected: str | None = None

    def ask(
        self,
        query: bytes | sql.Composed,
        parameters: Sequence[object],
        doing: str,
        *,
        scan: Scan | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of an answer. What is asked for few rows is asked often: a tree ten thousand levels deep is as many questions.

        A plan made for no rows in particular expects ten of them: not one for a large batch. ``scan``: all of
        what is read is looked through, each row once.
        """
        arrays = [len(one.ids) for one in parameters if isinstance(one, TidArray)]
        is_small = bool(arrays) and sum(arrays) <= _PREPARED_ROWS and len(arrays) <= _PREPARED_ARRAYS
        with translated(doing):
            self._expect(scan.value if scan else _FEW_SQL if 0 < sum(arrays) <= FEW_ROWS else _MANY_SQL)
            return self._cursor.execute(query, parameters, prepare=is_small, binary=True).fetchall()

    def ask_ahead(
        self, queries: Iterable[tuple[sql.Composed, Item]], doing: str
    ) -> Iterator[tuple[list[tuple[Any, ...]], Item]]:
        """The answers to queries without parameters; the server works on the next one while this one is made use of."""
        with ThreadPoolExecutor(1, thread_name_prefix="dbtool") as asking:
            before: tuple[Future[list[tuple[Any, ...]]], Item] | None = None
            for query, item in queries:
                asked = asking.submit(self.ask, query, (), doing), item
                if before:
                    yield result_of(before[0]), before[1]
                before = asked
            if before:
                yield result_of(before[0]), before[1]

    def _expect(self, planned: str) -> None:
        settings = f"{planned}; {_SERIAL_SQL if self.with_others else _PARALLEL_SQL}"
        if settings != self._expected:
            self.connection.execute(settings.encode())
            self._expected = settings

    def spell(self, key: object, make: Callable[[], sql.Composable]) -> bytes:
        """The text of a query that is asked again and again, put together once."""
        if key not in self._texts:
            self._texts[key] = make().as_bytes(self.connection)
        return self._texts[key]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What fails in here leaves the transaction, and with it the snapshot, as it was."""
        try:
            with self.connection.transaction():
                yield
        except BaseException:
            self._expected = None  # SET LOCAL was undone with the rest
            raise


def open_tid_session(connection: Connection) -> TidSession:
    """``connection`` is in the transaction whose snapshot is read, and is not used for anything else meanwhile."""
    with translated("setting up the walk"):
        connection.execute(_SETTINGS)
    connection.prepare_threshold = 5  # None, as dbtool's sessions have it, would mean never
    connection.adapters.register_dumper(TidArray, TidArrayDumper)
    return TidSession(connection, RawCursor(connection))
