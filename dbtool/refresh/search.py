"""Search the landed data for originals of disjoint masks: zero are tolerated, in any column."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from dbtool import copytext
from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationName
from dbtool.errors import ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import MaskingPlan, RelationMasks
from dbtool.masking.long_values import find_long_fields, without_fields
from dbtool.masking.mask import TEXT_TYPES, Overlap
from dbtool.masking.recorded import Recorded
from dbtool.masking.survivors import (
    SHORTEST,
    Hashes,
    distinct_hashes,
    hash_long_field,
    hash_tokens,
    hash_whole,
)
from dbtool.postgres.copy_io import BLOCK_BYTES, CopyReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh.request import Cancellation
from dbtool.refresh.together import SMALL_BYTES, are_whole_rows, count_rows
from dbtool.refresh.workers import run_shares

_PILED_BYTES = BLOCK_BYTES  # what is searched at once anyway
# Where rows find their own way, a partition may have more than the source's has.
_HELD_BYTES = 4 * BLOCK_BYTES
_HOLDS_TEXT = TEXT_TYPES | {"json", "jsonb", "xml", "hstore", "tsvector"}

_NOTHING = pl.Series("v", [], dtype=pl.String)

Met = dict[ColumnRef, Hashes]


@dataclass(frozen=True, slots=True)
class Searched:
    """``met`` are the hashes of originals, by the column they stand in; empty where none survived. ``rows`` are how many were
    read of each relation that there was anything to search in.
    """

    met: Met = field(default_factory=dict)
    rows: dict[RelationName, int] = field(default_factory=dict)


def searched_columns(relation: Relation, masks: RelationMasks) -> tuple[Column, ...]:
    """Text, JSON, XML and arrays of them, and whatever a disjoint mask wrote."""

    def is_searched(column: Column) -> bool:
        masked = masks.masks_of(column.name)
        if masked and all(one.overlap is Overlap.NOT_READ for one in masked):
            return False  # one constant, or NULL
        if not masked and not column.type.is_array and (column.type.length or SHORTEST) < SHORTEST:
            return False  # nothing that is searched for fits in, such as a country code
        return column.type.base in _HOLDS_TEXT or any(one.overlap is Overlap.DISJOINT for one in masked)

    return tuple(column for column in relation.columns if is_searched(column))


_Found = tuple[dict[RelationName, int], list[tuple[ColumnRef, Hashes]]]


@dataclass(frozen=True, slots=True)
class _Held:
    """All rows of a relation. ``free`` are those of its columns within whose values originals may stand."""

    relation: Relation
    columns: tuple[Column, ...]
    free: tuple[bool, ...]
    block: bytes


@dataclass
class _Pile:
    """Small relations, searched together: of few rows it is the calls that cost."""

    held: list[_Held] = field(default_factory=list)
    size: int = 0

    def add(self, one: _Held) -> None:
        self.held.append(one)
        self.size += len(one.block)

    def values(self) -> tuple[pl.Series, pl.Series]:
        """Of columns that are free, and of the others. Rows with as many fields are parsed as one block.

        :raises ServerFailed: one of the blocks is not whole rows in UTF-8.
        """
        raw: dict[bool, list[pl.Series]] = {True: [_NOTHING], False: [_NOTHING]}
        for free, blocks in self._by_shape().items():
            if all(map(are_whole_rows, blocks)):
                frame = copytext.parse_block(b"".join(blocks), len(free))
                for is_free, values in zip(free, frame.get_columns(), strict=True):
                    raw[is_free].append(values.rename("v"))
            else:
                raise ServerFailed("a stream ended within a row")
        return copytext.decode(pl.concat(raw[True])), copytext.decode(pl.concat(raw[False]))

    def _by_shape(self) -> dict[tuple[bool, ...], list[bytes]]:
        shapes: dict[tuple[bool, ...], list[bytes]] = {}
        for one in self.held:
            shapes.setdefault(one.free, []).append(one.block)
        return shapes


@dataclass(frozen=True, slots=True)
class Search:
    """The landed columns against the originals. ``seed`` must be the one the originals were hashed with."""

    reader: CopyReader
    catalog: Catalog
    plan: MaskingPlan
    originals: Recorded
    seed: int
    cancellation: Cancellation

    def run(self, jobs: int) -> Searched:
        relations = [relation for relation in self.catalog.tables() if relation.name in self.plan.relations]
        relations.sort(key=lambda relation: -relation.bytes)
        searched = Searched()
        lock = threading.Lock()

        def search_share(share: Sequence[Relation]) -> None:
            for rows, met in self._search_all(share):
                with lock:
                    searched.rows.update(rows)
                    for where, hashes in met:
                        searched.met[where] = distinct_hashes(searched.met.get(where, hashes), hashes)

        run_shares(search_share, relations, jobs, self.cancellation)
        return searched

    def _search_all(self, relations: Sequence[Relation]) -> Iterator[_Found]:
        pile = _Pile()
        for relation in relations:
            columns = searched_columns(relation, self.plan.relations[relation.name])
            if not columns:
                continue
            held = self._hold(relation, columns) if relation.bytes <= SMALL_BYTES else None
            if held is None:
                yield self._search_relation(relation, columns, self._blocks(relation, columns))
                continue
            pile.add(_Held(relation, columns, tuple(self._is_free(relation, one) for one in columns), held))
            if pile.size > _PILED_BYTES:
                yield from self._search_pile(pile)
                pile = _Pile()
        yield from self._search_pile(pile)

    def _search_pile(self, pile: _Pile) -> Iterator[_Found]:
        """As if originals of any column might stand in each; only where that meets any, relation by relation."""
        may_meet = self._may_meet(pile)
        for one in pile.held:
            if may_meet:
                yield self._search_relation(one.relation, one.columns, [one.block])
            else:
                yield {one.relation.name: count_rows(one.block)}, []

    def _may_meet(self, pile: _Pile) -> bool:
        try:
            free, bound = pile.values()
        except ServerFailed:
            return True  # whose block cannot be read is told when it is read alone
        hashes = (
            hash_whole(free, self.seed),
            hash_tokens(free, self.seed),
            hash_whole(bound, self.seed),
        )
        return len(self.originals.found_in(np.concatenate(hashes))) > 0

    def _search_relation(
        self, relation: Relation, columns: tuple[Column, ...], blocks: Iterable[bytes]
    ) -> _Found:
        rows = 0
        met: list[tuple[ColumnRef, Hashes]] = []
        for block in blocks:
            rows += count_rows(block)
            met += self._search_block(relation, columns, block)
        return {relation.name: rows}, met

    def _hold(self, relation: Relation, columns: tuple[Column, ...]) -> bytes | None:
        """All its rows; None if they are more than was thought, or hold what is too long to be parsed with others."""
        held = bytearray()
        for block in self._blocks(relation, columns):
            held += block
            if len(held) > _HELD_BYTES:
                return None
        return None if find_long_fields(bytes(held)) else bytes(held)

    def _blocks(self, relation: Relation, columns: tuple[Column, ...]) -> Iterator[bytes]:
        copy = CopyOut(relation.name, tuple(column.name for column in columns))
        with self.reader.open(copy) as blocks:
            for block in blocks:
                self.cancellation.check()
                yield block

    def _search_block(
        self, relation: Relation, columns: tuple[Column, ...], block: bytes
    ) -> Iterator[tuple[ColumnRef, Hashes]]:
        if long := find_long_fields(block):
            for field in long:
                column = columns[field.column]
                free = self._is_free(relation, column)
                yield from self._met(relation, column, hash_long_field(block, field, self.seed, tokens=free))
            block = without_fields(block, long)
        frame = copytext.parse_block(block, len(columns), of=str(relation.name))
        for column, raw in zip(columns, frame.get_columns(), strict=True):
            values = copytext.decode(raw)
            hashes = hash_whole(values, self.seed)
            if self._is_free(relation, column):
                hashes = np.concatenate([hashes, hash_tokens(values, self.seed)])
            yield from self._met(relation, column, hashes)

    def _is_free(self, relation: Relation, column: Column) -> bool:
        """Whether originals may stand within its values."""
        masked = self.plan.relations[relation.name].masks_of(column.name)
        is_free = any(one.mask is None or one.mask.is_opaque for one in masked) or not masked
        return is_free or column.type.is_array

    def _met(self, relation: Relation, column: Column, hashes: Hashes) -> Iterator[tuple[ColumnRef, Hashes]]:
        ruled = ColumnRef(relation.ruled_by, column.name)
        if len(met := self.originals.found_in(hashes, ruled)):
            yield ColumnRef(relation.name, column.name), met


def surviving_findings(met: Met) -> list[Finding]:
    return [
        Finding(
            "surviving-value",
            Severity.ERROR,
            str(where),
            f"{len(hashes)} distinct originals of masked columns stand here",
            "mask this column, or the free text in it, in the rule file",
        )
        for where, hashes in sorted(met.items())
    ]
