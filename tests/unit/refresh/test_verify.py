from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import CheckConstraint, ForeignKey, UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.errors import Interrupted
from dbtool.masking.block import ColumnTally
from dbtool.masking.compile import ColumnMask, MaskingPlan, RelationMasks
from dbtool.masking.coverage import Coverage
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.masking.recorded import Recorded, record_suspects
from dbtool.masking.survivors import Hashes, Originals
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh import verify as verify_module
from dbtool.refresh.request import Cancellation
from dbtool.refresh.result import TableCopied
from dbtool.refresh.search import Met, Search, Searched
from dbtool.refresh.stream import Streamed
from dbtool.refresh.verify import Landed, Masked, check_counts, check_structure, judge_tallies, verify
from dbtool.targets import Target, Tier

SEED = 7
USERS, NOTES = RelationName("public", "users"), RelationName("public", "notes")
TEXT, INT8 = ColumnType("text", "text"), ColumnType("bigint", "int8")
TARGET = Target("staging", Tier.STAGING, lambda: "postgresql://h/d")


def table(name: RelationName, **types: ColumnType) -> Relation:
    return Relation(name, RelationKind.TABLE, tuple(Column(column, type_) for column, type_ in types.items()))


def masked_column(column: str, mask: str, overlap: Overlap) -> ColumnMask:
    return ColumnMask(column, 0, MASKS[mask], mask, overlap, (), lambda values, _by: values, None, 0.0)


KEY = ForeignKey("users_note", USERS, ("note",), NOTES, ("id",))
CATALOG = build_catalog(
    180000,
    [table(USERS, email=TEXT, city=TEXT, note=INT8), table(NOTES, id=INT8, body=TEXT)],
    foreign_keys=(KEY,),
    unique_indexes=(UniqueIndex("users_email", USERS, ("email",)), UniqueIndex("notes_pkey", NOTES, ("id",))),
)
PLAN = MaskingPlan(
    {
        USERS: RelationMasks(
            CATALOG.relations[USERS],
            (
                masked_column("email", "email", Overlap.DISJOINT),
                masked_column("city", "city", Overlap.CHANCE),
            ),
        ),
        NOTES: RelationMasks(CATALOG.relations[NOTES]),
    },
    Coverage({}),
)
STREAMED = Streamed(
    (TableCopied(NOTES, 1, 10, 0.1), TableCopied(USERS, 2, 20, 0.1)),
    {USERS: {"email": ColumnTally(rows=2), "city": ColumnTally(rows=2)}, NOTES: {}},
)
ROWS = {USERS: b"x@example.org\tParis\nb@example.org\tRome\n", NOTES: b"hello\n"}


class Candidate:
    def __init__(self, blocks: dict[RelationName, bytes]) -> None:
        self._blocks = blocks

    @contextmanager
    def open(self, copy: CopyOut) -> Iterator[Iterator[bytes]]:
        yield iter([self._blocks[copy.relation]])


def search(how: Masked, blocks: dict[RelationName, bytes]) -> Met:
    return Search(Candidate(blocks), CATALOG, PLAN, how.originals, SEED, Cancellation()).run(2).met


@pytest.fixture(autouse=True)
def counts(monkeypatch: pytest.MonkeyPatch) -> dict[RelationName, int]:
    """How many rows the candidate counts in each relation."""
    counted = {NOTES: 1, USERS: 2}

    @contextmanager
    def session(_target: Target, _database: str) -> Iterator[Any]:
        yield SimpleNamespace(cancel=lambda: None)

    monkeypatch.setattr(verify_module, "candidate_session", session)
    monkeypatch.setattr(verify_module, "count_rows", lambda _connection, name: counted[name])
    return counted


def landed(catalog: Catalog = CATALOG) -> Landed:
    return Landed(TARGET, "candidate", catalog)


def masked(*originals: str, limit: int = 1000, confirmed: Sequence[str] = ()) -> Masked:
    known = Recorded(SEED, Originals(limit=limit))
    known.record_originals(pl.Series(originals, dtype=pl.String))

    def confirm(suspects: Hashes) -> Recorded:
        assert suspects.tolist() == sorted(set(suspects.tolist()))
        certain = record_suspects(suspects, SEED)
        certain.record_originals(pl.Series(confirmed, dtype=pl.String))
        return certain

    return Masked(PLAN, known, SEED, confirm)


