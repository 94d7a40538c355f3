"""What is copied in one piece: whole relations, and ctid ranges of large ones. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbtool.catalog.relations import Relation, RelationName, TypeKind
from dbtool.masking.compile import RelationMasks
from dbtool.postgres.copy_io import CopyOut

PAGES_PER_CHUNK = 16_384  # 128 MB of heap: seconds of work, so that two workers end together
WHOLE_UP_TO_PAGES = 1_048_576  # 8 GB: what a lost connection may cost to read again
PAGE_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pages ``first`` up to, not including, ``end`` of a relation's heap; None leaves that side open.

    The last chunk is open, since the heap may have grown after it was measured.
    """

    relation: RelationName
    number: int
    first: int | None = None
    end: int | None = None
    bytes: int = 0

    @property
    def is_whole(self) -> bool:
        return self.first is None and self.end is None


def plan_chunks(
    relations: Sequence[Relation], pages_per_chunk: int | None = None, *, jobs: int = 2
) -> tuple[Chunk, ...]:
    """Cut relations into chunks, largest first, so that no worker is left with a long one at the end.

    A relation that is no more than one worker's share stays whole: whole relations are loaded frozen (load_chunk).
    """
    piece = pages_per_chunk or PAGES_PER_CHUNK
    share = min(sum(map(_size, relations)) // max(jobs, 1), WHOLE_UP_TO_PAGES)
    chunks = [
        chunk
        for relation in relations
        for chunk in _cut(relation, 1 if _size(relation) <= share else round(_size(relation) / piece))
    ]
    return tuple(sorted(chunks, key=lambda chunk: (-chunk.bytes, chunk.relation, chunk.number)))


def _size(relation: Relation) -> int:
    """In pages. Large values lie outside the heap: few pages may hold many bytes, and are cut as finely."""
    return max(relation.pages, relation.bytes // PAGE_BYTES)


def _cut(relation: Relation, pieces: int) -> list[Chunk]:
    count = min(max(1, pieces), max(1, relation.pages))
    if count == 1:
        return [Chunk(relation.name, 0, bytes=relation.bytes)]
    edges = [relation.pages * number // count for number in range(1, count)]
    share = relation.bytes // count
    return [
        Chunk(relation.name, number, first, end, share)
        for number, (first, end) in enumerate(zip([None, *edges], [*edges, None], strict=True))
    ]


# Their binary form is the same on every server, whatever their OIDs there.
_PORTABLE_BINARY = frozenset(
    [
        "bool",
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "numeric",
        "text",
        "varchar",
        "bpchar",
        "name",
        "bytea",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "uuid",
        "json",
        "jsonb",
        "inet",
        "cidr",
        "macaddr",
        "macaddr8",
        "bit",
        "varbit",
        "point",
        "line",
        "lseg",
        "box",
        "path",
        "polygon",
        "circle",
    ]
)


def travels_binary(masks: RelationMasks) -> bool:
    """Nothing is masked, so nothing is parsed; and no type's binary form names an OID of this server."""
    if masks.columns:
        return False
    return all(
        not column.type.is_array
        and (
            column.type.kind is TypeKind.ENUM
            or (column.type.type_schema == "pg_catalog" and column.type.base in _PORTABLE_BINARY)
        )
        for column in masks.relation.copied_columns
    )


def copy_out_of(masks: RelationMasks, chunk: Chunk, *, binary: bool) -> CopyOut:
    """The SELECT of a chunk: constants and NULLs are the source's work, their originals never leave it."""
    return CopyOut(
        relation=chunk.relation,
        columns=tuple(column.name for column in masks.relation.copied_columns),
        pushed={column.index: column.source_sql for column in masks.columns if column.source_sql is not None},
        first_page=chunk.first,
        end_page=chunk.end,
        binary=binary,
    )
