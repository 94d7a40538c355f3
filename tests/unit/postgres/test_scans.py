"""Which questions are answered by a scan, and what each of several sessions reads of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.postgres.readings import PageRange, Reading
from dbtool.postgres.scans import Scans
from dbtool.rules.subset_model import Follow
from dbtool.subset.facts import EqualityOperator, SourceFacts
from dbtool.subset.graph import Edge
from dbtool.subset.row_set import Rows

CUSTOMERS, ORDERS, PAYMENTS = (RelationName("public", name) for name in ("customers", "orders", "payments"))
PARTITIONS = tuple(RelationName("public", f"payments_{month}") for month in range(1, 5))
EDGE = Edge(ORDERS, ("customer_id",), CUSTOMERS, ("id",), (EqualityOperator(),))
OF_PAYMENTS = replace(EDGE, referencing=PAYMENTS)
PAGES = (900, 400, 300, 200)


def scans(
    *,
    rows: int = 2_000_000,
    pages: int = 20_000,
    key: tuple[str, ...] = ("paid_at",),
    scan_pages: int = 50_000,
) -> Scans:
    relations = [
        Relation(CUSTOMERS, RelationKind.TABLE, (), rows=400_000, pages=7_500),
        Relation(ORDERS, RelationKind.TABLE, (), rows=rows, pages=pages),
        Relation(PAYMENTS, RelationKind.PARTITIONED_TABLE, (), partition_key=key),
        *(
            Relation(leaf, RelationKind.TABLE, (), rows=100_000, pages=size, partition_root=PAYMENTS)
            for leaf, size in zip(PARTITIONS, PAGES, strict=True)
        ),
    ]
    leaves = {CUSTOMERS: (CUSTOMERS,), ORDERS: (ORDERS,), PAYMENTS: PARTITIONS}
    facts = SourceFacts(leaves, {})
    return Scans(Catalog(180000, {relation.name: relation for relation in relations}), facts, scan_pages)


def given(count: int) -> Rows:
    return {CUSTOMERS: np.arange(count, dtype=np.uint64)}


@pytest.mark.parametrize(("count", "expected"), [(20_000, False), (20_001, True)])
def test_more_rows_than_pages_are_found_by_a_scan(count: int, *, expected: bool) -> None:
    assert scans().is_scanned(EDGE, given(count)) is expected


def test_without_an_index_all_is_scanned_but_what_any_plan_will_do_for() -> None:
    unindexed = replace(EDGE, referencing_indexed=False)
    assert scans().is_scanned(unindexed, given(1_000))
    assert not scans().is_scanned(unindexed, given(999))
    assert not scans(pages=10).is_scanned(EDGE, given(999))


def test_every_partition_s_index_would_be_asked_unless_the_reference_tells_the_partition() -> None:
    assert scans().is_scanned(OF_PAYMENTS, given(1_000)), "4,000 questions for 1,800 pages"
    told = scans(key=("customer_id",))
    assert not told.is_scanned(OF_PAYMENTS, given(1_800))
    assert told.is_scanned(OF_PAYMENTS, given(1_801))


def test_the_first_few_of_each_are_not_looked_for_in_all() -> None:
    capped = replace(EDGE, follow=Follow(2), referencing_indexed=False)
    assert not scans().is_scanned(capped, given(100_000))
    assert scans().parts(capped, given(100_000), 2) == ()


def test_a_table_is_parted_by_pages_the_last_of_which_are_open() -> None:
    assert scans(pages=20_000).parts(EDGE, given(30_000), 3) == (
        Reading(ORDERS, ORDERS, pages=PageRange(None, 6_666)),
        Reading(ORDERS, ORDERS, pages=PageRange(6_666, 13_333)),
        Reading(ORDERS, ORDERS, pages=PageRange(13_333, None)),
    )


def test_partitions_are_dealt_out_by_their_pages() -> None:
    first, second, third, fourth = PARTITIONS
    assert scans().parts(OF_PAYMENTS, given(1_000), 2) == (
        Reading(PAYMENTS, leaves=(first,)),
        Reading(PAYMENTS, leaves=(second, third, fourth)),
    )
    many = scans().parts(OF_PAYMENTS, given(1_000), 9)
    assert [part.leaves for part in many] == [(leaf,) for leaf in PARTITIONS]


@pytest.mark.parametrize(
    "scan",
    [scans(pages=1_023), scans(rows=119_999), scans(pages=30_001)],
    ids=["small", "not many times what is given", "an index is asked"],
)
def test_what_is_not_worth_it_is_not_parted(scan: Scans) -> None:
    assert scan.parts(EDGE, given(30_000), 2) == ()


@pytest.mark.parametrize(("pages", "parts"), [(614_972, 2), (614_973, 0)])
def test_what_could_be_too_large_an_answer_is_not_parted_but_asked_with_caution(
    pages: int, parts: int
) -> None:
    found = scans(rows=100_000_000, pages=pages)
    assert found.may_be_too_large(EDGE) is (not parts)
    assert len(found.parts(EDGE, given(1_000_000), 2)) == parts
    assert not found.may_be_too_large(replace(EDGE, referencing_indexed=False)), "it comes in pieces"


def test_rows_are_sparse_below_a_quarter_and_never_where_nobody_counted() -> None:
    assert scans().are_sparse(given(100_000))
    assert not scans().are_sparse(given(100_001))
    found = scans()
    unknown = {**found.catalog.relations, CUSTOMERS: replace(found.catalog.relations[CUSTOMERS], rows=-1)}
    assert not Scans(Catalog(180000, unknown), found.facts).are_sparse(given(1))


def test_only_what_is_not_indexed_and_large_comes_in_pieces() -> None:
    unindexed = replace(EDGE, referencing_indexed=False)
    assert scans(scan_pages=19_999).is_in_pieces(unindexed)
    assert not scans(scan_pages=19_999).is_in_pieces(EDGE)
    assert not scans(scan_pages=20_000).is_in_pieces(unindexed)
    assert list(scans(scan_pages=8_000).ranges(ORDERS)) == [
        PageRange(None, 8_000),
        PageRange(8_000, 16_000),
        PageRange(16_000, None),
    ]
