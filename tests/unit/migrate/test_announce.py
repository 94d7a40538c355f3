"""Whoever watches hears of revisions and statements before they are answered, and the overseer of everything."""

from __future__ import annotations

from typing import Any

from dbtool.migrate.request import Silent
from dbtool.migrate.runner.announce import Announced
from dbtool.migrate.runner.overseer import Stop
from tests.unit.migrate.application_cases import end, start


class _Overseer:
    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    def __getattr__(self, name: str) -> Any:
        def hear(*arguments: Any, **named: Any) -> Any:
            self.heard.append((name, *arguments, *named.values()))
            return Stop("no") if name == "statement_begins" else ("SQL",)

        return hear


class _Watching(Silent):
    def __init__(self, heard: list[Any]) -> None:
        self.heard = heard

    def revision(self, revision: str, file: str) -> None:
        self.heard.append(("seen", revision, file))

    def statement(self, sql: str) -> None:
        self.heard.append(("seen", sql))


def test_everything_is_passed_on_in_its_order_and_answers_come_back() -> None:
    heard: list[Any] = []
    one = Announced(_Overseer(heard), _Watching(heard), {"r2": "versions/r2.py"})
    started = start(1, "SELECT 1")
    ended = end(started)
    one.connected(4711)
    one.configured("none")
    one.revision_begins("r2")
    assert one.statement_begins(started) == Stop("no")
    one.statement_ended(ended)
    assert one.committing(3) == ("SQL",)
    one.transaction_ended(committed=True, at=1.5)
    one.revision_failed("r2", "42701", "exists")
    assert one.revision_ends("r2", 2.0) == ("SQL",)
    assert heard == [
        ("connected", 4711),
        ("configured", "none"),
        ("seen", "r2", "versions/r2.py"),
        ("revision_begins", "r2"),
        ("seen", "SELECT 1"),
        ("statement_begins", started),
        ("statement_ended", ended),
        ("committing", 3),
        ("transaction_ended", True, 1.5),
        ("revision_failed", "r2", "42701", "exists"),
        ("revision_ends", "r2", 2.0),
    ]


def test_a_revision_without_a_file_is_announced_without_one() -> None:
    heard: list[Any] = []
    Announced(_Overseer(heard), _Watching(heard), {}).revision_begins("r9")
    assert heard[0] == ("seen", "r9", "")
