from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dbtool.errors import Interrupted, PrivilegeMissing, ServerFailed, ServerUnreachable
from dbtool.refresh.chunks import Chunk
from dbtool.refresh.request import Cancellation, Silent
from dbtool.refresh.stream import Streamed
from tests.unit.refresh.streaming import (
    CODES,
    LOST,
    USERS,
    Candidate,
    Heard,
    Source,
    in_the_server_s_place,
    make_stream,
)


@pytest.fixture
def candidate(monkeypatch: pytest.MonkeyPatch) -> Candidate:
    return in_the_server_s_place(monkeypatch)


def users(faults: Sequence[Exception | None] = ()) -> Source:
    return Source({USERS: [b"1\ta@b.c\n2\t\\N\n", b"3\tD@E.F\n"]}, faults)


def copy_users(source: Source, **changed: Any) -> Streamed:
    return make_stream(source, **changed).run([Chunk(USERS, 0)], 1)


LOADED = {(USERS, 0): (b"1\tA@B.C\n2\t\\N\n3\tD@E.F\n", False)}


def check_users(streamed: Streamed, candidate: Candidate) -> None:
    """Everything counted once, whatever went wrong on the way."""
    assert candidate.loaded == LOADED
    (table,) = streamed.tables
    assert (table.name, table.rows, table.bytes, table.masked_columns) == (USERS, 3, 21, ("email",))
    tally = streamed.tallies[USERS]["email"]
    assert (tally.rows, tally.nulls, tally.fixed) == (3, 1, 1)


def test_rows_arrive_masked_and_counted(candidate: Candidate) -> None:
    check_users(copy_users(users()), candidate)


def test_a_relation_without_masks_travels_binary_and_its_rows_are_the_server_s(candidate: Candidate) -> None:
    source = Source({CODES: [b"\0\1\n", b"\2\n"]})
    streamed = make_stream(source).run([Chunk(CODES, 0)], 1)
    assert candidate.loaded == {(CODES, 0): (b"\0\1\n\2\n", True)}
    assert source.opened[0].binary
    assert [(table.rows, table.bytes) for table in streamed.tables] == [(2, 5)]


def test_the_chunks_of_a_relation_are_one_table_of_the_result(candidate: Candidate) -> None:
    heard = Heard()
    stream = make_stream(Source({USERS: [b"1\ta@b.c\n"], CODES: [b"x\n"]}), observer=heard)
    streamed = stream.run([Chunk(USERS, 0, None, 5), Chunk(USERS, 1, 5), Chunk(CODES, 0)], 2)
    assert [(table.name, table.rows) for table in streamed.tables] == [(CODES, 1), (USERS, 2)]
    assert streamed.tallies[USERS]["email"].rows == 2
    assert streamed.tallies[CODES] == {}
    assert sorted(heard.said) == [(CODES, 1), (USERS, 2)]
    assert len(candidate.loaded) == 3
    assert candidate.whole == {True, False}  # only CODES may replace what its relation holds


def test_nothing_to_copy_is_no_table(candidate: Candidate) -> None:
    assert make_stream(Source({})).run([], 2) == Streamed((), {})
    assert candidate.loaded == {}


@pytest.mark.parametrize(
    "error",
    [
        LOST,
        ServerUnreachable("refused"),
        ServerFailed("connection failure", "08006"),
        ServerFailed("terminating connection", "57P01"),
        ServerFailed("too many connections", "53300"),
        ServerFailed("canceling statement due to conflict with recovery", "40001"),
    ],
)
def test_what_passes_is_tried_again(candidate: Candidate, error: Exception) -> None:
    source = users([error])
    check_users(copy_users(source), candidate)
    assert len(source.opened) == 2


@pytest.mark.parametrize(
    "error",
    [
        ServerFailed("invalid input syntax", "22P02"),
        ServerFailed("invalid snapshot identifier", "22023"),
        ServerFailed("disk full", "53100"),
        ServerFailed("canceling statement due to user request", "57014"),
        PrivilegeMissing("permission denied"),
        ValueError("a bug"),
    ],
)
def test_what_does_not_pass_ends_the_run_at_once(candidate: Candidate, error: Exception) -> None:
    source = users([error])
    with pytest.raises(type(error), match=str(error)):
        copy_users(source)
    assert len(source.opened) == 1
    assert candidate.loaded == {}


def test_the_third_failure_is_the_last(candidate: Candidate) -> None:
    source = users([LOST, LOST, LOST, LOST])
    with pytest.raises(ServerFailed, match="lost"):
        copy_users(source)
    assert len(source.opened) == 3
    assert candidate.loaded == {}


