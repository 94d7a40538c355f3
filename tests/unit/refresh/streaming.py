"""What a stream reads from and loads into, without a server: both can fail as servers do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.errors import ServerFailed, ServerUnreachable
from dbtool.masking.compile import ColumnMask, MaskingPlan, RelationMasks
from dbtool.masking.coverage import Coverage
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.loaded_chunks import Load
from dbtool.refresh import stream as stream_module
from dbtool.refresh.request import Cancellation, Silent
from dbtool.refresh.stream import Stream
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
        self, blocks: Mapping[RelationName, Iterable[bytes]], faults: Sequence[Exception | None] = ()
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

    "refused" fails before the COMMIT, "lost" after it. Of a load that is "lost late" the COMMIT arrives only when a "late"
    one is refused. ``unreachable`` counts look-ups that do not get through.
    """

    faults: list[tuple[str, Exception] | None] = field(default_factory=list)
    unreachable: int = 0
    whole: set[bool] = field(default_factory=set)
    into: set[RelationName | None] = field(default_factory=set)
    loaded: dict[tuple[RelationName, int], tuple[bytes, bool]] = field(default_factory=dict)
    sessions: int = 0
    transactions: list[int] = field(default_factory=list)
    lost: list[tuple[Load, bytes]] = field(default_factory=list)

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

    def load(self, _connection: Any, loads: Sequence[Load]) -> list[int]:
        self.transactions.append(len(loads))
        self.whole |= {load.whole for load in loads}
        self.into |= {load.into for load in loads}
        content = [b"".join(load.blocks) for load in loads]
        when, error = (self.faults.pop(0) if self.faults else None) or ("", None)
        if when == "late":  # it was refused, and meanwhile the COMMIT before it arrived
            self.commit(self.lost)
        if when == "lost late":
            self.lost = [*zip(loads, content, strict=True)]
        if when in {"refused", "late", "lost late"} and error is not None:
            raise error
        self.commit([*zip(loads, content, strict=True)])
        if error is not None:
            raise error
        return [one.count(b"\n") for one in content]

    def commit(self, loads: Sequence[tuple[Load, bytes]]) -> None:
        for load, content in loads:
            assert (load.relation, load.chunk) not in self.loaded, "loaded twice"
            self.loaded[load.relation, load.chunk] = (content, load.binary)


@dataclass
class Heard(Silent):
    said: list[tuple[RelationName, int]] = field(default_factory=list)
    rows: Counter[RelationName] = field(default_factory=Counter)
    bytes: Counter[RelationName] = field(default_factory=Counter)

    def advanced(self, relation: RelationName, rows: int, size: int) -> None:
        self.rows[relation] += rows
        self.bytes[relation] += size

    def finished(self, relation: RelationName, rows: int) -> None:
        self.said.append((relation, rows))


def in_the_server_s_place(monkeypatch: pytest.MonkeyPatch) -> Candidate:
    made = Candidate()
    monkeypatch.setattr(stream_module, "candidate_session", made.session)
    monkeypatch.setattr(stream_module, "find_loaded", made.find)
    monkeypatch.setattr(stream_module, "load_chunks", made.load)
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
