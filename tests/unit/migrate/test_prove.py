"""What a judged rehearsal is proven by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dbtool import __version__
from dbtool.catalog.definitions import ddl_fingerprint
from dbtool.lint.waivers import parse_waivers
from dbtool.locks.trace import StatementTrace
from dbtool.migrate.gate.evidence import WaiverEvidence, read_evidence
from dbtool.migrate.gate.outlines import find_outlines
from dbtool.migrate.gate.prove import expect_ddl, make_evidence, prove
from dbtool.migrate.rehearse.rehearsed import Rehearsed
from dbtool.migrate.rehearse.verdict import Judged
from dbtool.migrate.revisions.canonical import statement_digest
from dbtool.migrate.runner.outcome import Outcome
from tests.unit.migrate.application_cases import DDL, history_of, revision, target_now
from tests.unit.migrate.evidence_cases import FACTS, KEY, MADE_AT
from tests.unit.migrate.rehearsal_cases import clone, ran, request, state, traced

_ADD = StatementTrace(1, "ALTER TABLE parcel ADD COLUMN colour text", 0.1)
_UPDATE = StatementTrace(2, "UPDATE parcel SET colour = 'red'", 0.1)
_UNSEEN = StatementTrace(0, "-- not sent through SQLAlchemy", 0.1)


def _rehearsed(folder: Path, **fields: Any) -> Rehearsed:
    one = revision("r2", "r1", waivers=((3, "# dbtool: allow downgrade because habit until 2026-12-24"),))
    trace = traced("r2", _ADD, _UPDATE, _UNSEEN)
    given: dict[str, Any] = {
        "request": request(folder, evidence_key=KEY, evidence_ttl_s=3600.0, git_commit="0f" * 20),
        "seen": target_now(heads=("r1",)),
        "history": history_of(revision("r1"), one),
        "pending": (one,),
        "clone": clone(),
        "ran": ran(
            trace,
            outcome=Outcome(transaction_mode="per revision"),
            ddl_after=(*DDL, "column public.parcel.colour: text"),
        ),
        "judged": Judged((trace,), (), (), tuple(("r2", waiver) for waiver in parse_waivers(one)), ()),
    }
    return Rehearsed(**{**given, **fields})


def test_evidence_says_what_of_which_target_was_rehearsed_on_what(tmp_path: Path) -> None:
    evidence = make_evidence(_rehearsed(tmp_path))
    assert (evidence.target, evidence.tier, evidence.database) == ("staging", "staging", "shop")
    assert (evidence.server_major, evidence.clone_major, evidence.clone_provider) == (18, 17, "embedded")
    assert evidence.system_identifier == "7350000000000000001"
    assert (evidence.heads_before, evidence.heads_after) == (("r1",), ("r2",))
    assert evidence.fingerprint_before == ddl_fingerprint(DDL)
    assert evidence.fingerprint_after == ddl_fingerprint((*DDL, "column public.parcel.colour: text"))
    assert (evidence.verdict, evidence.errors, evidence.warnings) == ("pass", 0, 0)
    assert (evidence.data, evidence.transaction_mode, evidence.env_digest) == (
        "staging",
        "per revision",
        "e" * 64,
    )
    assert (evidence.made_at, evidence.git_commit, evidence.dbtool_version) == (
        MADE_AT,
        "0f" * 20,
        __version__,
    )
    assert evidence.waivers == (WaiverEvidence("r2", "downgrade", "habit", "2026-12-24"),)


def test_statements_are_proven_in_their_order_and_those_past_sqlalchemy_are_not(tmp_path: Path) -> None:
    (found,) = make_evidence(_rehearsed(tmp_path)).revisions
    assert (found.id, found.digest) == ("r2", "digest of r2")
    assert found.statements == (statement_digest(_ADD.sql), statement_digest(_UPDATE.sql))
    assert found.ddl == (statement_digest(_ADD.sql),)


def test_a_failed_rehearsal_proves_that_it_failed(tmp_path: Path) -> None:
    failed = Judged((traced("r2", _ADD, status="failed"),), (), (), (), ())
    assert make_evidence(_rehearsed(tmp_path, judged=failed)).verdict == "fail"


def test_a_server_that_does_not_say_who_it_is_is_not_made_up(tmp_path: Path) -> None:
    seen = target_now(facts=replace(FACTS, system_identifier=None))
    assert make_evidence(_rehearsed(tmp_path, seen=seen)).system_identifier is None


def test_without_a_key_nothing_is_written(tmp_path: Path) -> None:
    assert prove(_rehearsed(tmp_path, request=request(tmp_path))) is None
    assert list(tmp_path.iterdir()) == []


def test_a_receipt_is_of_the_evidence_that_was_written(tmp_path: Path) -> None:
    receipt = prove(_rehearsed(tmp_path))
    assert receipt is not None
    assert receipt.file is not None
    evidence = read_evidence(receipt.file, KEY)
    assert (receipt.id, receipt.made_at) == (evidence.id, MADE_AT)
    assert receipt.valid_until == MADE_AT + timedelta(hours=1)
    outlines = find_outlines(
        receipt.file, before=evidence.fingerprint_before, after=evidence.fingerprint_after
    )
    assert (len(outlines.before), len(outlines.after)) == (1, 2)


@pytest.mark.parametrize(
    ("target", "before", "after", "expected"),
    [
        ("a b", "a b", "a b c", "a b c"),
        ("a b", "a b", "a", "a"),
        ("a b", "a b", "a B", "a B"),
        ("a b e", "a b", "a b c", "a b c e"),  # what only the target has
        ("a b", "a b x", "a b x c", "a b c"),  # what only the clone has
        ("a b", "a b x", "a b", "a b"),
    ],
)
def test_the_target_is_to_become_its_own_ddl_with_what_the_revisions_changed(
    target: str, before: str, after: str, expected: str
) -> None:
    seen = ran(ddl_before=tuple(before.split()), ddl_after=tuple(after.split()), after=state())
    assert expect_ddl(target.split(), seen) == tuple(sorted(expected.split()))
