"""Rows of live's preserved tables, read in the snapshot that holds them, loaded, and compared with what arrived.

COPY text flows block by block, so that memory does not grow with a table. Both ends are databases of one server, whose texts are
the same for the same values: what they add up to, in any order, tells whether all is there.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from dbtool import copytext
from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationKind, RelationName
from dbtool.catalog.without import with_belongings
from dbtool.errors import AnswerIsNo, ServerFailed, VerificationFailed
from dbtool.postgres import preserved as rows_of
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.copy_io import CopyReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.session import Connection
from dbtool.refresh.preflight import Preflight
from dbtool.refresh.preserved_shapes import TableToCarry
from dbtool.refresh.readers import open_reader
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.result import TablePreserved

_OF_VALUES = ("22", "23")  # SQLSTATE's classes of data that do not fit, and that break a constraint


@dataclass
class Sum:
    """Of rows in any order: how many, and what their texts add up to. ``of`` names the table in messages."""

    of: str
    columns: int
    rows: int = 0
    size: int = 0
    total: int = 0

    def add(self, block: bytes) -> None:
        frame = copytext.parse_block(block, self.columns, of=self.of)
        self.rows += frame.height
        self.size += len(block)
        hashes = frame.hash_rows().to_numpy()
        self.total = (self.total + int(np.add.reduce(hashes, dtype=np.uint64))) % 2**64

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sum) and (self.rows, self.total) == (other.rows, other.total)

    __hash__ = None  # type: ignore[assignment]  # it changes while it is filled


@dataclass
class Carrying:
    """Live as it is held, and the candidate that its rows go into."""

    request: RefreshRequest
    checked: Preflight
    candidate: str
    names: tuple[RelationName, ...]
    live: Connection
    snapshot: str
    catalog: Catalog
    copy: Catalog = field(init=False)

    def session(self) -> contextlib.AbstractContextManager[Connection]:
        return candidate_session(self.request.target, self.candidate)


def load_tables(
    carrying: Carrying, connection: Connection, tables: Sequence[TableToCarry], own: Collection[RelationName]
) -> Iterator[TablePreserved]:
    target = carrying.request.target
    leaves = {
        leaf: one for table in tables for leaf in table.leaves for one in [carrying.catalog.relations[leaf]]
    }
    for table in tables:
        carrying.request.observer.planned(
            table.name,
            sum(leaves[leaf].rows for leaf in table.leaves),
            sum(leaves[leaf].bytes for leaf in table.leaves),
        )
    with (
        rows_of.without_triggers(
            connection, with_belongings(carrying.copy, [table.name for table in tables])
        ),
        _reader(carrying, carrying.catalog, snapshot=carrying.snapshot) as from_live,
    ):
        for table in tables:
            began = time.monotonic()
            given = _copy(carrying, connection, table, from_live)
            arrived = _read_back(carrying, table)
            if given != arrived:
                raise VerificationFailed(
                    f"the rows of the preserved table {table.name} are not in the copy as they are in {target} ({given.rows:,} "
                    f"rows there, {arrived.rows:,} here, or other values, as where the copy's columns are narrower); the "
                    "candidate was dropped and the live database is as it was.",
                )
            carrying.request.observer.finished(table.name, given.rows)
            yield TablePreserved(
                table.name, given.rows, given.size, time.monotonic() - began, made_as_there=table.name in own
            )


def _copy(carrying: Carrying, connection: Connection, table: TableToCarry, reader: CopyReader) -> Sum:
    given = Sum(str(table.name), len(table.columns))
    names = tuple(column.name for column in table.columns)

    def blocks() -> Generator[bytes]:
        for leaf in table.leaves:
            with reader.open(CopyOut(leaf, names, pushed=_casts(table))) as read:
                for block in read:
                    carrying.request.cancellation.check()
                    before = given.rows
                    given.add(block)
                    carrying.request.observer.advanced(table.name, given.rows - before, len(block))
                    yield block

    is_partitioned = table.relation.kind is RelationKind.PARTITIONED_TABLE
    rows_of.empty_table(connection, table.name, is_partitioned=is_partitioned)
    if not names:
        return given
    with contextlib.closing(blocks()) as given_blocks, _telling(carrying.request, table):
        rows_of.load_rows(connection, table.name, names, given_blocks)
    return given


@contextlib.contextmanager
def _telling(request: RefreshRequest, table: TableToCarry) -> Iterator[None]:
    """What the server has against a row is no failure of the server's: production has a rule that staging's rows do not keep."""
    try:
        yield
    except ServerFailed as error:
        if error.sqlstate is None or error.sqlstate[:2] not in _OF_VALUES:
            raise
        raise AnswerIsNo(
            f"rows of the preserved table {table.name} in {request.target} do not hold in the copy ({error}); the candidate was "
            f"dropped and the live database is as it was. Correct them in {request.target}, or take {table.name} out of preserve."
        ) from None


def _casts(table: TableToCarry) -> dict[int, str]:
    return {
        index: rows_of.render_cast(column.name, column.cast)
        for index, column in enumerate(table.columns)
        if column.cast is not None
    }


def _read_back(carrying: Carrying, table: TableToCarry) -> Sum:
    """By a reader of its own: one that has read before the load sees what was there before."""
    arrived = Sum(str(table.name), len(table.columns))
    names = tuple(column.name for column in table.columns)
    leaves = [one.name for one in carrying.copy.tables() if one.ruled_by == table.name]
    with _reader(carrying, carrying.copy, database=carrying.candidate) as reader:
        for leaf in leaves if names else ():
            with reader.open(CopyOut(leaf, names)) as blocks:
                for block in blocks:
                    carrying.request.cancellation.check()
                    arrived.add(block)
    return arrived


def _reader(
    carrying: Carrying, catalog: Catalog, *, snapshot: str | None = None, database: str | None = None
) -> contextlib.AbstractContextManager[CopyReader]:
    return open_reader(
        carrying.request.target.url,
        carrying.checked.target_psql,
        catalog,
        carrying.request.cancellation,
        snapshot=snapshot,
        database=database,
    )
