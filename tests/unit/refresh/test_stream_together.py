"""Chunks that are alike are masked and loaded together; what becomes of them when that fails."""

from collections.abc import Iterator
from typing import Any

import pytest

from dbtool.catalog.relations import Column, Relation, RelationKind, RelationName
from dbtool.errors import Interrupted, ServerFailed, ServerUnreachable
from dbtool.masking.compile import MaskingPlan, RelationMasks
from dbtool.masking.coverage import Coverage
from dbtool.refresh import stream as stream_module
from dbtool.refresh.chunks import Chunk
from dbtool.refresh.request import Cancellation
from dbtool.refresh.stream import Streamed
from tests.unit.refresh.streaming import (
    EMAIL,
    LOST,
    TEXT,
    Candidate,
    Heard,
    Source,
    in_the_server_s_place,
    make_stream,
)

VISIT = RelationName("public", "visit")
OLD, NEW, NONE = (RelationName("public", f"visit_{end}") for end in ("old", "new", "none"))
ALL = (OLD, NEW, NONE)
CHUNKS = [Chunk(name, 0) for name in ALL]
BLOCKS = {OLD: [b"1\ta@b.c\n2\t\\N\n", b"3\tD@E.F\n"], NEW: [b"4\tg@h.i\n"], NONE: []}
LOADED = {
    (OLD, 0): (b"1\tA@B.C\n2\t\\N\n3\tD@E.F\n", False),
    (NEW, 0): (b"4\tG@H.I\n", False),
    (NONE, 0): (b"", False),
}


def partition(name: RelationName) -> RelationMasks:
    columns = (Column("id", TEXT), Column("email", TEXT))
    return RelationMasks(Relation(name, RelationKind.TABLE, columns, partition_root=VISIT), (EMAIL,))


PLAN = MaskingPlan({name: partition(name) for name in ALL}, Coverage({}))


@pytest.fixture
def candidate(monkeypatch: pytest.MonkeyPatch) -> Candidate:
    return in_the_server_s_place(monkeypatch)


def copy_visits(source: Source, chunks: list[Chunk] = CHUNKS, **changed: Any) -> Streamed:
    return make_stream(source, plan=PLAN, **changed).run(chunks, 1)


def check_visits(streamed: Streamed, candidate: Candidate) -> None:
    """Everything counted once and in its place, whatever went wrong on the way."""
    assert candidate.loaded == LOADED
    assert [(table.name, table.rows, table.bytes) for table in streamed.tables] == [
        (NEW, 1, 8),
        (NONE, 0, 0),
        (OLD, 3, 21),
    ]
    assert list(streamed.tallies) == [VISIT]
    tally = streamed.tallies[VISIT]["email"]
    assert (tally.rows, tally.nulls, tally.fixed) == (4, 1, 1)


def test_partitions_are_loaded_in_one_transaction_each_with_its_own_rows(candidate: Candidate) -> None:
    heard = Heard()
    source = Source(BLOCKS)
    check_visits(copy_visits(source, observer=heard), candidate)
    assert candidate.transactions == [3]
    assert candidate.whole == {True}
    assert candidate.into == {None}
    assert len(source.opened) == 3
    assert sorted(heard.said) == [(NEW, 1), (NONE, 0), (OLD, 3)]
    assert heard.rows == {NEW: 1, NONE: 0, OLD: 3}
    assert heard.bytes == {NEW: 8, NONE: 0, OLD: 21}


def test_what_finds_its_way_through_the_root_is_loaded_there(candidate: Candidate) -> None:
    check_visits(copy_visits(Source(BLOCKS), routes=dict.fromkeys(ALL, VISIT)), candidate)
    assert candidate.transactions == [3]
    assert candidate.into == {VISIT}
    assert candidate.whole == {False}


@pytest.mark.parametrize(
    "error", [LOST, ServerUnreachable("refused"), ServerFailed("invalid input syntax", "22P02")]
)
def test_when_they_are_refused_each_is_tried_by_itself(candidate: Candidate, error: Exception) -> None:
    candidate.faults = [("refused", error)]
    heard = Heard()
    check_visits(copy_visits(Source(BLOCKS), observer=heard), candidate)
    assert candidate.transactions == [3, 1, 1, 1]
    assert heard.rows == {NEW: 1, OLD: 3}, "progress is told of what was loaded, not of what was tried"
    assert heard.bytes == {NEW: 8, OLD: 21}


