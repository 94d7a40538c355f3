"""Copy out, mask, copy in: a few workers, each with one chunk at a time, memory bounded by their blocks.

A chunk is loaded in its own transaction together with a row that records it. When a connection is lost, that
row tells whether the COMMIT arrived; if not, the chunk is read again within the same snapshot. Small ones that are masked
alike are masked and loaded together; when that fails, each is tried by itself.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from dbtool.catalog.relations import RelationName
from dbtool.errors import ServerFailed, ServerUnreachable
from dbtool.masking.block import Tallies, mask_block, merge_tallies
from dbtool.masking.compile import MaskingPlan, RelationMasks
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.copy_io import BLOCK_BYTES, CopyReader
from dbtool.postgres.kept_sessions import KeptSessions
from dbtool.postgres.loaded_chunks import Load, find_loaded, load_chunks
from dbtool.postgres.session import Connection
from dbtool.refresh.chunks import Chunk, copy_out_of, travels_binary
from dbtool.refresh.request import Cancellation, Observer
from dbtool.refresh.result import TableCopied
from dbtool.refresh.routes import Routes
from dbtool.refresh.together import Group, are_whole_rows, count_rows, group_chunks, split_rows
from dbtool.refresh.unreadable import naming_column
from dbtool.refresh.workers import run_workers
from dbtool.targets import Target

# Before the second and the third attempt; a server needs a moment to come back.
_PAUSES_S = (1.0, 10.0)

_HELD_BYTES = 4 * BLOCK_BYTES  # rows may be larger than they are on average

_Sessions = KeptSessions[Connection]


@dataclass
class _Progress:
    """One relation's share of the result, filled by whichever workers have its chunks."""

    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0
    chunks_left: int = 0
    tallies: Tallies = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Streamed:
    """``tallies`` are by ruled relation. ``routes`` lead from the partitions whose rows went through their root."""

    tables: tuple[TableCopied, ...]
    tallies: dict[RelationName, Tallies]
    routes: Routes = field(default_factory=dict)


