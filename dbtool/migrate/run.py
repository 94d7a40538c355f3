"""One application in the words of the ledger: who, from which commit, with which evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dbtool.errors import RevisionEdited
from dbtool.ledger import Event, LedgerEvent
from dbtool.migrate.overseer import StatementStart


@dataclass(frozen=True, slots=True)
class Run:
    """``digests`` are those of the revisions' code, by revision."""

    id: str
    target: str
    actor: str
    git_commit: str | None
    evidence_id: str | None
    digests: Mapping[str, str]

    def event(
        self, event: Event, revision: str, *, duration_s: float | None = None, detail: str = ""
    ) -> LedgerEvent:
        return LedgerEvent(
            event=event,
            run_id=self.id,
            revision=revision,
            digest=self.digests[revision],
            actor=self.actor,
            git_commit=self.git_commit,
            evidence_id=self.evidence_id,
            duration_s=duration_s,
            detail=detail,
            target=self.target,
        )

    def not_rehearsed(self, start: StatementStart) -> RevisionEdited:
        at = f" (line {start.line})" if start.line else ""
        return RevisionEdited(
            f"statement {start.ordinal} of revision {start.revision}{at} is not the one that was rehearsed, though the "
            "file is: it depends on data, time or surroundings. It was not sent, and its transaction was rolled back. "
            f"Rehearse again: dbtool migrate rehearse --target {self.target}"
        )
