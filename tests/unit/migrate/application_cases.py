"""An application without a server: what was approved, a journal, and the functions that would write to the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from dbtool.author import Author
from dbtool.catalog.definitions import ddl_fingerprint
from dbtool.ledger import JournalEntry
from dbtool.migrate.apply import journal
from dbtool.migrate.apply.applier import Applier
from dbtool.migrate.apply.resume import by_ordinal
from dbtool.migrate.gate import decide as gate
from dbtool.migrate.gate.decide import Approval
from dbtool.migrate.gate.evidence import RevisionEvidence
from dbtool.migrate.request import Silent
from dbtool.migrate.revisions.canonical import statement_digest
from dbtool.migrate.revisions.history import History, Revision
from dbtool.migrate.runner.overseer import StatementEnd, StatementStart
from dbtool.migrate.target import TargetNow
from dbtool.postgres.session import Connection
from dbtool.targets import Target, Tier
from tests.unit.migrate.evidence_cases import EVIDENCE, FACTS, MADE_AT

WHEN = datetime(2026, 11, 23, tzinfo=UTC)
STAGING = Target("staging", Tier.STAGING, lambda: "")
AUTHOR = Author("run-2", "staging", "ada")
SESSION = cast("Connection", object())
DDL = ("table public.parcel",)


def revision(name: str, *down: str, **fields: Any) -> Revision:
    given = {"needs": (), "labels": (), "message": "", "digest": f"digest of {name}", "has_downgrade": False}
    return Revision(id=name, down=down, file=f"versions/{name}.py", **{**given, **fields})


def history_of(*revisions: Revision, heads: Sequence[str] | None = None) -> History:
    stood_on = {each for one in revisions for each in one.down}
    found = tuple(sorted(one.id for one in revisions if one.id not in stood_on))
    return History(revisions, env_digest="e" * 64, heads=found if heads is None else tuple(heads))


def target_now(**fields: Any) -> TargetNow:
    given: dict[str, Any] = {"facts": FACTS, "version_table": None, "heads": (), "ddl": DDL, "entries": ()}
    return TargetNow(**{**given, **fields})


def approve(rehearsed: Mapping[str, Sequence[str]] | None = None, **evidence: Any) -> Approval:
    """``rehearsed`` holds the DDL by revision; None: no evidence was demanded."""
    pending = tuple(revision(one) for one in rehearsed or {"r2": ()})
    found = replace(
        EVIDENCE,
        target="staging",
        heads_before=(),
        fingerprint_before=ddl_fingerprint(DDL),
        revisions=tuple(
            RevisionEvidence(one.id, one.digest, (), tuple(map(statement_digest, (rehearsed or {})[one.id])))
            for one in pending
            if rehearsed is not None
        ),
        waivers=(),
        **evidence,
    )
    return gate.decide(
        None if rehearsed is None else found,
        STAGING,
        target_now(),
        history_of(*pending),
        pending,
        at=MADE_AT + timedelta(hours=1),
        ttl_s=1e9,
    )


def entry(ordinal: int, sql: str = "", *, done: bool = True, **fields: Any) -> JournalEntry:
    given = {"run_id": "run-1", "revision": "r2", "digest": statement_digest(sql), "effect": ""}
    return JournalEntry(ordinal=ordinal, begun_at=WHEN, done_at=WHEN if done else None, **{**given, **fields})


@dataclass
class Written:
    """What the journal would have done on the server, in order; ``indexes`` is what it would find there."""

    acts: list[tuple[str, Any]] = field(default_factory=list)
    indexes: frozenset[bool | None] = frozenset({None})

    def begin_statement(self, _session: object, **noted: Any) -> int:
        self.acts.append(("begin", (noted["revision"], noted["ordinal"], noted["effect"])))
        return len(self.done())

    def end_statement(self, _session: object, number: int) -> None:
        self.acts.append(("end", number))

    def fail_statement(self, _session: object, number: int) -> None:
        self.acts.append(("fail", number))

    def find_index_states(self, _session: object, index: str, table: str) -> frozenset[bool | None]:
        self.acts.append(("look", (index, table)))
        return self.indexes

    def done(self) -> list[tuple[str, Any]]:
        return [act for act in self.acts if act[0] != "look"]


def watch(monkeypatch: pytest.MonkeyPatch) -> Written:
    written = Written()
    for name in ("begin_statement", "end_statement", "fail_statement", "find_index_states"):
        monkeypatch.setattr(journal, name, getattr(written, name))
    return written


def applier(
    *entries: JournalEntry, rehearsed: Mapping[str, Sequence[str]] | None = None, **fields: Any
) -> Applier:
    given: dict[str, Any] = {
        "session": SESSION,
        "author": AUTHOR,
        "digests": {"r2": "digest of r2", "r3": "digest of r3"},
        "approval": approve(rehearsed),
        "journal": {"r2": by_ordinal(entries)},
        "lock_timeout_ms": 1500,
        "observer": Silent(),
        "files": {},
    }
    made = Applier(**{**given, **fields})
    made.configured("per revision")
    made.revision_begins("r2")
    return made


def start(ordinal: int, sql: str, *, alone: bool = False, parameters: str = "") -> StatementStart:
    """``alone``: in an autocommit block."""
    return StatementStart("r2", ordinal, sql, 7, not alone, 4711, parameters)


def end(started: StatementStart, *, rowcount: int = -1, sqlstate: str | None = None) -> StatementEnd:
    return StatementEnd(
        started, 0.1, rowcount, 0.0, 0.1, failed=sqlstate is not None, sqlstate=sqlstate or None
    )
