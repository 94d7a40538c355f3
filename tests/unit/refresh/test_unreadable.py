"""The column that a COPY failed for is named, and nothing else is changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import ServerFailed, ServerUnreachable
from dbtool.postgres.copy_out import CopyOut
from dbtool.refresh.unreadable import naming_column

_COPY = CopyOut(RelationName("public", "t"), ("id", "gone", "fine", "broken", "also"), pushed={1: "NULL"})


@dataclass
class Reader:
    """Fails with ``sqlstate`` wherever ``broken`` is read."""

    sqlstate: str
    broken: tuple[str, ...] = ("broken", "also", "gone")
    asked: list[CopyOut] = field(default_factory=list)

    @contextmanager
    def open(self, copy: CopyOut) -> Iterator[Iterator[bytes]]:
        self.asked.append(copy)
        yield iter([b"1\n"])
        if set(copy.columns) & set(self.broken):
            raise ServerFailed("reading failed", self.sqlstate)


@pytest.mark.parametrize("code", ["22021", "22P05"])
def test_the_first_column_that_cannot_be_read_is_named(code: str) -> None:
    reader = Reader(code)
    told = naming_column(ServerFailed("reading failed", code), reader, _COPY)
    assert "public.t.broken" in str(told)
    assert [copy.columns for copy in reader.asked] == [("id",), ("fine",), ("broken",)]


def test_where_all_can_be_read_it_is_a_stand_in_that_cannot_be_written() -> None:
    told = naming_column(ServerFailed("loading failed", "22P05"), Reader("22P05", broken=()), _COPY)
    assert "locale" in str(told)
    assert "public.t" in str(told)


@pytest.mark.parametrize(
    "error",
    [ServerFailed("x", "22P02"), ServerFailed("x"), ServerUnreachable("x"), ServerFailed("x", "22021")],
)
def test_any_other_failure_is_told_as_it_was(error: ServerFailed | ServerUnreachable) -> None:
    assert naming_column(error, Reader("57P01"), _COPY) is error
