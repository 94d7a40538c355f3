from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.errors import Interrupted, PrivilegeMissing, ServerFailed, ServerUnreachable
from dbtool.masking.compile import ColumnMask, MaskingPlan, RelationMasks
from dbtool.masking.coverage import Coverage
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh import stream as stream_module
from dbtool.refresh.chunks import Chunk
from dbtool.refresh.request import Cancellation, Silent
from dbtool.refresh.stream import Stream, Streamed
from dbtool.targets import Target, Tier

USERS = RelationName("public", "users")
CODES = RelationName("public", "codes")
TEXT = ColumnType("text", "text")
LOST = ServerFailed("the connection was lost")


def relation(name: RelationName, *columns: str) -> Relation:
    return Relation(name, RelationKind.TABLE, tuple(Column(column, TEXT) for column in columns))


def upper(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return values.str.to_uppercase()


EMAIL = ColumnMask("email", 1, MASKS["email"], "email", Overlap.DISJOINT, (), upper, None, 0.0)
PLAN = MaskingPlan(
    {
        USERS: RelationMasks(relation(USERS, "id", "email"), (EMAIL,)),
        CODES: RelationMasks(relation(CODES, "code")),
    },
    Coverage({}),
)


class Source:
    """Gives each COPY the blocks of its relation; ``faults`` are raised one by one, after the first block."""

    def __init__(
        self, blocks: dict[RelationName, list[bytes]], faults: Sequence[Exception | None] = ()
    ) -> None:
        self._blocks, self._faults = blocks, iter(faults)
        self.opened: list[CopyOut] = []

    @contextmanager
    def open(self, copy: CopyOut) -> Iterator[Iterator[bytes]]:
        self.opened.append(copy)
        fault = next(self._faults, None)
        yield self._give(copy.relation, fault)

    def _give(self, name: RelationName, fault: Exception | None) -> Iterator[bytes]:
        for block in self._blocks[name]:
            yield block
            if fault is not None:
                raise fault


@dataclass
class Candidate:
    """In the candidate's place: what was loaded, and how its server fails, one load after the other.

    "refused" fails before the COMMIT, "lost" after it; ``unreachable`` counts look-ups that do not get through.
    """

    faults: list[tuple[str, Exception] | None] = field(default_factory=list)
    unreachable: int = 0
    whole: set[bool] = field(default_factory=set)
    into: set[RelationName | None] = field(default_factory=set)
    loaded: dict[tuple[RelationName, int], tuple[bytes, bool]] = field(default_factory=dict)
    sessions: int = 0

    @contextmanager
    def session(self, _target: Target, _database: str) -> Iterator[Any]:
        self.sessions += 1
        yield SimpleNamespace(cancel=lambda: None)

    def find(self, _connection: Any, name: RelationName, chunk: int) -> int | None:
        if self.unreachable:
            self.unreachable -= 1
            raise ServerUnreachable("not yet")
        found = self.loaded.get((name, chunk))
        return found[0].count(b"\n") if found else None

    def load(
        self,
        _connection: Any,
        name: RelationName,
        chunk: int,
        _columns: Any,
        blocks: Iterable[bytes],
        *,
        binary: bool,
        whole: bool,
        into: RelationName | None,
    ) -> int:
        self.whole.add(whole)
        self.into.add(into)
        content = b"".join(blocks)
        when, error = (self.faults.pop(0) if self.faults else None) or ("", None)
        if when == "refused" and error is not None:
            raise error
        assert (name, chunk) not in self.loaded, "loaded twice"
        self.loaded[name, chunk] = (content, binary)
        if error is not None:
            raise error
        return content.count(b"\n")


@dataclass
class Heard(Silent):
    said: list[tuple[RelationName, int]] = field(default_factory=list)

    def finished(self, relation: RelationName, rows: int) -> None:
        self.said.append((relation, rows))


@pytest.fixture
def candidate(monkeypatch: pytest.MonkeyPatch) -> Candidate:
    made = Candidate()
    monkeypatch.setattr(stream_module, "candidate_session", made.session)
    monkeypatch.setattr(stream_module, "find_loaded", made.find)
    monkeypatch.setattr(stream_module, "load_chunk", made.load)
    return made


def make_stream(source: Source, **changed: Any) -> Stream:
    stream = Stream(
        plan=PLAN,
        reader=source,
        target=Target("staging", Tier.STAGING, lambda: "postgresql://h/d"),
        candidate="candidate",
        seed=7,
        cancellation=Cancellation(),
        observer=Silent(),
        pauses_s=(0.0, 0.0),
    )
    return replace(stream, **changed) if changed else stream


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
