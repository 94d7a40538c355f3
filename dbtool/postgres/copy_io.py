"""COPY TO, as a stream of blocks. Memory does not grow with the relation.

Reading goes through psql into a pipe: it costs the client a fifth of what a COPY through a driver costs, on
another core. SQL goes in on standard input and credentials in the environment, so no argument tells anything.
Where the psql at hand cannot reach the source (it was built without TLS and the URL demands it), psycopg reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

from dbtool.catalog.relations import RelationName
from dbtool.errors import ProgramFailed, ServerFailed
from dbtool.postgres.copy_out import CopyOut, tell_rows
from dbtool.postgres.copy_rows import take_rows
from dbtool.postgres.kept_sessions import KeptSessions
from dbtool.postgres.lock_waits import limit_lock_waits, limit_lock_waits_sql, queued
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.server_errors import program_failure, translated
from dbtool.postgres.session import PINNED_SETTINGS_SQL, READ_ONLY_SQL, Connection, connect
from dbtool.postgres.snapshots import LOCK_NOT_AVAILABLE, adopt_snapshot
from dbtool.program_stream import Stream

BLOCK_BYTES = 4 << 20
SMALL_BYTES = 4 << 20  # by then a program has started, connected, and read as much


def read_blocks(pipe: IO[bytes], size: int = BLOCK_BYTES, *, whole_lines: bool = True) -> Iterator[bytes]:
    """Cut a byte stream into blocks of about ``size``; with ``whole_lines`` each ends at a line's end.

    A line longer than ``size`` makes its block, and only that one, larger.
    """
    buffer = bytearray(size)
    filled = 0
    while True:
        with memoryview(buffer) as view:
            count = pipe.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            break
        filled += count
        if filled < len(buffer):
            continue
        end = buffer.rfind(b"\n", 0, filled) + 1 if whole_lines else filled
        if end == 0:
            buffer.extend(bytes(len(buffer)))
            continue
        block, buffer, filled = _take(buffer, end, filled, size)
        yield block
        del block  # one that is large is not held while the next is read
    if filled:
        yield _take(buffer, filled, filled, size)[0]


def _take(buffer: bytearray, end: int, filled: int, size: int) -> tuple[bytes, bytearray, int]:
    """The block before ``end``, and a buffer that begins with what is filled beyond: of usual size again after a long line."""
    with memoryview(buffer) as view:
        block, rest = bytes(view[:end]), bytes(view[end:filled])
    if len(buffer) > size:
        buffer = bytearray(max(size, 2 * len(rest)))
    buffer[: len(rest)] = rest
    return block, buffer, len(rest)


def _regrouped(pieces: Iterable[memoryview], size: int) -> Iterator[bytes]:
    """Pieces are whole rows. A large one is a block of its own: gathered, it would be there once more."""
    block = bytearray()
    for piece in pieces:
        if len(piece) >= size:
            if block:
                yield bytes(block)
                block.clear()
            yield bytes(piece)
            continue
        block += piece
        if len(block) >= size:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


class CopyReader(Protocol):
    """Opens a COPY and gives its blocks; the body has read everything only if leaving it raises nothing."""

    def open(self, copy: CopyOut) -> AbstractContextManager[Iterator[bytes]]: ...


@contextmanager
def _read(relation: RelationName) -> Iterator[None]:
    try:
        with translated(f"reading {relation}"):
            yield
    except ServerFailed as error:
        raise queued(relation) if error.sqlstate == LOCK_NOT_AVAILABLE else error from None


# Given what ends a wait, a context in which whoever wants it ended may call that.
Ending = Callable[[Callable[[], None]], AbstractContextManager[None]]


def _never_ended(_end: Callable[[], None]) -> AbstractContextManager[None]:
    return nullcontext()


# Before 17 there is no such setting, and to name it would be an error. \\gset keeps the row out of our stream.
_NO_TRANSACTION_TIMEOUT = (
    "SELECT pg_catalog.count(pg_catalog.set_config(name, '0', false)) AS dbtool_pinned "
    "FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout' \\gset\n"
)


@dataclass(frozen=True, slots=True)
class PsqlReader:
    """``url`` is called for every COPY, since credentials expire. ``snapshot`` is None for the latest data, as each COPY finds it:
    of a database that is ours, whose locks are waited for.
    ``ending`` is told how to kill the psql at work, for a run that is being ended.
    """

    psql: Path
    url: Callable[[], str]
    snapshot: str | None = None
    database: str | None = None
    ending: Ending = _never_ended

    def _script(self, copy: CopyOut) -> bytes:
        reading = f"{copy.statement().as_string(None)};\n"
        if self.snapshot:
            reading = (
                f"{limit_lock_waits_sql()};\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"
                f"SET TRANSACTION SNAPSHOT '{self.snapshot}';\n{reading}COMMIT;\n"
            )
        return (
            "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\n"  # verbose tells the SQLSTATE
            + PINNED_SETTINGS_SQL
            + READ_ONLY_SQL
            + _NO_TRANSACTION_TIMEOUT
            + reading
        ).encode()

    @contextmanager
    def open(self, copy: CopyOut) -> Iterator[Iterator[bytes]]:
        environment = program_environment(
            self.url(), database=self.database, application_name="dbtool refresh copy"
        )
        argv = [str(self.psql), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]
        try:
            with (
                Stream(argv, env=environment, stdin=self._script(copy)) as stream,
                self.ending(stream.kill),
            ):
                yield read_blocks(stream.stdout, whole_lines=not copy.binary)
                stream.finish()
        except ProgramFailed as error:
            failure = program_failure(error, f"reading {copy.relation}")
            raise queued(copy.relation) if failure.sqlstate == LOCK_NOT_AVAILABLE else failure from None


@dataclass(frozen=True, slots=True)
class DriverReader:
    """The same through psycopg: slower, but with psycopg's own TLS. Without ``kept`` each COPY has a session of its own."""

    url: Callable[[], str]
    snapshot: str | None = None
    database: str | None = None
    ending: Ending = _never_ended
    kept: KeptSessions[Connection] | None = None

    @contextmanager
    def keeping_sessions(self) -> Iterator[DriverReader]:
        """The same reader, whose sessions read one relation after the other."""
        with KeptSessions(self._session) as kept:
            yield replace(self, kept=kept)

    @contextmanager
    def open(self, copy: CopyOut) -> Iterator[Iterator[bytes]]:
        with (
            self.kept.lend() if self.kept else self._session() as source,
            self.ending(source.cancel),
            _read(copy.relation),
        ):
            if copy.row_ids is not None:
                tell_rows(source, copy.row_ids)
            with source.cursor().copy(copy.statement()) as rows:
                yield _regrouped(take_rows(rows), BLOCK_BYTES)

    def end_free_sessions(self) -> None:
        if self.kept:
            self.kept.end_free()

    @contextmanager
    def _session(self) -> Iterator[Connection]:
        with connect(
            self.url(), database=self.database, application_name="dbtool refresh copy", read_only=True
        ) as source:
            if self.snapshot:
                limit_lock_waits(source)
                with translated("preparing a session to read"):
                    adopt_snapshot(source, self.snapshot)
            yield source


@dataclass(frozen=True, slots=True)
class SizedReader:
    """A program takes longer to start than a small relation to read: those are read by the driver. So are chosen rows: a
    program could be told them only in the text of a statement. So is what SQL of the rules makes: to psql a backslash or
    a colon in it may be a command or a variable of its own.
    A program connects by itself: ``make_room`` is called first, so that there are no more connections than workers.
    """

    small: CopyReader
    large: CopyReader
    is_small: Callable[[RelationName], bool]
    make_room: Callable[[], None] = lambda: None

    def open(self, copy: CopyOut) -> AbstractContextManager[Iterator[bytes]]:
        is_small = copy.row_ids is not None or copy.has_foreign_sql or self.is_small(copy.relation)
        if not is_small:
            self.make_room()
        return (self.small if is_small else self.large).open(copy)
