import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName, TypeKind
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.masking.mask import Overlap
from dbtool.refresh.chunks import Chunk, copy_out_of, plan_chunks, plan_subset_chunks, travels_binary
from dbtool.subset.row_set import RowSet
from dbtool.subset.selection import Nulled, Selection
from tests.examples import examples

INT8 = ColumnType("bigint", "int8")
TEXT = ColumnType("text", "text")


def relation(name: str, pages: int = 0, size: int = 0, types: tuple[ColumnType, ...] = (INT8,)) -> Relation:
    columns = tuple(Column(f"c{index}", type_) for index, type_ in enumerate(types))
    return Relation(RelationName("public", name), RelationKind.TABLE, columns, pages=pages, bytes=size)


def masked(index: int, source_sql: str | None = None) -> ColumnMask:
    return ColumnMask(
        f"c{index}", index, None, "d", Overlap.CHANCE, (), lambda values, _by: values, source_sql, 0.0
    )


@examples(100)
@given(st.integers(0, 500), st.integers(0, 2000), st.integers(1, 40), st.integers(0, 100))
def test_every_page_is_in_exactly_one_chunk_and_the_last_is_open(
    pages: int, toast_pages: int, share: int, grown: int
) -> None:
    size = (pages + toast_pages) * 8192
    chunks = sorted(plan_chunks([relation("t", pages, size)], share), key=lambda chunk: chunk.number)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert chunks[0].first is None
    assert chunks[-1].end is None
    for page in range(pages + grown):
        holding = [c for c in chunks if (c.first or 0) <= page and (c.end is None or page < c.end)]
        assert len(holding) == 1
    for chunk in chunks[:-1]:
        assert (chunk.end or 0) - (chunk.first or 0) <= 2 * share


def test_a_relation_of_one_chunk_is_read_whole() -> None:
    assert plan_chunks([relation("t", 10, 500)], 16) == (
        Chunk(RelationName("public", "t"), 0, None, None, 500),
    )
    assert plan_chunks([relation("empty")]) == (Chunk(RelationName("public", "empty"), 0),)
    assert plan_chunks([]) == ()


def test_a_heap_of_few_pages_with_large_values_is_cut_by_its_bytes() -> None:
    assert len(plan_chunks([relation("t", 16, 64 * 8192)], 16)) == 4
    assert len(plan_chunks([relation("t", 2, 640 * 8192)], 16)) == 2
    assert len(plan_chunks([relation("t", 0, 640 * 8192)], 16)) == 1


def test_the_largest_come_first_and_ties_repeat() -> None:
    relations = [
        relation("b", 1, 10),
        relation("huge", 64, 6400),
        relation("a", 1, 10),
        relation("middle", 8, 2000),
    ]
    names = [(chunk.relation.name, chunk.number) for chunk in plan_chunks(relations, 16)]
    assert names == [("middle", 0), ("huge", 0), ("huge", 1), ("huge", 2), ("huge", 3), ("a", 0), ("b", 0)]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (INT8, True),
        (TEXT, True),
        (ColumnType("numeric(10,2)", "numeric", precision=10, scale=2), True),
        (ColumnType("jsonb", "jsonb"), True),
        (ColumnType("public.status", "status", TypeKind.ENUM, type_schema="public", labels=("a",)), True),
        (ColumnType("public.email", "text", domains=("public.email",)), True),
        (ColumnType("bigint[]", "int8", is_array=True), False),
        (ColumnType("public.status[]", "status", TypeKind.ENUM, is_array=True, type_schema="public"), False),
        (ColumnType("public.citext", "citext", type_schema="public", extension="citext"), False),
        (ColumnType("public.text", "text", type_schema="public"), False),
        (ColumnType("public.pair", "pair", TypeKind.COMPOSITE, type_schema="public"), False),
        (ColumnType("int4range", "int4range", TypeKind.RANGE), False),
        (ColumnType("regclass", "regclass"), False),
        (ColumnType("oid", "oid"), False),
        (ColumnType("xml", "xml"), False),
        (ColumnType("tsvector", "tsvector"), False),
    ],
    ids=lambda value: value.sql if isinstance(value, ColumnType) else str(value),
)
def test_only_types_whose_bytes_mean_the_same_elsewhere_travel_binary(
    type_: ColumnType, expected: bool
) -> None:
    assert travels_binary(RelationMasks(relation("t", types=(INT8, type_)))) is expected


