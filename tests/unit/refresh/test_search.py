from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import polars as pl
import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnRef, ColumnType, Relation, RelationKind, RelationName
from dbtool.errors import Interrupted, ServerFailed
from dbtool.masking.compile import ColumnMask, MaskingPlan, RelationMasks
from dbtool.masking.coverage import Coverage
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.masking.recorded import Recorded
from dbtool.masking.survivors import hash_originals
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh.request import Cancellation
from dbtool.refresh.search import Met, Search, Searched, searched_columns, surviving_findings

SEED = 7
USERS, NOTES = RelationName("public", "users"), RelationName("public", "notes")


def of(base: str, *, is_array: bool = False) -> ColumnType:
    return ColumnType(base, base, is_array=is_array)


def table(name: RelationName, **types: ColumnType) -> Relation:
    return Relation(name, RelationKind.TABLE, tuple(Column(column, type_) for column, type_ in types.items()))


def masked(
    column: str, overlap: Overlap, mask: str | None = "email", source_sql: str | None = None
) -> ColumnMask:
    chosen = MASKS[mask] if mask else None
    return ColumnMask(column, 0, chosen, "d", overlap, (), lambda values, _by: values, source_sql, 0.0)


@pytest.mark.parametrize(
    ("type_", "mask", "expected"),
    [
        (of("text"), None, True),
        (of("citext"), None, True),
        (of("jsonb"), None, True),
        (of("xml"), None, True),
        (of("hstore"), None, True),
        (of("text", is_array=True), None, True),
        (of("int8"), None, False),
        (of("uuid"), None, False),
        (of("text"), masked("c", Overlap.CHANCE), True),
        (of("uuid"), masked("c", Overlap.DISJOINT), True),
        (of("int8"), masked("c", Overlap.CHANCE), False),
        (of("text"), masked("c", Overlap.NOT_READ, source_sql="NULL"), False),
        (of("jsonb"), masked("c", Overlap.CHANCE, None), True),
    ],
)
def test_text_of_any_kind_and_what_a_disjoint_mask_wrote_is_searched(
    type_: ColumnType, mask: ColumnMask | None, expected: bool
) -> None:
    relation = table(USERS, c=type_)
    columns = searched_columns(relation, RelationMasks(relation, (mask,) if mask else ()))
    assert columns == (relation.columns if expected else ())


def test_generated_columns_are_searched_too() -> None:
    relation = Relation(USERS, RelationKind.TABLE, (Column("c", of("text"), generated=True),))
    assert searched_columns(relation, RelationMasks(relation)) == relation.columns


class Landed:
    """The candidate's rows as COPY text, by relation."""

    def __init__(self, blocks: dict[RelationName, list[bytes]]) -> None:
        self._blocks = blocks
        self.read: list[tuple[RelationName, tuple[str, ...]]] = []

    @contextmanager
    def open(self, copy: CopyOut) -> Iterator[Iterator[bytes]]:
        self.read.append((copy.relation, copy.columns))
        yield iter(self._blocks[copy.relation])


def search(
    landed: Landed, originals: list[str], *, jobs: int = 2, cancellation: Cancellation | None = None
) -> Met:
    users = table(USERS, id=of("int8"), email=of("text"), tags=of("text", is_array=True))
    notes = table(NOTES, body=of("text"))
    unplanned = table(RelationName("dbtool", "refresh"), manifest=of("jsonb"))
    known = Recorded(SEED)
    known.record_originals(pl.Series(originals))
    plan = MaskingPlan(
        {
            USERS: RelationMasks(users, (masked("email", Overlap.DISJOINT),)),
            NOTES: RelationMasks(notes),
        },
        Coverage({}),
    )
    catalog = build_catalog(180000, [users, notes, unplanned])
    return Search(landed, catalog, plan, known, SEED, cancellation or Cancellation()).run(jobs).met


def test_nothing_is_met_where_nothing_survived() -> None:
    landed = Landed({USERS: [b"x@example.org\t{a}\n"], NOTES: [b"hello\n"]})
    assert search(landed, ["ada@x.org"]) == {}
    assert sorted(landed.read) == [(NOTES, ("body",)), (USERS, ("email", "tags"))]


@pytest.mark.parametrize("jobs", [1, 2])
def test_originals_are_met_in_their_own_column_in_arrays_and_in_free_text(jobs: int) -> None:
    landed = Landed(
        {
            USERS: [b"x@example.org\t{ada@x.org}\n", b"bob@x.org\t\\N\n"],
            NOTES: [b"from ada@x.org\\nto bob@x.org\n", b"\n"],
        }
    )
    met = search(landed, ["ada@x.org", "bob@x.org"], jobs=jobs)
    assert {str(where): len(hashes) for where, hashes in met.items()} == {
        "public.notes.body": 2,
        "public.users.email": 1,
        "public.users.tags": 1,
    }


def test_a_masked_column_is_searched_whole() -> None:
    landed = Landed({USERS: [b"to ada@x.org\t\\N\n"], NOTES: []})
    assert search(landed, ["ada@x.org"]) == {}


def test_values_are_compared_without_the_escapes_of_copy() -> None:
    landed = Landed({USERS: [b"corp\\\\ada1990\t\\N\n"], NOTES: []})
    assert len(search(landed, ["corp\\ada1990"])) == 1


