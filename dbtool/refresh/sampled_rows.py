"""Some rows of the source, to try before a run what the rules make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from dbtool import copytext
from dbtool.catalog.relations import Relation, quote_identifier
from dbtool.masking.block import mask_block
from dbtool.masking.compile import RelationMasks
from dbtool.postgres.check_trials import read_some_rows
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.session import Connection
from dbtool.refresh.chunks import Chunk, copy_out_of

MOST_ROWS = 1000
_MOST_BYTES = 16 << 20  # that are read of a relation
_SPOTS = 8  # of a relation
_PAGES = 2  # of a spot
_MOST_LEAVES = 4  # of a partitioned table


def find_largest(leaves: Iterable[RelationMasks]) -> list[RelationMasks]:
    return sorted(leaves, key=lambda one: -one.relation.pages)[:_MOST_LEAVES]


def read_masked_rows(
    connection: Connection, leaves: list[RelationMasks], is_late: Callable[[], bool]
) -> pl.DataFrame:
    """As COPY spells them; the columns by their names. No statement more once ``is_late``.

    :raises MaskFailed: a function of the project's did.
    """
    frames: list[pl.DataFrame] = []
    spots = [(masks, chunk) for masks in leaves for chunk in cut_spots(masks.relation)]
    for masks, chunk in spots:
        if is_late():
            break
        names = [column.name for column in masks.relation.copied_columns]
        copy = copy_out_of(masks, chunk, binary=False)
        block = read_some_rows(connection, copy, _MOST_BYTES // len(spots))
        masked, _ = mask_block(masks, block, {}, 0)
        frame = copytext.parse_block(masked, len(names)) if masked else pl.DataFrame()
        if not frame.is_empty():
            frames.append(frame.rename(dict(zip(frame.columns, names, strict=True))))
    return _thin_out(pl.concat(frames, how="diagonal")) if frames else pl.DataFrame()


def count_unchanged(
    connection: Connection, masks: RelationMasks, column: str, made: str, is_late: Callable[[], bool]
) -> tuple[int, int]:
    """How many of so many values ``made``, an expression, leaves as they are. The source compares, and sends neither."""
    quoted = quote_identifier(column)
    told = f'(({made})::pg_catalog.text COLLATE "C") OPERATOR(pg_catalog.=) ({quoted}::pg_catalog.text COLLATE "C")'
    answers = b""
    for chunk in cut_spots(masks.relation):
        if not is_late():
            copy = CopyOut(
                masks.relation.name,
                (column,),
                {0: told},
                chunk.first,
                chunk.end,
                has_foreign_sql=True,
                called=masks.relation.ruled_by.name,
            )
            answers += read_some_rows(connection, copy, MOST_ROWS)
    return answers.count(b"t\n"), answers.count(b"t\n") + answers.count(b"f\n")


def _thin_out(rows: pl.DataFrame) -> pl.DataFrame:
    """As many as are tried, from all over."""
    if rows.height <= MOST_ROWS:
        return rows
    return rows[[number * rows.height // MOST_ROWS for number in range(MOST_ROWS)]]


def cut_spots(relation: Relation) -> Iterator[Chunk]:
    """Pages from all over it: rows that were written together are alike."""
    if relation.pages <= _SPOTS * _PAGES:
        yield Chunk(relation.name, 0, None, _SPOTS * _PAGES)
        return
    for spot in range(_SPOTS):
        first = (relation.pages - _PAGES) * spot // (_SPOTS - 1)
        yield Chunk(relation.name, spot, first, first + _PAGES)
