"""Which chunks are masked together: of few rows it is the calls that cost, and partitions are masked alike. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, TypeVar

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.masking.compile import RelationMasks
from dbtool.postgres.copy_io import BLOCK_BYTES
from dbtool.refresh.chunks import Chunk

Group = tuple[Chunk, ...]

Item = TypeVar("Item")

_SMALL_BYTES = BLOCK_BYTES // 4
_MOST_BYTES = BLOCK_BYTES  # what is masked at once anyway
_MOST_RELATIONS = 32  # each is locked until all of them are loaded
_NEVER = _SMALL_BYTES + 1


@dataclass
class _Open(Generic[Item]):
    """A group that may still grow."""

    masks: RelationMasks
    items: list[Item] = field(default_factory=list)
    names: set[RelationName] = field(default_factory=set)
    bytes: int = 0

    def takes(self, masks: RelationMasks, size: int) -> bool:
        return (
            masks.relation.name not in self.names
            and len(self.items) < _MOST_RELATIONS
            and self.bytes + size <= _MOST_BYTES
            and are_alike(self.masks, masks)
        )

    def add(self, item: Item, masks: RelationMasks, size: int) -> None:
        self.items.append(item)
        self.names.add(masks.relation.name)
        self.bytes += size


def group_alike(
    items: Iterable[Item], describe: Callable[[Item], tuple[RelationMasks, int]]
) -> tuple[tuple[Item, ...], ...]:
    """Few rows of different partitions of a table, as many as make one block; all else alone. In the order of the first of each.

    ``describe`` says how the rows of an item are masked, and how many bytes they have.
    """
    groups: list[_Open[Item]] = []
    growing: dict[RelationName, list[_Open[Item]]] = {}
    for item in items:
        masks, size = describe(item)
        open_ones = growing.setdefault(masks.relation.ruled_by, []) if size <= _SMALL_BYTES else []
        group = next((one for one in open_ones if one.takes(masks, size)), None)
        if group is None:
            group = _Open[Item](masks)
            groups.append(group)
            open_ones.append(group)
        group.add(item, masks, size)
    return tuple(tuple(group.items) for group in groups)


def group_chunks(chunks: Iterable[Chunk], masks: Mapping[RelationName, RelationMasks]) -> tuple[Group, ...]:
    """What is not masked passes as it is: there is nothing to save."""
    return group_alike(
        chunks,
        lambda chunk: (masks[chunk.relation], chunk.bytes if masks[chunk.relation].columns else _NEVER),
    )


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
        raise ValueError(
            "a block was cut that has more rows than were read"
        )  # a mask would have made them: a bug
    return [block[first:end] for first, end in pairwise(edges)]
