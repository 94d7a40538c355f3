"""Several sessions of one snapshot answer the walk's questions, in the walk's order."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import Interrupted
from dbtool.postgres.readings import PageRange, Reading
from dbtool.postgres.subset_source import SubsetSource
from dbtool.postgres.tid_session import FEW_ROWS
from dbtool.refresh import shared_source
from dbtool.refresh.request import Cancellation
from dbtool.refresh.shared_source import SharedSource, share_rows
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Root
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import BoundRoot, Edge
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.row_source import Question, answer_in_turn
from dbtool.subset.selection import Direction

A, B = RelationName("public", "a"), RelationName("public", "b")


def ids(count: int) -> RowIds:
    return np.arange(count, dtype=np.uint64)


def question(count: int, *, indexed: bool = True, direction: Direction = "referencing") -> Question:
    edge = Edge(
        B,
        ("a_id",),
        A,
        ("id",),
        (EqualityOperator(),),
        referencing_indexed=indexed,
        referenced_indexed=indexed,
    )
    return Question(edge, direction, {A: ids(count)})


class Session:
    """Answers with what it was asked, and keeps count; ``slow`` waits for the event before questions of so many rows. ``parted`` is how
    many rows a question has that is scanned in two parts, ``roots`` how many parts a root has.
    """

    def __init__(self, slow: int | None = None, after: threading.Event | None = None) -> None:
        self.is_busy, self.was_disturbed = False, False
        self.asked: list[tuple[int, bool]] = []
        self.pieces: set[int] = set()
        self.parted: int | None = None
        self.roots = 0
        self._with_others = False
        self._slow, self._after = slow, after

    def share_processors(self, *, with_others: bool) -> None:
        self._with_others = with_others

    def scans_in_pieces(self, question: Question) -> bool:
        return len(question.rows[A]) in self.pieces

    def scan_parts(self, question: Question, number: int) -> list[Reading]:
        if len(question.rows[A]) != self.parted:
            return []
        return [Reading(B, B, pages=PageRange(part, part + 1)) for part in range(number)]

    def root_parts(self, _root: BoundRoot) -> list[Reading]:
        return [Reading(A, A, pages=PageRange(part, part + 1)) for part in range(self.roots)]

    def root_rows(self, _root: BoundRoot) -> Iterator[Rows]:
        yield {A: ids(9)}

    def answers(self, questions: Any) -> Any:
        return answer_in_turn(cast("Any", self), questions)

    def referencing_rows(self, _edge: Edge, rows: Rows) -> Iterator[Rows]:
        count = len(rows[A])
        with self._at_work():
            if count == self._slow and self._after:
                assert self._after.wait(10)
        self.asked.append((count, self._with_others))
        yield rows

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        self.was_disturbed |= self.is_busy
        self.is_busy = True
        yield
        self.is_busy = False

    def count(self, _leaf: RelationName) -> int:
        with self._at_work():
            return 9

    referenced_rows = referencing_rows


@pytest.fixture
def parts_read(monkeypatch: pytest.MonkeyPatch) -> list[PageRange]:
    """Of scans and of roots, by whichever session; each answers with the number of its first page."""
    read: list[PageRange] = []

    def scan_part(_source: Any, question: Question, part: Reading) -> Iterator[Rows]:
        read.append(part.pages)
        yield {A: ids(part.pages.first or 0), B: question.rows[A][:0]}

    def root_part(_source: Any, root: BoundRoot, part: Reading) -> Iterator[Rows]:  # noqa: ARG001  named by who asks
        read.append(part.pages)
        yield {A: ids(part.pages.first or 0)}

    monkeypatch.setattr(SubsetSource, "scan_part", scan_part)
    monkeypatch.setattr(SubsetSource, "root_part", root_part)
    return read


ROOT = BoundRoot(Root(A, Position("rules.yaml", 1, 1), percent=10.0), (A,), ("id",))


def shared(*sessions: Session, cancellation: Cancellation | None = None) -> SharedSource:
    return SharedSource(cast("Any", sessions), cancellation or Cancellation())


def counts(source: SharedSource, questions: Sequence[Question]) -> list[int]:
    return [len(rows[A]) for _, rows in source.answers(iter(questions))]


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


@pytest.mark.parametrize("direction", ["referencing", "referenced"])
def test_a_lone_question_that_an_index_answers_is_shared(direction: Direction) -> None:
    first, second = Session(), Session()
    found = list(shared(first, second).answers([question(5_000, direction=direction)]))
    assert np.concatenate([rows[A] for _, rows in found]).tolist() == list(range(5_000))
    assert sorted(first.asked + second.asked) == [(2_500, True), (2_500, True)]


def test_a_lone_scan_is_one_session_s_and_may_have_all_processors() -> None:
    first, second = Session(), Session()
    assert counts(shared(first, second), [question(5_000, indexed=False)]) == [5_000]
    assert (first.asked, second.asked) == ([(5_000, False)], [])


def test_of_several_questions_none_is_shared_and_each_has_one_processor() -> None:
    first, second = Session(), Session()
    assert counts(shared(first, second), [question(5_000), question(6_000), question(7_000)]) == [
        5_000,
        6_000,
        7_000,
    ]
    assert sorted(first.asked + second.asked) == [(5_000, True), (6_000, True), (7_000, True)]


def test_of_several_a_large_scan_is_cut_by_pages_and_answered_in_its_place(
    parts_read: list[PageRange],
) -> None:
    first, second = Session(), Session()
    first.parted = 7
    assert counts(shared(first, second), [question(5), question(7), question(6)]) == [5, 0, 1, 6]
    assert sorted(parts_read, key=str) == [PageRange(0, 1), PageRange(1, 2)]


def test_a_large_scan_that_is_asked_alone_is_not_cut(parts_read: list[PageRange]) -> None:
    first = Session()
    first.parted = 7
    assert counts(shared(first, Session()), [question(7, indexed=False)]) == [7]
    assert parts_read == []


def test_a_root_is_read_by_several_sessions_part_by_part(parts_read: list[PageRange]) -> None:
    first = Session()
    first.roots = 3
    found = list(shared(first, Session()).root_rows(ROOT))
    assert [len(rows[A]) for rows in found] == [0, 1, 2]
    assert len(parts_read) == 3


@pytest.mark.parametrize(("sessions", "parts"), [(1, 3), (2, 1), (2, 0)])
def test_a_root_with_one_part_or_one_session_is_read_at_once(
    sessions: int, parts: int, parts_read: list[PageRange]
) -> None:
    readers = [Session() for _ in range(sessions)]
    readers[0].roots = parts
    assert [len(rows[A]) for rows in shared(*readers).root_rows(ROOT)] == [9]
    assert parts_read == []


def test_answers_keep_the_order_of_the_questions_whichever_comes_first() -> None:
    later = threading.Event()

    class Late(Session):
        def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
            yield from super().referencing_rows(edge, rows)
            if len(rows[A]) == 3:
                later.set()

    sessions = [Late(slow=1, after=later), Late(slow=1, after=later)]
    asked = [question(1), question(2), question(3), question(4)]
    assert counts(shared(*sessions), asked) == [1, 2, 3, 4]


def test_no_more_is_asked_ahead_than_memory_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_source, "_HELD_ROWS", 1)
    held = threading.Event()
    taken: list[int] = []

    def questions() -> Iterator[Question]:
        for count in (1, 2, 3, 4):
            taken.append(count)
            if count == 3:
                held.set()
            yield question(count)

    sessions = [Session(slow=1, after=held), Session(slow=1, after=held)]
    threading.Timer(0.3, held.set).start()
    answers = shared(*sessions).answers(questions())
    assert len(next(answers)[1][A]) == 1
    # the second's answer was held while the first was waited for, so that nobody asked the third
    assert taken == [1, 2]
    assert [len(rows[A]) for _, rows in answers] == [2, 3, 4]


def test_what_is_answered_in_pieces_is_asked_alone_and_in_its_place() -> None:
    first, second = Session(), Session()
    first.pieces = {7}
    assert counts(shared(first, second), [question(5), question(7), question(6)]) == [5, 7, 6]
    assert (7, False) in first.asked


def test_one_session_has_nobody_to_share_with() -> None:
    only = Session()
    assert counts(shared(only), [question(5_000), question(3)]) == [5_000, 3]
    assert only.asked == [(5_000, False), (3, False)]


def test_one_session_s_failure_is_the_answer_and_ends_the_others() -> None:
    class Failing(Session):
        def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
            if len(rows[A]) == 2:
                raise ValueError(len(rows))
            yield from super().referencing_rows(edge, rows)

    cancellation = Cancellation()
    source = shared(Failing(), Failing(), cancellation=cancellation)
    with pytest.raises(ValueError, match="1"):
        counts(source, [question(1), question(2), question(3)])
    with pytest.raises(Interrupted):
        cancellation.check()


def test_questions_are_taken_by_the_thread_that_reads_the_answers() -> None:
    threads: set[int] = set()

    def questions() -> Iterator[Question]:
        for count in range(1, 20):
            threads.add(threading.get_ident())
            yield question(count)

    assert len(list(shared(Session(), Session()).answers(questions()))) == 19
    assert threads == {threading.get_ident()}


def test_the_session_is_one_that_answers_the_walk() -> None:
    own = {"share_processors", "scans_in_pieces", "scan_parts", "scan_part", "root_parts", "root_part"}
    public = {name for name in vars(SubsetSource) if not name.startswith("_")}
    assert all(hasattr(SharedSource, name) for name in public - own)


def test_what_is_counted_between_questions_is_counted_by_nobody_who_is_at_work() -> None:
    """A session has one cursor: of two who ask it, one would have the other's answer."""
    counted = threading.Event()
    sessions = [Session(slow=1, after=counted), Session(slow=1, after=counted)]
    source = shared(*sessions)

    def questions() -> Iterator[Question]:
        yield from (question(1), question(2))
        assert source.count(A) == 9
        counted.set()
        yield question(3)

    assert [len(rows[A]) for _, rows in source.answers(questions())] == [1, 2, 3]
    assert not any(session.was_disturbed for session in sessions)


def test_a_failure_is_told_before_those_who_were_asked_earlier_have_answered() -> None:
    told = threading.Event()

    class Failing(Session):
        def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
            if len(rows[A]) == 2:
                raise ValueError(len(rows))
            yield from super().referencing_rows(edge, rows)

    cancellation = Cancellation()
    source = shared(Failing(1, told), Failing(1, told), cancellation=cancellation)
    with cancellation.ending(told.set), pytest.raises(ValueError, match="1"):
        counts(source, [question(1), question(2)])


def test_a_session_whose_run_has_ended_asks_no_further() -> None:
    """Between two queries of one question there is nothing that could be cancelled."""
    asked: list[int] = []
    cancellation = Cancellation()

    class InParts(Session):
        def referencing_rows(self, _edge: Edge, rows: Rows) -> Iterator[Rows]:
            for part in range(3):
                asked.append(part)
                cancellation.request()
                yield rows

    with pytest.raises(Interrupted):
        counts(shared(InParts(), InParts(), cancellation=cancellation), [question(1), question(2)])
    assert set(asked) == {0}