@dataclass
class Stream:
    """Everything the workers share. ``seed`` keys the hashes that count distinct values."""

    plan: MaskingPlan
    reader: CopyReader
    target: Target
    candidate: str
    seed: int
    cancellation: Cancellation
    observer: Observer
    clock: Callable[[], float] = time.monotonic
    pauses_s: Sequence[float] = _PAUSES_S
    routes: Routes = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _progress: dict[RelationName, _Progress] = field(default_factory=dict)

    def run(
        self, chunks: Sequence[Chunk], jobs: int, *, without_rows: Sequence[RelationName] = ()
    ) -> Streamed:
        """Copy all chunks with ``jobs`` workers; the first failure ends the others and is raised.

        ``without_rows`` are relations that are part of the result and have no chunk.
        """
        for name in without_rows:
            self._progress[name] = _Progress()
        for chunk in chunks:
            self._progress.setdefault(chunk.relation, _Progress()).chunks_left += 1
        queue = iter(group_chunks(chunks, self.plan.relations))
        with KeptSessions(lambda: candidate_session(self.target, self.candidate)) as sessions:
            run_workers([lambda: self._work(queue, sessions)] * min(jobs, len(chunks)), self.cancellation)
        return self._streamed()

    def _work(self, queue: Iterator[Group], sessions: _Sessions) -> None:
        while True:
            with self._lock:
                group = next(queue, None)
            if group is None:
                return
            if len(group) > 1:
                self._copy_group(group, sessions)
            else:
                self._copy_with_retries(group[0], sessions)

    def _copy_group(self, group: Group, sessions: _Sessions) -> None:
        counted = [_Counted() for _ in group]
        started = self.clock()
        try:
            rows = self._copy_together(group, counted, sessions)
        except (ServerFailed, ServerUnreachable, _NotTogether):
            self.cancellation.check()
            for chunk in group:
                self._copy_with_retries(chunk, sessions, is_retry=True)
        else:
            share = (self.clock() - started) / len(group)
            for chunk, loaded, one in zip(group, rows, counted, strict=True):
                self.observer.advanced(chunk.relation, loaded, one.bytes)
                self._record(chunk, loaded, one, share)

    def _copy_together(self, group: Group, counted: Sequence[_Counted], sessions: _Sessions) -> list[int]:
        """What is tallied of all of them is the first one's."""
        blocks = self._read_all(group, counted)
        masked, _ = mask_block(
            self.plan.relations[group[0].relation], b"".join(blocks), counted[0].tallies, self.seed
        )
        pieces = split_rows(masked, [count_rows(block) for block in blocks])
        loads = [self._load(chunk, [piece]) for chunk, piece in zip(group, pieces, strict=True)]
        with sessions.lend() as connection, self.cancellation.ending(connection.cancel):
            return load_chunks(connection, loads)

    def _read_all(self, group: Group, counted: Sequence[_Counted]) -> list[bytes]:
        blocks, held = [], 0
        for chunk, one in zip(group, counted, strict=True):
            masks, parts = self.plan.relations[chunk.relation], []
            with self.reader.open(copy_out_of(masks, chunk, binary=False)) as raw:
                for part in raw:
                    self.cancellation.check()
                    held += len(part)
                    if held > _HELD_BYTES:
                        raise _NotTogether
                    one.bytes += len(part)
                    parts.append(part)
            blocks.append(b"".join(parts))
        if not all(map(are_whole_rows, blocks)):
            raise _NotTogether
        return blocks

    def _copy_with_retries(self, chunk: Chunk, sessions: _Sessions, *, is_retry: bool = False) -> None:
        """``is_retry``: how an attempt together with others ended is not known."""
        counted = _Counted()
        started = self.clock()
        pauses = iter(self.pauses_s)
        while True:
            try:
                rows = self._find_loaded(chunk, sessions) if is_retry else None
                if rows is None:
                    counted = _Counted()
                    rows = self._copy(chunk, counted, sessions)
                elif not counted.is_complete:
                    counted = self._count_again(chunk)
            except (ServerFailed, ServerUnreachable) as error:
                self.cancellation.check()
                pause = next(pauses, None)
                if pause is None or not _may_pass(error):
                    raise self._telling_column(error, chunk) from None
                self.cancellation.pause(pause)
                is_retry = True
            else:
                self._record(chunk, rows, counted, self.clock() - started)
                return

    def _telling_column(
        self, error: ServerFailed | ServerUnreachable, chunk: Chunk
    ) -> ServerFailed | ServerUnreachable:
        return naming_column(
            error, self.reader, copy_out_of(self.plan.relations[chunk.relation], chunk, binary=False)
        )

    def _find_loaded(self, chunk: Chunk, sessions: _Sessions) -> int | None:
        with sessions.lend() as connection:
            return find_loaded(connection, chunk.relation, chunk.number)

    def _copy(self, chunk: Chunk, counted: _Counted, sessions: _Sessions) -> int:
        # A load that fails leaves the blocks half read: their program is ended here, not when memory is swept.
        with (
            sessions.lend() as connection,
            self.cancellation.ending(connection.cancel),
            closing(self._blocks(chunk, counted)) as blocks,
        ):
            return load_chunks(connection, [self._load(chunk, blocks)])[0]

    def _count_again(self, chunk: Chunk) -> _Counted:
        """What was loaded in an attempt that counted it among others, or ended only after the next one had begun."""
        counted = _Counted()
        for _ in self._blocks(chunk, counted):
            pass
        return counted

    def _blocks(self, chunk: Chunk, counted: _Counted) -> Generator[bytes]:
        masks = self.plan.relations[chunk.relation]
        # The reader is closed inside the load's transaction: a source that fails late still loads nothing.
        with self.reader.open(copy_out_of(masks, chunk, binary=travels_binary(masks))) as raw:
            for block in raw:
                self.cancellation.check()
                masked, rows = self._mask(masks, block, counted)
                counted.bytes += len(block)
                self.observer.advanced(chunk.relation, rows, len(block))
                yield masked
        counted.is_complete = True

    def _load(self, chunk: Chunk, blocks: Iterable[bytes]) -> Load:
        masks, into = self.plan.relations[chunk.relation], self.routes.get(chunk.relation)
        return Load(
            chunk.relation,
            chunk.number,
            tuple(column.name for column in masks.relation.copied_columns),
            blocks,
            binary=travels_binary(masks),
            whole=chunk.is_whole and into is None,
            into=into,
        )

    def _mask(self, masks: RelationMasks, block: bytes, counted: _Counted) -> tuple[bytes, int]:
        if not masks.columns:
            # Rows are newlines in COPY text; a binary block is not parsed, and its rows are not known yet.
            return block, 0 if travels_binary(masks) else count_rows(block)
        return mask_block(masks, block, counted.tallies, self.seed)

    def _record(self, chunk: Chunk, rows: int, counted: _Counted, seconds: float) -> None:
        with self._lock:
            progress = self._progress[chunk.relation]
            progress.rows += rows
            progress.bytes += counted.bytes
            progress.seconds += seconds
            progress.chunks_left -= 1
            merge_tallies(progress.tallies, counted.tallies)
            finished = progress.chunks_left == 0
        if finished:
            self.observer.finished(chunk.relation, progress.rows)

    def _streamed(self) -> Streamed:
        tables = tuple(
            TableCopied(
                name,
                progress.rows,
                progress.bytes,
                progress.seconds,
                self.plan.relations[name].masked_columns,
                self.plan.relations[name].kept_in_part,
            )
            for name, progress in sorted(self._progress.items())
        )
        tallies: dict[RelationName, Tallies] = {}
        for name, progress in self._progress.items():
            merge_tallies(
                tallies.setdefault(self.plan.relations[name].relation.ruled_by, {}), progress.tallies
            )
        return Streamed(tables, tallies, self.routes)


@dataclass
class _Counted:
    """One attempt at one chunk; thrown away with it when it fails."""

    bytes: int = 0
    tallies: Tallies = field(default_factory=dict)
    is_complete: bool = False


class _NotTogether(Exception):
    """The chunks of a group have more bytes than was thought, or one ends within a row."""


# Connection lost, server restarting, a standby's replay in conflict, out of connections or still locked by a lost attempt:
# worth another one. While rows are loaded the journal of chunks has the only unique index: a lost attempt's COMMIT came after it was looked up.
_PASSING = ("08", "40", "57P01", "57P02", "57P03", "53300", "55P03", "23505")


def _may_pass(error: ServerFailed | ServerUnreachable) -> bool:
    if isinstance(error, ServerUnreachable):
        return True
    return error.sqlstate is None or error.sqlstate.startswith(_PASSING)
