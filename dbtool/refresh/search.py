"""Search the landed data for originals of disjoint masks: zero are tolerated, in any column."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from dbtool import copytext
from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationName
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
from dbtool.refresh.together import are_whole_rows, count_rows, group_alike
from dbtool.refresh.workers import run_shares

_SMALL_BYTES = 1 << 16
# Of relations that are searched as one: where rows find their own way, a partition may have more than the source's has.
_HELD_BYTES = 4 * BLOCK_BYTES
_HOLDS_TEXT = TEXT_TYPES | {"json", "jsonb", "xml", "hstore", "tsvector"}

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
        groups = group_alike(relations, lambda relation: (self.plan.relations[relation.name], relation.bytes))
        searched = Searched()
        lock = threading.Lock()

        def search_share(share: Sequence[tuple[Relation, ...]]) -> None:
            for group in share:
                rows, met = self._search_group(group)
                with lock:
                    searched.rows.update(rows)
                    for where, hashes in met:
                        searched.met[where] = distinct_hashes(searched.met.get(where, hashes), hashes)

        run_shares(search_share, groups, jobs, self.cancellation)
        return searched

    def _search_group(
        self, group: Sequence[Relation]
    ) -> tuple[dict[RelationName, int], list[tuple[ColumnRef, Hashes]]]:
        """Partitions that are masked alike are searched as one; only where that meets anything, each by itself."""
        columns = searched_columns(group[0], self.plan.relations[group[0].name])
        if not columns:
            return {}, []
        held = self._hold(group, columns) if len(group) > 1 else None
        if held is not None and not any(self._search_block(group[0], columns, b"".join(held.values()))):
            return {name: count_rows(block) for name, block in held.items()}, []
        rows = dict.fromkeys((relation.name for relation in group), 0)
        met: list[tuple[ColumnRef, Hashes]] = []
        for relation in group:
            for block in self._blocks(relation, columns):
                rows[relation.name] += count_rows(block)
                met += self._search_block(relation, columns, block)
        return rows, met

    def _hold(
        self, group: Sequence[Relation], columns: tuple[Column, ...]
    ) -> dict[RelationName, bytes] | None:
        """All rows of each; None if that is more than was thought, or ends within a row."""
        held: dict[RelationName, bytes] = {}
        left = _HELD_BYTES
        for relation in group:
            blocks = []
            for block in self._blocks(relation, columns):
                left -= len(block)
                if left < 0:
                    return None
                blocks.append(block)
            held[relation.name] = b"".join(blocks)
        return held if all(map(are_whole_rows, held.values())) else None

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
        if len(block) <= _SMALL_BYTES and not self._may_meet(frame):
            return
        for column, raw in zip(columns, frame.get_columns(), strict=True):
            values = copytext.decode(raw)
            hashes = hash_whole(values, self.seed)
            if self._is_free(relation, column):
                hashes = np.concatenate([hashes, hash_tokens(values, self.seed)])
            yield from self._met(relation, column, hashes)

    def _may_meet(self, frame: pl.DataFrame) -> bool:
        """All columns at once, as if originals might stand anywhere: of few rows it is the calls that cost."""
        values = copytext.decode(pl.concat([raw.rename("v") for raw in frame.get_columns()]))
        hashes = np.concatenate([hash_whole(values, self.seed), hash_tokens(values, self.seed)])
        return len(self.originals.found_in(hashes)) > 0

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
