from dataclasses import replace

import pytest

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.masking.branches import Beside
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.refresh.chunks import Chunk
from dbtool.refresh.together import (
    are_alike,
    are_whole_rows,
    count_rows,
    group_chunks,
    split_rows,
)

TEXT, INT8 = ColumnType("text", "text"), ColumnType("bigint", "int8")
ID, NOTE = Column("id", INT8), Column("email", TEXT)
MEGABYTE = 1 << 20
EMAIL = ColumnMask(
    "email", 1, MASKS["email"], "email", Overlap.DISJOINT, (), lambda values, _by: values, None, 0.0
)


def named(name: str) -> RelationName:
    return RelationName("public", name)


def masks(
    name: str, *columns: Column, root: str | None = "visit", masked: tuple[ColumnMask, ...] = (EMAIL,)
) -> RelationMasks:
    relation = Relation(
        named(name), RelationKind.TABLE, columns or (ID, NOTE), partition_root=named(root) if root else None
    )
    return RelationMasks(relation, masked)


def grouped(*items: tuple[RelationMasks, int]) -> list[list[str]]:
    chunks = [Chunk(masks.relation.name, 0, bytes=size) for masks, size in items]
    groups = group_chunks(chunks, {masks.relation.name: masks for masks, _ in items})
    return [[chunk.relation.name for chunk in group] for group in groups]


OLD, NEW = masks("old"), masks("new")


def test_few_rows_of_a_table_s_partitions_go_together_where_the_first_of_them_stood() -> None:
    other = masks("other", root=None)
    assert grouped((OLD, 5), (other, 5), (NEW, 0)) == [["old", "new"], ["other"]]


@pytest.mark.parametrize(
    "other",
    [
        masks("other", root="elsewhere"),
        masks("other", root=None),
        masks("other", NOTE, ID),
        masks("other", ID, replace(NOTE, type=ColumnType("character varying(9)", "varchar", length=9))),
        masks("other", ID, replace(NOTE, name="mail")),
        masks("other", ID, NOTE, Column("more", TEXT)),
        masks("other", masked=()),
        masks("other", masked=(replace(EMAIL, index=0),)),
        masks("other", masked=(replace(EMAIL, bound=lambda values, _by: values),)),
        replace(masks("other"), beside=(Beside("(true) IS TRUE"),)),
        replace(masks("other"), narrowed={1: "NULL"}),
    ],
    ids=[
        "another table's",
        "no partition",
        "columns in another order",
        "another type",
        "another name",
        "one more column",
        "not masked",
        "masked elsewhere",
        "masked otherwise",
        "a condition beside it",
        "a value that is not read",
    ],
)
def test_what_is_masked_in_another_way_does_not_go_with_it(other: RelationMasks) -> None:
    assert not are_alike(OLD, other)
    assert not are_alike(other, OLD)
    assert grouped((OLD, 5), (other, 5), (NEW, 5)) == [["old", "new"], ["other"]]


def test_generated_columns_are_not_copied_and_may_differ() -> None:
    assert are_alike(OLD, masks("new", Column("lowered", TEXT, generated=True), ID, NOTE))


def test_what_is_not_small_goes_alone() -> None:
    small, large = MEGABYTE, MEGABYTE + 1
    assert grouped((OLD, large), (NEW, small), (masks("third"), small)) == [["old"], ["new", "third"]]


def test_a_group_is_no_more_than_a_block() -> None:
    parts = [(masks(f"p{number}"), MEGABYTE) for number in range(6)]
    assert grouped(*parts) == [["p0", "p1", "p2", "p3"], ["p4", "p5"]]


def test_a_small_one_still_fills_up_an_earlier_group() -> None:
    sizes = [MEGABYTE, MEGABYTE, MEGABYTE, MEGABYTE - 8, MEGABYTE, 8]
    parts = [(masks(f"p{number}"), size) for number, size in enumerate(sizes)]
    assert grouped(*parts) == [["p0", "p1", "p2", "p3", "p5"], ["p4"]]


def test_of_very_many_no_more_than_some_are_locked_at_once() -> None:
    parts = [(masks(f"p{number}"), 0) for number in range(70)]
    assert list(map(len, grouped(*parts))) == [32, 32, 6]


def test_two_pieces_of_one_relation_are_never_in_one_group() -> None:
    assert grouped((OLD, 5), (OLD, 5), (NEW, 5)) == [["old", "new"], ["old"]]


def test_chunks_go_together_by_their_bytes_and_only_where_something_is_masked() -> None:
    plain = {named(name): masks(name, root="log", masked=()) for name in ("log_1", "log_2")}
    known = {named(name): masks(name) for name in ("old", "new", "huge")} | plain
    chunks = [
        Chunk(named("huge"), 0, bytes=1 << 30),
        Chunk(named("old"), 0, bytes=9),
        Chunk(named("log_1"), 0, bytes=9),
        Chunk(named("log_2"), 0, bytes=9),
        Chunk(named("new"), 0),
    ]
    huge, old, first, second, new = chunks
    assert group_chunks(chunks, known) == ((huge,), (old, new), (first,), (second,))
    assert group_chunks([], known) == ()


@pytest.mark.parametrize(("block", "rows"), [(b"", 0), (b"\n", 1), (b"1\ta\\nb\n2\t\\N\n", 2)])
def test_rows_end_at_newlines_and_hold_none(block: bytes, rows: int) -> None:
    assert count_rows(block) == rows
    assert are_whole_rows(block)


def test_half_a_row_is_none() -> None:
    assert not are_whole_rows(b"1\ta\n2\tb")


@pytest.mark.parametrize(
    ("block", "rows", "pieces"),
    [
        (b"a\nb\nc\n", [1, 2], [b"a\n", b"b\nc\n"]),
        (b"a\nb\n", [0, 1, 0, 1, 0], [b"", b"a\n", b"", b"b\n", b""]),
        (b"\n\n", [2], [b"\n\n"]),
        (b"", [0, 0], [b"", b""]),
        (b"", [], []),
    ],
)
def test_a_block_is_cut_behind_so_many_rows(block: bytes, rows: list[int], pieces: list[bytes]) -> None:
    assert split_rows(block, rows) == pieces


@pytest.mark.parametrize("rows", [[3], [1, 2]])
def test_rows_that_are_missing_are_not_made_up(rows: list[int]) -> None:
    with pytest.raises(IndexError):
        split_rows(b"a\nb\n", rows)


@pytest.mark.parametrize("rows", [[1, 1], [0], [1]])
def test_a_block_with_more_rows_than_were_read_is_not_cut(rows: list[int]) -> None:
    with pytest.raises(ValueError, match="more rows than were read"):
        split_rows(b"1\n2\n3\n", rows)
