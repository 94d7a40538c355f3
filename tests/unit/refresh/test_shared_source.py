from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.postgres.subset_source import SubsetSource
from dbtool.postgres.tid_session import FEW_ROWS
from dbtool.refresh.request import Cancellation
from dbtool.refresh.shared_source import SharedSource, share_rows
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import Edge
from dbtool.subset.row_set import RowIds, Rows

A, B = RelationName("public", "a"), RelationName("public", "b")


def ids(count: int) -> RowIds:
    return np.arange(count, dtype=np.uint64)


def edge(*, indexed: bool) -> Edge:
    return Edge(
        B,
        ("a_id",),
        A,
        ("id",),
        (EqualityOperator(),),
        referencing_indexed=indexed,
        referenced_indexed=indexed,
    )


class Session:
    """Answers with what it was asked, and keeps count."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def referencing_rows(self, _edge: Edge, rows: Rows) -> Iterator[Rows]:
        self.asked.append(sum(map(len, rows.values())))
        yield rows

    referenced_rows = referencing_rows


def shared(*sessions: Session) -> SharedSource:
    return SharedSource(cast("Any", sessions), Cancellation())


@pytest.mark.parametrize("count", [0, 1, 1_999, FEW_ROWS + 1])
def test_few_rows_and_very_many_are_one_session_s_question(count: int) -> None:
    rows = {A: ids(count)}
    assert share_rows(rows, 2) == [rows]


def test_shares_are_all_rows_and_none_twice() -> None:
    shares = share_rows({A: ids(3_000), B: ids(1)}, 3)
    assert len(shares) == 3
    for leaf, count in ((A, 3_000), (B, 1)):
        together = np.concatenate([share[leaf] for share in shares if leaf in share])
        assert together.tolist() == list(range(count))


@pytest.mark.parametrize("direction", ["referencing_rows", "referenced_rows"])
def test_what_an_index_answers_is_shared_and_a_scan_is_not(direction: str) -> None:
    first, second = Session(), Session()
    source = shared(first, second)
    found = list(getattr(source, direction)(edge(indexed=True), {A: ids(5_000)}))
    assert np.concatenate([rows[A] for rows in found]).tolist() == list(range(5_000))
    assert (first.asked, second.asked) == ([2_500], [2_500])
    list(getattr(source, direction)(edge(indexed=False), {A: ids(5_000)}))
    assert (first.asked, second.asked) == ([2_500, 5_000], [2_500])


def test_one_session_s_failure_is_the_answer() -> None:
    class Failing(Session):
        def referencing_rows(self, _edge: Edge, rows: Rows) -> Iterator[Rows]:
            raise ValueError(len(rows))
            yield rows

    with pytest.raises(ValueError, match="1"):
        list(shared(Session(), Failing()).referencing_rows(edge(indexed=True), {A: ids(5_000)}))


def test_the_session_is_one_that_answers_the_walk() -> None:
    assert all(hasattr(SharedSource, name) for name in vars(SubsetSource) if not name.startswith("_"))
