"""Which chunks are masked together: of few rows it is the calls that cost, and partitions are masked alike. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.masking.compile import RelationMasks
from dbtool.postgres.copy_io import BLOCK_BYTES
from dbtool.refresh.chunks import Chunk

Group = tuple[Chunk, ...]

SMALL_BYTES = BLOCK_BYTES // 4  # of what has no more, the calls cost more than the rows
_MOST_BYTES = BLOCK_BYTES  # what is masked at once anyway
_MOST_RELATIONS = 32  # each is locked until all of them are loaded


@dataclass
class _Open:
    """A group that may still grow."""

    masks: RelationMasks
    chunks: list[Chunk] = field(default_factory=list)
    names: set[RelationName] = field(default_factory=set)
    bytes: int = 0

    def takes(self, chunk: Chunk, masks: RelationMasks) -> bool:
        return (
            chunk.relation not in self.names
            and len(self.chunks) < _MOST_RELATIONS
            and self.bytes + chunk.bytes <= _MOST_BYTES
            and are_alike(self.masks, masks)
        )

    def add(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.names.add(chunk.relation)
        self.bytes += chunk.bytes


def group_chunks(chunks: Iterable[Chunk], masks: Mapping[RelationName, RelationMasks]) -> tuple[Group, ...]:
    """Few rows of different partitions of a table, as many as make one block; all else alone. In the order of the first of each.

    What is not masked passes as it is: there is nothing to save.
    """
    groups: list[_Open] = []
    growing: dict[RelationName, list[_Open]] = {}
    for chunk in chunks:
        own = masks[chunk.relation]
        is_small = bool(own.columns) and chunk.bytes <= SMALL_BYTES
        open_ones = growing.setdefault(own.relation.ruled_by, []) if is_small else []
        group = next((one for one in open_ones if one.takes(chunk, own)), None)
        if group is None:
            group = _Open(own)
            groups.append(group)
            open_ones.append(group)
        group.add(chunk)
    return tuple(tuple(group.chunks) for group in groups)


def are_alike(one: RelationMasks, other: RelationMasks) -> bool:
    """The rows of one can be masked among those of the other. Partitions may have their columns in another order."""
    return (
        one.relation.ruled_by == other.relation.ruled_by
        and [(column.name, column.type) for column in one.relation.copied_columns]
        == [(column.name, column.type) for column in other.relation.copied_columns]
        and (one.columns, one.beside, one.narrowed) == (other.columns, other.beside, other.narrowed)
    )


def count_rows(block: bytes) -> int:
    """Of COPY text: each ends at a newline, and holds no other."""
    return block.count(b"\n")


def are_whole_rows(block: bytes) -> bool:
    """Otherwise what is joined to them would go on in their last one."""
    return not block or block.endswith(b"\n")


def split_rows(block: bytes, rows: Sequence[int]) -> list[bytes]:
    """COPY text, cut behind each of so many rows, which are all of it."""
    ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
    edges = [0, *(int(ends[last - 1]) if last else 0 for last in np.cumsum(rows).tolist())]
    if edges[-1] != len(block):
        # A mask would have made them: a bug.
        raise ValueError("a block was cut that has more rows than were read")
    return [block[first:end] for first, end in pairwise(edges)]