def test_the_same_original_in_two_blocks_is_one() -> None:
    landed = Landed({USERS: [], NOTES: [b"ada@x.org\n", b"ADA@x.org!\n"]})
    (met,) = search(landed, ["ada@x.org"]).values()
    assert len(met) == 1


def test_a_block_that_is_not_utf_8_names_the_relation() -> None:
    landed = Landed({USERS: [], NOTES: [b"\xe9\n"]})
    with pytest.raises(ServerFailed, match=r"public\.notes holds text that is not UTF-8"):
        search(landed, ["ada@x.org"])


def test_a_run_that_is_being_ended_searches_no_further() -> None:
    cancellation = Cancellation()
    cancellation.request()
    with pytest.raises(Interrupted):
        search(Landed({USERS: [b"x\t{}\n"], NOTES: [b"x\n"]}), ["ada@x.org"], cancellation=cancellation)


VISIT = RelationName("public", "visit")
OLD, NEW, NONE = (RelationName("public", f"visit_{end}") for end in ("old", "new", "none"))
VISITS = {OLD: [b"x@example.org\tfine\n", b"y@example.org\t\\N\n"], NEW: [b"z@example.org\tfine\n"], NONE: []}


def search_visits(
    landed: Landed, *, masked_in: tuple[RelationName, ...] = (OLD, NEW, NONE), size: int = 8
) -> Searched:
    """In three partitions, each ``size`` bytes large, and a table of numbers that there is nothing to search in."""
    parts = [
        replace(
            table(name, id=of("int8"), email=of("text"), note=of("text")), partition_root=VISIT, bytes=size
        )
        for name in (OLD, NEW, NONE)
    ]
    numbers = table(RelationName("public", "numbers"), n=of("int8"))
    mask = masked("email", Overlap.DISJOINT)
    plan = {part.name: RelationMasks(part, (mask,) if part.name in masked_in else ()) for part in parts}
    plan[numbers.name] = RelationMasks(numbers)
    known = Recorded(SEED)
    known.record_originals(pl.Series(["ada@x.org", "bob@x.org"]))
    catalog = build_catalog(180000, [*parts, numbers])
    return Search(landed, catalog, MaskingPlan(plan, Coverage({})), known, SEED, Cancellation()).run(1)


def relations_read(landed: Landed) -> list[str]:
    return sorted(name.name for name, _ in landed.read)


def test_partitions_are_searched_as_one_and_their_rows_counted_each_by_itself() -> None:
    landed = Landed(VISITS)
    assert search_visits(landed) == Searched({}, {OLD: 2, NEW: 1, NONE: 0})
    assert relations_read(landed) == ["visit_new", "visit_none", "visit_old"]


@pytest.mark.parametrize("where", [OLD, NEW, NONE])
def test_a_hit_among_partitions_is_told_of_the_one_it_stands_in(where: RelationName) -> None:
    landed = Landed({**VISITS, where: [b"w@example.org\tfrom Bob@x.org\n"]})
    searched = search_visits(landed)
    assert list(searched.met) == [ColumnRef(where, "note")]
    assert (
        searched.met[ColumnRef(where, "note")].tolist()
        == hash_originals(pl.Series(["bob@x.org"]), SEED).tolist()
    )
    assert searched.rows == {OLD: 2, NEW: 1, NONE: 0} | {where: 1}
    assert relations_read(landed) == ["visit_new", "visit_none", "visit_old"]


def test_hits_in_two_partitions_are_two() -> None:
    met = search_visits(
        Landed({**VISITS, OLD: [b"ada@x.org\tfine\n"], NONE: [b"x\tada@x.org, bob@x.org\n"]})
    ).met
    assert {str(where): len(hashes) for where, hashes in met.items()} == {
        "public.visit_old.email": 1,
        "public.visit_none.note": 2,
    }


def test_what_is_more_than_was_thought_is_searched_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbtool.refresh.search._HELD_BYTES", 30)
    landed = Landed(VISITS)
    assert search_visits(landed) == Searched({}, {OLD: 2, NEW: 1, NONE: 0})
    assert relations_read(landed) == ["visit_new", "visit_none", *2 * ["visit_old"]]


def test_a_partition_that_ends_within_a_row_is_named() -> None:
    with pytest.raises(ServerFailed, match=r"COPY stream of public\.visit_old ended within a row"):
        search_visits(Landed({**VISITS, OLD: [b"x\tfrom ada@"]}))


@pytest.mark.parametrize("size", [8, 1 << 30])
def test_partitions_that_are_masked_otherwise_or_large_are_searched_by_their_own_masks(size: int) -> None:
    landed = Landed({**VISITS, NEW: [b"to ada@x.org\tfine\n"]})
    assert search_visits(landed, size=size).met == {}  # of a masked column whole values are originals
    (where,) = search_visits(landed, masked_in=(OLD, NONE), size=size).met
    assert where == ColumnRef(NEW, "email")


def test_every_column_with_survivors_is_a_finding() -> None:
    hashes = hash_originals(pl.Series(["ada@x.org", "bob@x.org"]), SEED)
    found = surviving_findings({ColumnRef(NOTES, "Body"): hashes, ColumnRef(NOTES, "a"): hashes[:1]})
    assert [(finding.check, finding.where, finding.is_error) for finding in found] == [
        ("surviving-value", 'public.notes."Body"', True),
        ("surviving-value", "public.notes.a", True),
    ]
    assert found[0].message.startswith("2 distinct originals")
    assert surviving_findings({}) == []
