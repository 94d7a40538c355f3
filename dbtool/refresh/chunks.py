"""What is copied in one piece: whole relations, ctid ranges of large ones, and the chosen rows of a subset. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dbtool.catalog.relations import Relation, RelationName, TypeKind
from dbtool.masking.compile import RelationMasks
from dbtool.postgres.copy_out import CopyOut
from dbtool.subset.row_set import RowIds, RowSet
from dbtool.subset.selection import Selection

PAGES_PER_CHUNK = 16_384  # 128 MB of heap: seconds of work, so that two workers end together
WHOLE_UP_TO_PAGES = 1_048_576  # 8 GB: what a lost connection may cost to read again
PAGE_BYTES = 8192
ROWS_PER_CHUNK = 250_000  # chosen rows are told one by one: some 4 MB of text


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pages ``first`` up to, not including, ``end`` of a relation's heap; None leaves that side open.

    The last chunk is open, since the heap may have grown after it was measured. Of a subset ``among`` has the rows
    that are meant, and ``nulled`` the columns that they lose.
    """

    relation: RelationName
    number: int
    first: int | None = None
    end: int | None = None
    bytes: int = 0
    among: RowSet | None = field(default=None, compare=False)
    nulled: tuple[str, ...] = ()
    shares_relation: bool = False

    @property
    def is_whole(self) -> bool:
        """Nothing else is loaded into the relation."""
        return self.first is None and self.end is None and not self.shares_relation

    def row_ids(self) -> RowIds | None:
        """The rows that are meant; None: all on these pages. Made anew every time, so that they are in memory while they
        are asked for.
        """
        return None if self.among is None else self.among.between(self.first, self.end)


def plan_chunks(
    relations: Sequence[Relation], pages_per_chunk: int | None = None, *, jobs: int = 2
) -> tuple[Chunk, ...]:
    """Cut relations into chunks, largest first, so that no worker is left with a long one at the end.

    A relation that is no more than one worker's share stays whole: whole relations are loaded frozen (load_chunks).
    """
    piece = pages_per_chunk or PAGES_PER_CHUNK
    share = min(sum(map(_size, relations)) // max(jobs, 1), WHOLE_UP_TO_PAGES)
    chunks = [
        chunk
        for relation in relations
        for chunk in _cut(relation, 1 if _size(relation) <= share else round(_size(relation) / piece))
    ]
    return tuple(sorted(chunks, key=lambda chunk: (-chunk.bytes, chunk.relation, chunk.number)))


def plan_subset_chunks(
    relations: Sequence[Relation], selection: Selection, *, jobs: int = 2, rows: int = ROWS_PER_CHUNK
) -> tuple[Chunk, ...]:
    """The same for chosen rows. A relation without any has no chunk."""
    whole = [relation for relation in relations if relation.name in selection.whole]
    chunks = list(plan_chunks(whole, jobs=jobs))
    for relation in relations:
        if relation.name in selection.rows and relation.name not in selection.whole:
            chunks += _cut_chosen(relation, selection, rows)
    return tuple(sorted(chunks, key=lambda chunk: (-chunk.bytes, chunk.relation, chunk.number)))


def _cut_chosen(relation: Relation, selection: Selection, rows: int) -> list[Chunk]:
    """Rows that lose references are chunks of their own: what is read in their place is NULL."""
    rest, groups = selection.rows[relation.name], []
    for nulled in selection.nulled.get(relation.name, ()):
        groups.append((nulled.columns, nulled.rows))
        rest = rest.minus(nulled.rows)
    pieces = [
        (columns, among, *piece) for columns, among in [((), rest), *groups] for piece in among.cut(rows)
    ]
    row_bytes = relation.bytes / max(relation.rows, len(selection.rows[relation.name]), 1)
    return [
        Chunk(
            relation.name,
            number,
            first,
            end,
            round(row_bytes * count),
            among,
            nulled=columns,
            shares_relation=len(pieces) > 1,
        )
        for number, (columns, among, first, end, count) in enumerate(pieces)
    ]


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
    columns = tuple(column.name for column in masks.relation.copied_columns)
    pushed = {
        column.index: column.source_sql
        for column in masks.columns
        if column.source_sql is not None and column.rows is None
    }
    pushed |= masks.narrowed
    pushed |= {index: "NULL" for index, name in enumerate(columns) if name in chunk.nulled}
    expressions = [column.expression for column in masks.columns if column.expression is not None]
    has_foreign_sql = bool(masks.conditions or expressions)
    return CopyOut(
        relation=chunk.relation,
        columns=columns,
        pushed=pushed,
        first_page=chunk.first,
        end_page=chunk.end,
        binary=binary,
        row_ids=chunk.row_ids(),
        has_foreign_sql=has_foreign_sql,
        called=masks.relation.ruled_by.name if has_foreign_sql else None,
        beside=tuple("NULL" if one.stands_for in chunk.nulled else one.sql for one in masks.beside),
    )