def test_when_a_reading_fails_each_is_tried_by_itself(candidate: Candidate) -> None:
    source = Source(BLOCKS, [None, LOST])
    check_visits(copy_visits(source), candidate)
    assert [copy.relation for copy in source.opened] == [OLD, NEW, OLD, NEW, NONE]
    assert candidate.transactions == [1, 1, 1]


def test_a_commit_whose_answer_was_lost_is_looked_up_and_nothing_is_loaded_twice(
    candidate: Candidate,
) -> None:
    candidate.faults = [("lost", LOST)]
    check_visits(copy_visits(Source(BLOCKS)), candidate)
    assert candidate.transactions == [3]


def test_a_look_up_that_fails_is_repeated(candidate: Candidate) -> None:
    candidate.faults, candidate.unreachable = [("lost", LOST)], 2
    check_visits(copy_visits(Source(BLOCKS)), candidate)
    assert candidate.transactions == [3]


def test_what_is_counted_again_may_fail_and_is_counted_once(candidate: Candidate) -> None:
    candidate.faults = [("lost", LOST)]
    check_visits(copy_visits(Source(BLOCKS, [None, None, None, LOST])), candidate)
    assert candidate.transactions == [3]


def test_a_commit_that_arrives_while_the_first_is_tried_by_itself_loses_no_tally(
    candidate: Candidate,
) -> None:
    candidate.faults = [("lost late", LOST), ("late", ServerFailed("duplicate key", "23505"))]
    check_visits(copy_visits(Source(BLOCKS)), candidate)
    assert candidate.transactions == [3, 1]


def test_what_fails_by_itself_as_well_ends_the_run(candidate: Candidate) -> None:
    error = ServerFailed("invalid input syntax", "22P02")
    candidate.faults = [("refused", error), None, ("refused", error)]
    with pytest.raises(ServerFailed, match="invalid input syntax"):
        copy_visits(Source(BLOCKS))
    assert list(candidate.loaded) == [(OLD, 0)]


def test_more_than_is_held_is_copied_one_by_one(
    candidate: Candidate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "_HELD_BYTES", 28)
    check_visits(copy_visits(Source(BLOCKS)), candidate)
    assert candidate.transactions == [1, 1, 1]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (b"4\tg@h", r"COPY stream of public\.visit_new ended within a row"),
        (b"4\t\xe9\n", r"public\.visit_new holds text that is not UTF-8"),
    ],
)
def test_what_cannot_be_parsed_is_told_of_the_partition_that_has_it(
    candidate: Candidate, block: bytes, message: str
) -> None:
    with pytest.raises(ServerFailed, match=message):
        copy_visits(Source({**BLOCKS, NEW: [block]}))
    assert list(candidate.loaded) == [(OLD, 0)]


def test_half_a_row_does_not_go_on_in_the_next_partition_s(candidate: Candidate) -> None:
    with pytest.raises(ServerFailed, match=r"COPY stream of public\.visit_old ended within a row"):
        copy_visits(Source({**BLOCKS, OLD: [b"9"]}))
    assert candidate.loaded == {}


def test_what_is_too_large_is_loaded_beside_the_group(candidate: Candidate) -> None:
    check_visits(copy_visits(Source(BLOCKS), [Chunk(OLD, 0, bytes=1 << 30), *CHUNKS[1:]]), candidate)
    assert candidate.transactions == [1, 2]


def test_the_chunks_of_one_partition_are_tallied_once_each(candidate: Candidate) -> None:
    chunks = [Chunk(OLD, 0, None, 5), Chunk(OLD, 1, 5), Chunk(NEW, 0), Chunk(NONE, 0)]
    streamed = copy_visits(Source(BLOCKS), chunks)
    assert {table.name: table.rows for table in streamed.tables} == {OLD: 6, NEW: 1, NONE: 0}
    assert streamed.tallies[VISIT]["email"].rows == 7
    assert sum(candidate.transactions) == 4


@pytest.mark.parametrize("fault", [None, LOST], ids=["goes on", "fails after it"])
def test_a_request_to_end_is_heard_between_two_blocks_and_nothing_is_tried_again(
    candidate: Candidate, fault: Exception | None
) -> None:
    cancellation = Cancellation()

    def end_while_read() -> Iterator[bytes]:
        yield BLOCKS[OLD][0]
        cancellation.request()
        if fault is not None:
            raise fault
        yield BLOCKS[OLD][1]

    source = Source({**BLOCKS, OLD: end_while_read()})
    with pytest.raises(Interrupted):
        copy_visits(source, cancellation=cancellation)
    assert len(source.opened) == 1
    assert candidate.loaded == {}