def test_what_is_masked_travels_as_text() -> None:
    assert not travels_binary(RelationMasks(relation("t"), (masked(0),)))
    assert not travels_binary(RelationMasks(relation("t"), (masked(0, "NULL"),)))


def test_a_generated_column_neither_travels_nor_hinders() -> None:
    columns = (Column("a", INT8), Column("b", ColumnType("xml", "xml"), generated=True), Column("c", TEXT))
    masks = RelationMasks(Relation(RelationName("public", "t"), RelationKind.TABLE, columns))
    assert travels_binary(masks)
    assert copy_out_of(masks, Chunk(masks.relation.name, 0), binary=True).columns == ("a", "c")


def test_a_copy_reads_its_chunk_s_pages_and_leaves_constants_to_the_source() -> None:
    masks = RelationMasks(relation("t", types=(INT8, TEXT, TEXT)), (masked(1, "NULL"), masked(2)))
    copy = copy_out_of(masks, Chunk(masks.relation.name, 3, 5, 9), binary=False)
    assert (copy.relation, copy.columns) == (masks.relation.name, ("c0", "c1", "c2"))
    assert dict(copy.pushed) == {1: "NULL"}
    assert (copy.first_page, copy.end_page, copy.binary) == (5, 9, False)


def test_a_relation_within_one_workers_share_stays_whole() -> None:
    relations = [relation("a", 100, 100 * 8192), relation("b", 90, 90 * 8192), relation("c", 60, 60 * 8192)]
    assert all(chunk.is_whole for chunk in plan_chunks(relations, 16, jobs=2))
    assert {chunk.relation.name for chunk in plan_chunks(relations, 16, jobs=3) if not chunk.is_whole} == {
        "a",
        "b",
    }


def chosen(*places: tuple[int, int]) -> RowSet:
    rows = RowSet()
    rows.add(np.array([page << 16 | offset for page, offset in places], np.uint64))
    return rows


def test_chosen_rows_are_cut_by_their_number_and_know_their_share() -> None:
    users = relation("users", 10, 8000)
    selection = Selection(rows={users.name: chosen((0, 1), (0, 2), (3, 1), (9, 4))})
    chunks = sorted(plan_subset_chunks([users], selection, rows=2), key=lambda chunk: chunk.number)
    assert [(chunk.first, chunk.end) for chunk in chunks] == [(None, 3), (3, None)]
    assert [ids.tolist() for chunk in chunks if (ids := chunk.row_ids()) is not None] == [
        [1, 2],
        [3 << 16 | 1, 9 << 16 | 4],
    ]
    assert not any(chunk.is_whole for chunk in chunks)


def test_rows_that_lose_references_are_chunks_of_their_own() -> None:
    users = relation("users", 10, 8000)
    nulled = Nulled(("manager_id",), chosen((3, 1)))
    selection = Selection(rows={users.name: chosen((0, 1), (3, 1))}, nulled={users.name: (nulled,)})
    chunks = sorted(plan_subset_chunks([users], selection), key=lambda chunk: chunk.number)
    assert [(chunk.number, chunk.nulled, chunk.is_whole) for chunk in chunks] == [
        (0, (), False),
        (1, ("manager_id",), False),
    ]
    assert [ids.tolist() for chunk in chunks if (ids := chunk.row_ids()) is not None] == [
        [1],
        [3 << 16 | 1],
    ]


def test_a_relation_that_is_chosen_whole_is_cut_like_any_and_one_without_rows_has_no_chunk() -> None:
    users, empty = relation("users", 10, 500), relation("empty")
    selection = Selection(whole={users.name: 3}, rows={empty.name: RowSet()})
    assert plan_subset_chunks([users, empty], selection) == plan_chunks([users])


def test_references_that_are_lost_are_read_as_null() -> None:
    masks = RelationMasks(relation("t", types=(INT8, INT8)))
    chunk = Chunk(masks.relation.name, 0, among=chosen((0, 1)), nulled=("c1",))
    copy = copy_out_of(masks, chunk, binary=False)
    assert copy.pushed == {1: "NULL"}
    assert copy.row_ids is not None
    assert copy.row_ids.tolist() == [1]