def run(
    what: Landed,
    how: Masked,
    streamed: Streamed = STREAMED,
    source: Catalog = CATALOG,
    blocks: dict[RelationName, bytes] = ROWS,
) -> Any:
    searched = Searched(search(how, blocks))  # of whose rows nothing is known: they are counted by SQL
    return verify(source, what, how, streamed, searched, jobs=2, cancellation=Cancellation())


def test_what_is_as_promised_has_no_finding_and_says_what_was_checked() -> None:
    verification = run(landed(), masked("ada@x.org"))
    assert verification.findings == ()
    assert (verification.orphans, verification.surviving_values) == (0, 0)
    assert verification.checked == (
        "3 rows in 2 relations counted in the candidate",
        "1 foreign keys validated by PostgreSQL over the loaded rows",
        "2 unique indexes built by PostgreSQL over the loaded rows",
        "1 distinct originals searched for in 3 text, JSON and array columns",
    )
    assert [str(rate.column) for rate in verification.by_chance] == ["public.users.city"]


def test_nothing_is_claimed_that_was_not_checked() -> None:
    assert run(landed(), masked("ada@x.org")).not_checked == (
        "originals shorter than 6 characters, or without a digit or @ and shorter than 24, were compared with their own stand-in only",
        "originals under masks that overlap by chance (city) were compared with their own stand-in only",
    )


def test_a_foreign_key_that_the_source_does_not_validate_is_named() -> None:
    open_keys = (replace(KEY, validated=False), replace(KEY, name="b", enforced=False))
    catalog = replace(CATALOG, foreign_keys=open_keys)
    verification = run(landed(catalog), masked(), source=catalog)
    assert verification.checked[1].startswith("0 foreign keys")
    assert verification.not_checked[2:] == (
        "public.users: foreign key users_note is not validated in the source either",
        "public.users: foreign key b is not validated in the source either",
    )


def test_rows_that_are_missing_are_a_finding(counts: dict[RelationName, int]) -> None:
    counts[USERS] = 1
    (finding,) = check_counts(landed(), STREAMED, {}, 2, Cancellation())
    assert (finding.check, finding.where, finding.is_error) == ("row-count", "public.users", True)
    assert finding.message == "1 rows stand in the candidate, 2 were loaded"
    assert run(landed(), masked()).findings == (finding,)


def test_rows_that_were_read_already_are_not_counted_by_the_server(counts: dict[RelationName, int]) -> None:
    del counts[USERS]
    assert check_counts(landed(), STREAMED, {USERS: 2}, 2, Cancellation()) == []
    (finding,) = check_counts(landed(), STREAMED, {USERS: 3}, 2, Cancellation())
    assert (finding.where, finding.message) == (
        "public.users",
        "3 rows stand in the candidate, 2 were loaded",
    )
    with pytest.raises(KeyError):  # what was not read is
        check_counts(landed(), STREAMED, {NOTES: 1}, 1, Cancellation())


def test_what_was_read_beside_is_not_counted_for_the_root_of_what_was_loaded() -> None:
    root, other = RelationName("public", "root"), RelationName("public", "other")
    through_root = replace(STREAMED, routes=dict.fromkeys((USERS, NOTES, other), root))
    assert check_counts(landed(), through_root, {other: 5, USERS: 1, NOTES: 2}, 1, Cancellation()) == []


def test_of_rows_that_went_through_a_root_only_the_sum_counts(counts: dict[RelationName, int]) -> None:
    root = RelationName("public", "root")
    through_root = replace(STREAMED, routes={table.name: root for table in STREAMED.tables})
    counts[USERS] -= 1
    (finding,) = check_counts(landed(), through_root, {}, 2, Cancellation())
    assert (finding.where, finding.message) == ("public.root", "2 rows stand in the candidate, 3 were loaded")
    counts[next(table.name for table in STREAMED.tables if table.name != USERS)] += 1
    assert check_counts(landed(), through_root, {}, 2, Cancellation()) == []