def test_a_load_that_was_refused_is_read_again(candidate: Candidate) -> None:
    candidate.faults = [("refused", LOST), ("refused", LOST)]
    check_users(copy_users(users()), candidate)


def test_a_commit_whose_answer_was_lost_is_looked_up_and_not_repeated(candidate: Candidate) -> None:
    candidate.faults = [("lost", LOST)]
    source = users()
    check_users(copy_users(source), candidate)
    assert len(source.opened) == 1


def test_a_commit_that_arrives_after_the_next_attempt_has_begun_is_counted_by_that_one(
    candidate: Candidate,
) -> None:
    candidate.faults = [("lost late", LOST), ("late", ServerFailed("duplicate key", "23505"))]
    source = users()
    check_users(copy_users(source), candidate)
    assert len(source.opened) == 2


def test_an_attempt_that_was_cut_short_is_not_what_is_counted_of_one_that_was_loaded(
    candidate: Candidate,
) -> None:
    candidate.faults = [("lost late", LOST)]
    source = users([None, LOST])
    pauses: list[float] = []
    cancellation = Cancellation()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) > 1:
            candidate.commit(candidate.lost)

    cancellation.pause = pause  # type: ignore[method-assign]  # the COMMIT arrives in the second
    check_users(copy_users(source, cancellation=cancellation), candidate)
    assert len(source.opened) == 3


def test_a_look_up_that_fails_is_repeated(candidate: Candidate) -> None:
    candidate.faults, candidate.unreachable = [("lost", LOST)], 1
    check_users(copy_users(users()), candidate)


def test_a_commit_lost_in_the_second_attempt_counts_that_attempt(candidate: Candidate) -> None:
    candidate.faults = [("lost", LOST)]
    source = users([LOST])
    check_users(copy_users(source), candidate)
    assert len(source.opened) == 2


def test_between_attempts_there_is_a_pause_that_the_end_of_the_run_cuts_short(candidate: Candidate) -> None:
    cancellation = Cancellation()
    paused: list[float] = []

    def pause(seconds: float) -> None:
        paused.append(seconds)
        cancellation.request()
        Cancellation.pause(cancellation, 60)

    cancellation.pause = pause  # type: ignore[method-assign]  # a pause in which the run is ended
    with pytest.raises(Interrupted):
        copy_users(users([LOST]), cancellation=cancellation, pauses_s=(1.5, 60.0))
    assert paused == [1.5]
    assert candidate.loaded == {}


def test_a_request_to_end_stops_between_two_blocks(candidate: Candidate) -> None:
    cancellation = Cancellation()

    class EndsAfterABlock(Silent):
        advanced: Callable[..., None] = staticmethod(lambda *_counted: cancellation.request())

    with pytest.raises(Interrupted):
        copy_users(users(), cancellation=cancellation, observer=EndsAfterABlock())
    assert candidate.loaded == {}


@pytest.mark.usefixtures("candidate")
def test_a_failure_after_the_request_to_end_is_not_tried_again() -> None:
    cancellation = Cancellation()
    source = users([LOST])

    class EndsAfterABlock(Silent):
        advanced: Callable[..., None] = staticmethod(lambda *_counted: cancellation.request())

    with pytest.raises(Interrupted):
        copy_users(source, cancellation=cancellation, observer=EndsAfterABlock())
    assert len(source.opened) == 1


def test_a_block_that_cannot_be_parsed_names_the_relation_and_is_not_tried_again(
    candidate: Candidate,
) -> None:
    source = Source({USERS: [b"1\t\xe9\n"]})
    with pytest.raises(ServerFailed, match=r"public\.users holds text that is not UTF-8"):
        copy_users(source)
    assert [copy.columns for copy in source.opened].count(("id", "email")) == 1
    assert candidate.loaded == {}


def test_a_worker_loads_chunk_after_chunk_in_one_session(candidate: Candidate) -> None:
    chunks = [Chunk(USERS, number) for number in range(4)]
    make_stream(users()).run(chunks, 1)
    assert len(candidate.loaded) == 4
    assert candidate.sessions == 1


def test_a_session_whose_load_failed_loads_nothing_more(candidate: Candidate) -> None:
    candidate.faults = [None, ("refused", LOST)]
    make_stream(users()).run([Chunk(USERS, number) for number in range(3)], 1)
    assert len(candidate.loaded) == 3
    assert candidate.sessions == 2
