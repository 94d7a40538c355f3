"""The walk on random databases, held to the slow reference in tests/subset_reference.py, and to what a subset is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import RelationName
from dbtool.subset import batches
from dbtool.subset.row_set import RowIds, RowSet
from dbtool.subset.selection import Selection, Step
from dbtool.subset.walk import walk
from tests.examples import examples
from tests.subset_memory import Manner, MemorySource, graph_of
from tests.subset_reference import choose, demanded, followers, referred, referring, refers
from tests.subset_schemas import Case, Reference, Row, RowName, cases, without_limits

brief = examples(60)
manners = st.builds(
    Manner, st.integers(0, 99), st.sampled_from([1, 2, 100]), st.integers(1, 2), st.sampled_from([0, 1, 4095])
)
PLAIN = Manner()


@dataclass(frozen=True, slots=True)
class Walked:
    """A walk over a case, and what was heard of it: rows by name, in the order in which they were chosen."""

    case: Case
    source: MemorySource
    selection: Selection
    heard: list[tuple[RowName, Step]]

    @property
    def followed(self) -> set[RowName]:
        return {name for name, step in self.heard if step.followed}

    @property
    def chosen(self) -> set[RowName]:
        whole = {row.name for row in self.case.rows if self.source.leaf_of(row) in self.selection.whole}
        found = (self.names(leaf, rows) for leaf, rows in self.selection.rows.items())
        return whole.union(*found)

    @property
    def nulled(self) -> dict[RowName, frozenset[str]]:
        found = [
            (name, frozenset(nulled.columns))
            for leaf, groups in self.selection.nulled.items()
            for nulled in groups
            for name in self.names(leaf, nulled.rows)
        ]
        assert len(dict(found)) == len(found)
        return dict(found)

    def names(self, leaf: RelationName, rows: RowSet) -> list[RowName]:
        return [name for ids in rows.batches(1000) for name in self.source.names(leaf, ids)]

    @property
    def counts(self) -> dict[RelationName, int]:
        leaves = {*self.selection.rows, *self.selection.whole}
        return {leaf: count for leaf in sorted(leaves) if (count := self.selection.count(leaf))}

    @property
    def blocked(self) -> dict[Reference, int]:
        return {self.source.reference_of(edge): count for edge, count in self.selection.blocked.items()}


def walked(case: Case, manner: Manner = PLAIN, *, indexed: bool = True, analysed: bool = False) -> Walked:
    graph = graph_of(case, indexed=indexed, analysed=analysed)
    source = MemorySource(case, graph, manner)
    heard: list[tuple[RowName, Step]] = []

    def hear(leaf: RelationName, ids: RowIds, step: Step) -> None:
        heard.extend((name, step) for name in source.names(leaf, ids))

    return Walked(case, source, walk(graph, source, hear), heard)


@examples(150)
@given(cases(), manners)
def test_the_walk_chooses_what_the_reference_does(case: Case, manner: Manner) -> None:
    answer, found = choose(case), walked(case, manner)
    assert found.chosen == answer.chosen
    assert found.followed == answer.followed
    assert found.nulled == answer.nulled
    assert sum(found.counts.values()) == len(answer.chosen)
    assert found.blocked == {reference: len(rows) for reference, rows in answer.blocked.items()}


@brief
@given(cases())
def test_no_chosen_row_refers_to_one_that_is_not_unless_it_is_nulled_or_kept_out(case: Case) -> None:
    found = walked(case)
    chosen, nulled = found.chosen, found.nulled
    pairs = list(_reference_pairs(case))
    # Columns that are not unique may refer to several rows: one that stays is enough for a reference to lead somewhere.
    leads_on = {(reference, row.name) for reference, row, target in pairs if target.name in chosen}
    for reference, row, target in pairs:
        if row.name in chosen and target.name not in chosen:
            if reference.nulled:
                is_nulled = {*reference.nulled} <= nulled.get(row.name, frozenset())
                assert is_nulled or (reference, row.name) in leads_on
            else:
                assert case.policies.get(reference.referenced) in {"empty", "skip"}


@brief
@given(cases(most_rows=3))
def test_no_smaller_set_is_closed(case: Case) -> None:
    found = walked(case)
    followed, chosen = found.followed, found.chosen
    if len(chosen) > 10:
        return
    for fewer in _proper_subsets(followed, case.root_names):
        assert {row.name for row in followers(case, fewer)} - fewer
    whole = {row.name for row in case.rows if case.policies.get(row.name.table) == "all"}
    for fewer in _proper_subsets(chosen, followed | whole):
        needed = {target.name for _, target in demanded(case, fewer, into_empty=False)}
        assert (needed | {row.name for row in followers(case, fewer, of_any=True)}) - fewer


def _proper_subsets(names: set[RowName], within: frozenset[RowName] | set[RowName]) -> Iterator[set[RowName]]:
    loose = sorted(names - within)
    for count in range(len(loose)):
        yield from ({*within, *some} for some in combinations(loose, count))


@brief
@given(cases())
def test_more_roots_choose_more(case: Case) -> None:
    fewer = replace(case, roots=case.roots[:1])
    assert walked(fewer).chosen <= walked(case).chosen


@brief
@given(cases())
def test_all_of_a_root_with_nothing_held_back_is_all_that_can_be_reached(case: Case) -> None:
    """Down along references from the root, and up from there: paths in a graph of rows."""
    case = without_limits(case)
    table = case.roots[0][0]
    case = replace(case, roots=((table, frozenset(row.name.label for row in case.rows_of(table))),))
    down: dict[RowName, set[RowName]] = {}
    up: dict[RowName, set[RowName]] = {}
    for _, row, target in _reference_pairs(case):
        down.setdefault(target.name, set()).add(row.name)
        up.setdefault(row.name, set()).add(target.name)
    followed = {name for root in case.root_names for name in _reached(root, down)}
    assert walked(case).chosen == {name for start in followed for name in _reached(start, up)}


def _reached(start: RowName, steps: dict[RowName, set[RowName]]) -> set[RowName]:
    reached, left = {start}, [start]
    while left:
        new = steps.get(left.pop(), set()) - reached
        reached |= new
        left.extend(new)
    return reached


@brief
@given(cases(), st.sampled_from([1, 2, 7]), st.sampled_from([1, 2, 7]), st.booleans(), manners)
def test_neither_batches_nor_the_order_of_answers_matter(
    case: Case, indexed_batch: int, scan_batch: int, indexed: bool, manner: Manner
) -> None:
    expected = walked(case)
    with (
        patch.object(batches, "INDEXED_BATCH", indexed_batch),
        patch.object(batches, "SCAN_BATCH", scan_batch),
    ):
        found = walked(case, manner, indexed=indexed)
    assert found.chosen == expected.chosen
    assert found.followed == expected.followed
    assert found.nulled == expected.nulled
    assert found.counts == expected.counts
    assert found.blocked == expected.blocked
    assert [pull.rows for pull in found.selection.roots] == [pull.rows for pull in expected.selection.roots]


@brief
@given(cases(), manners)
def test_every_row_is_heard_of_once_and_its_cause_before_it(case: Case, manner: Manner) -> None:
    """Rows of tables that are copied whole have no cause but that."""
    found = walked(case, manner)
    whole = {row.name for row in case.rows if case.policies.get(row.name.table) == "all"}
    assert sorted(name for name, _ in found.heard) == sorted(found.chosen - whole)
    followed: set[RowName] = set()
    chosen = set(whole)
    for name, step in found.heard:
        known = None if step.root is not None else followed if step.followed else chosen
        assert step.followed or step.direction == "referenced" or (step.edge and step.edge.follow.always)
        if known is not None:
            assert known & set(_causes(found, name, step))
        else:
            assert name in case.root_names
        chosen.add(name)
        if step.followed:
            followed.add(name)


def _causes(found: Walked, name: RowName, step: Step) -> Iterator[RowName]:
    assert step.edge is not None
    case, reference = found.case, found.source.reference_of(step.edge)
    for other in case.rows:
        follows = step.direction == "referencing" and name in _names(referring(case, reference, other))
        is_needed = step.direction == "referenced" and name in _names(referred(case, reference, other))
        if follows or is_needed:
            yield other.name


def _names(rows: list[Row]) -> set[RowName]:
    return {row.name for row in rows}


def _reference_pairs(case: Case) -> Iterator[tuple[Reference, Row, Row]]:
    for reference in case.references:
        for row in case.rows:
            for target in case.rows:
                if refers(reference, row, target):
                    yield reference, row, target


@examples(150)
@given(cases(), st.integers(1, 4))
def test_what_is_told_of_the_walk_does_not_depend_on_how_much_is_asked_ahead(case: Case, ahead: int) -> None:
    told = [walked(case, Manner(ahead=number), analysed=True).selection for number in (0, ahead)]
    first, second = (
        [(pull.edge, pull.direction, pull.from_rows, pull.rows, pull.rounds) for pull in selection.pulls]
        for selection in told
    )
    assert first == second


@examples(150)
@given(cases(), st.integers(0, 4))
def test_to_know_how_many_rows_there_are_changes_nothing_but_the_questions(case: Case, ahead: int) -> None:
    found = walked(case, Manner(ahead=ahead), analysed=True)
    assert found.chosen == choose(case).chosen
    assert found.nulled == choose(case).nulled


@brief
@given(cases(), manners)
def test_shares_add_up(case: Case, manner: Manner) -> None:
    found = walked(case, manner)
    selection = found.selection
    whole = [row for row in case.rows if case.policies.get(row.name.table) == "all"]
    shares = [*(pull.new for pull in selection.roots), *(pull.rows for pull in selection.pulls), len(whole)]
    assert sum(shares) == len(found.chosen)
    assert [pull.rows for pull in selection.roots] == [len(labels) for _, labels in case.roots]
    held = [
        name
        for pull in selection.pulls
        for leaf, rows in pull.held.items()
        for name in found.names(leaf, rows)
    ]
    assert len(set(held)) == len(held) == sum(pull.rows for pull in selection.pulls)
    assert all(pull.rows == sum(map(len, pull.held.values())) for pull in selection.pulls)


@brief
@given(cases())
def test_along_an_edge_every_row_is_asked_about_once(case: Case) -> None:
    selection = walked(case).selection
    for pull in selection.pulls:
        start = pull.edge.referenced if pull.direction == "referencing" else pull.edge.referencing
        leaves = graph_of(case).leaves_of(start)
        assert pull.from_rows <= sum(map(selection.count, leaves))