def test_a_run_that_is_being_ended_counts_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    cancellation = Cancellation()
    counted: list[RelationName] = []

    def count(_connection: Any, name: RelationName) -> int:
        counted.append(name)
        cancellation.request()  # too late for this query, and none is at work when the next one begins
        return 0

    monkeypatch.setattr(verify_module, "count_rows", count)
    with pytest.raises(Interrupted):
        check_counts(landed(), STREAMED, {}, 1, cancellation)
    assert counted == [USERS]


def test_a_survivor_is_counted_once_wherever_it_stands() -> None:
    blocks = {USERS: b"Ada@x.org\tParis\nb@example.org\tRome\n", NOTES: b"from ada@x.org\n"}
    verification = run(landed(), masked("ada@x.org"), blocks=blocks)
    assert verification.surviving_values == 1
    assert [finding.where for finding in verification.findings] == ["public.notes.body", "public.users.email"]


def test_hits_of_a_filter_count_only_when_the_source_confirms_them() -> None:
    blocks = {USERS: b"Ada@x.org\tParis\n", NOTES: b"from bob@x.org\n"}
    how = masked("ada@x.org", "bob@x.org", limit=0, confirmed=["bob@x.org"])
    verification = run(landed(), how, blocks=blocks)
    assert verification.surviving_values == 1
    assert [finding.where for finding in verification.findings] == ["public.notes.body"]
    assert verification.checked[3].endswith("hits confirmed by a second pass over the source")


def test_an_exact_set_is_not_confirmed_again() -> None:
    blocks = {USERS: b"Ada@x.org\tParis\n", NOTES: b"\n"}
    assert run(landed(), masked("ada@x.org", confirmed=[]), blocks=blocks).surviving_values == 1


def test_a_mask_that_kept_an_original_is_a_finding() -> None:
    tallies = {USERS: {"email": ColumnTally(rows=2, fixed=1)}}
    verification = run(landed(), masked(), Streamed(STREAMED.tables, tallies))
    assert [finding.where for finding in verification.findings] == ["public.users.email"]


def test_the_tallies_of_a_table_s_partitions_are_judged_once_for_the_table() -> None:
    root = RelationName("public", "visit")
    parts = [replace(table(RelationName("public", f"p{n}"), email=TEXT), partition_root=root) for n in (1, 2)]
    mask = masked_column("city", "city", Overlap.CHANCE)
    plan = MaskingPlan({part.name: RelationMasks(part, (mask,)) for part in parts}, Coverage({}))
    kept = Streamed((), {root: {"city": ColumnTally(rows=100, nulls=1, fixed=3)}})
    _, rates = judge_tallies(plan, kept)
    assert [str(rate.column) for rate in rates] == ["public.visit.city"]


def test_the_same_structure_has_no_finding() -> None:
    assert check_structure(CATALOG, replace(CATALOG, server_version=170000)) == []


def test_what_is_missing_or_new_in_the_structure_is_told() -> None:
    added = CheckConstraint("positive", NOTES, ("id",), "CHECK ((id > 0))")
    found = check_structure(CATALOG, replace(CATALOG, foreign_keys=(), checks=(added,)))
    assert [finding.message.partition(":")[0] for finding in found] == ["missing", "not in the source"]
    assert all(finding.is_error and finding.check == "structure" for finding in found)


def test_a_thing_that_stands_once_instead_of_twice_is_told() -> None:
    twice = replace(CATALOG, foreign_keys=(KEY, KEY))
    assert [finding.message.partition(":")[0] for finding in check_structure(twice, CATALOG)] == ["missing"]
    assert [finding.message.partition(":")[0] for finding in check_structure(CATALOG, twice)] == [
        "not in the source"
    ]


def test_of_many_differences_the_rest_is_counted() -> None:
    checks = tuple(CheckConstraint(f"c{number:02}", NOTES, ("id",), "CHECK (true)") for number in range(30))
    found = check_structure(replace(CATALOG, checks=checks), CATALOG)
    assert len(found) == 21
    assert found[-1].message == "and 10 more differences"
