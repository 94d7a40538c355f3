"""An overseer whose doings are announced to whoever watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbtool.migrate.request import Observer
from dbtool.migrate.runner.overseer import Answer, Overseer, StatementEnd, StatementStart


@dataclass(frozen=True, slots=True)
class Announced:
    """``files`` are the revisions' files, by revision."""

    overseer: Overseer
    observer: Observer
    files: Mapping[str, str]

    def connected(self, pid: int) -> None:
        self.overseer.connected(pid)

    def configured(self, transaction_mode: str) -> None:
        self.overseer.configured(transaction_mode)

    def revision_begins(self, revision: str) -> None:
        self.observer.revision(revision, self.files.get(revision, ""))
        self.overseer.revision_begins(revision)

    def statement_begins(self, start: StatementStart) -> Answer:
        self.observer.statement(start.sql)
        return self.overseer.statement_begins(start)

    def statement_ended(self, end: StatementEnd) -> None:
        self.overseer.statement_ended(end)

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:
        return self.overseer.revision_ends(revision, seconds)

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None:
        self.overseer.revision_failed(revision, sqlstate, message)

    def committing(self, rowcount: int) -> Sequence[str]:
        return self.overseer.committing(rowcount)

    def transaction_ended(self, *, committed: bool, at: float) -> None:
        self.overseer.transaction_ended(committed=committed, at=at)
