"""Which evidence is asked for, with which key, and what is said of a target that came out differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dbtool.catalog.definitions import ddl_fingerprint
from dbtool.errors import ConfigurationInvalid, ConsentMissing, DbtoolError, EvidenceRefused
from dbtool.findings import Severity
from dbtool.ledger import Event, JournalEntry, LedgerEntry
from dbtool.migrate.gate import approve
from dbtool.migrate.gate.decide import Approval
from dbtool.migrate.gate.evidence import Evidence, RevisionEvidence, write_evidence
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.request import ApplyRequest
from dbtool.migrate.revisions.files import digest_reads
from dbtool.targets import Target, Tier
from tests.unit.migrate.application_cases import (
    DDL,
    SESSION,
    STAGING,
    entry,
    history_of,
    revision,
    target_now,
)
from tests.unit.migrate.evidence_cases import EVIDENCE, KEY, MADE_AT

_R1, _R2 = revision("r1"), revision("r2", "r1")
_PRODUCTION = Target("production", Tier.PRODUCTION, lambda: "")
_AFTER = (*DDL, "column public.parcel.colour: text")
_EVIDENCE = replace(
    EVIDENCE,
    heads_before=("r1",),
    heads_after=("r2",),
    fingerprint_before=ddl_fingerprint(DDL),
    fingerprint_after=ddl_fingerprint(_AFTER),
    revisions=(RevisionEvidence("r2", _R2.digest, (), ()),),
    waivers=(),
)


def _write(folder: Path, evidence: Evidence = _EVIDENCE) -> Path:
    return write_evidence(folder, evidence, KEY, ddl=DDL, ddl_after=_AFTER)


@pytest.fixture(autouse=True)
def journal(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[JournalEntry, ...]]:
    """Empty; a test fills it."""
    rows: dict[str, tuple[JournalEntry, ...]] = {}
    monkeypatch.setattr(approve, "read_journal", lambda _, one: rows.get(one, ()))
    return rows


@pytest.fixture(autouse=True)
def ledgers(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[LedgerEntry, ...]]:
    """Of each environment of tier staging; r2 was applied there."""
    applied = LedgerEntry(
        Event.FINISH, "run-1", "r2", _R2.digest, "ada", target="staging", at=datetime(2026, 11, 1, tzinfo=UTC)
    )
    found: dict[str, tuple[LedgerEntry, ...]] = {"staging": (applied,)}
    monkeypatch.setattr(approve, "read_place", lambda _, target: ((), found[target.name]))
    return found


def _approve(
    folder: Path, target: Target = _PRODUCTION, *, now: Mapping[str, Any] = {}, **asked: Any
) -> Approval:
    given: dict[str, Any] = {
        "evidence_key": KEY,
        "stagings": (STAGING,),
        "now": lambda: MADE_AT + timedelta(hours=1),
    }
    request = ApplyRequest(target, MigrationProject(folder), folder, **{**given, **asked})
    seen = target_now(**{"heads": ("r1",), **now})
    return approve.approve(request, seen, history_of(_R1, _R2), [_R2], SESSION)


def test_production_takes_the_newest_evidence_of_its_own(tmp_path: Path) -> None:
    _write(tmp_path, replace(_EVIDENCE, id="0" * 16, made_at=MADE_AT - timedelta(hours=1)))
    _write(tmp_path)
    _write(tmp_path, replace(_EVIDENCE, target="staging", made_at=MADE_AT + timedelta(minutes=1)))
    approval = _approve(tmp_path)
    assert approval.evidence_id == EVIDENCE.id
    assert len(approval.outline_after) == 2


def test_production_without_evidence_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceRefused, match="nothing proves"):
        _approve(tmp_path)


def test_staging_does_without_even_where_there_is_some(tmp_path: Path) -> None:
    _write(tmp_path, replace(_EVIDENCE, target="staging", tier="staging"))
    assert _approve(tmp_path, STAGING, evidence_key=None).evidence_id is None


def test_evidence_that_is_named_is_judged_whatever_the_tier(tmp_path: Path) -> None:
    file = _write(tmp_path)
    with pytest.raises(EvidenceRefused, match="is for production, and this is staging"):
        _approve(tmp_path, STAGING, evidence=file)


@pytest.mark.parametrize(("key", "error"), [(None, ConfigurationInvalid), (bytes(32), EvidenceRefused)])
def test_evidence_is_nothing_without_the_key_that_signed_it(
    tmp_path: Path, key: bytes | None, error: type[DbtoolError]
) -> None:
    _write(tmp_path)
    with pytest.raises(error, match="nothing was done"):
        _approve(tmp_path, evidence_key=key)


def test_evidence_that_is_too_old_is_refused_unless_a_revision_under_it_is_half_done(
    tmp_path: Path, journal: dict[str, tuple[JournalEntry, ...]]
) -> None:
    _write(tmp_path)
    asked: dict[str, Any] = {"evidence_ttl_s": 60.0}
    with pytest.raises(EvidenceRefused, match="is 1 h old"):
        _approve(tmp_path, **asked)
    began = LedgerEntry(Event.START, "run-1", "r2", "", "ada", evidence_id=EVIDENCE.id, at=MADE_AT)
    journal["r2"] = (entry(1),)
    assert _approve(tmp_path, now={"entries": (began,)}, **asked).evidence_id == EVIDENCE.id


def test_every_pending_revisions_journal_is_read(
    tmp_path: Path, journal: dict[str, tuple[JournalEntry, ...]]
) -> None:
    """Of branches the second may have been begun first."""
    left, right = revision("left", "r1"), revision("right", "r1")
    evidence = tuple(RevisionEvidence(one.id, one.digest, (), ()) for one in (left, right))
    _write(tmp_path, replace(_EVIDENCE, target="staging", revisions=evidence))
    journal["right"] = (entry(1, revision="right"),)
    began = LedgerEntry(Event.START, "run-1", "right", "", "ada", evidence_id=EVIDENCE.id, at=MADE_AT)
    request = ApplyRequest(
        STAGING,
        MigrationProject(tmp_path),
        tmp_path,
        evidence=next((tmp_path / "evidence").glob("*.json")),
        evidence_key=KEY,
        evidence_ttl_s=1.0,
        now=lambda: MADE_AT + timedelta(hours=1),
    )
    seen = target_now(heads=("r1",), entries=(began,))
    history = history_of(_R1, left, right)
    assert approve.approve(request, seen, history, [left, right], SESSION).evidence_id == EVIDENCE.id


def test_production_comes_after_staging_unless_somebody_says_why(
    tmp_path: Path, ledgers: dict[str, tuple[LedgerEntry, ...]]
) -> None:
    _write(tmp_path)
    ledgers["staging"] = ()
    with pytest.raises(ConsentMissing, match="r2"):
        _approve(tmp_path)
    assert _approve(tmp_path, without_staging="it is being rebuilt").evidence_id == EVIDENCE.id


def test_a_file_that_a_revision_read_must_be_as_it_was(tmp_path: Path) -> None:
    data = tmp_path / "countries.csv"
    data.write_text("DK\n")
    digest = digest_reads(MigrationProject(tmp_path), ["countries.csv"])["countries.csv"]
    _write(tmp_path, replace(_EVIDENCE, reads=(("countries.csv", digest),)))
    _approve(tmp_path)
    data.write_text("DK\nSE\n")
    with pytest.raises(EvidenceRefused, match=r"countries\.csv, which the revisions read"):
        _approve(tmp_path)


def _compare(folder: Path, after: Sequence[str], *, outlined: bool = True) -> str:
    file = _write(folder)
    if not outlined:
        file.with_suffix(".ddl.gz").unlink()
    findings = approve.compare_with_rehearsed(_approve(folder), target_now(ddl=tuple(after)))
    assert all((one.check, one.severity) == ("differs-from-rehearsal", Severity.WARNING) for one in findings)
    return "".join(one.message for one in findings)


def test_a_target_that_came_out_as_rehearsed_is_no_finding(tmp_path: Path) -> None:
    assert _compare(tmp_path, _AFTER) == ""


def test_a_target_that_came_out_differently_is_told_with_what_differs(tmp_path: Path) -> None:
    message = _compare(tmp_path, (*DDL, "column public.parcel.size: text default 'secret'"))
    assert "column public.parcel.colour was dropped" in message
    assert "column public.parcel.size was added" in message
    assert "secret" not in message


def test_without_an_outline_only_that_it_differs_is_known(tmp_path: Path) -> None:
    assert "the fingerprints differ" in _compare(tmp_path, DDL, outlined=False)


def test_without_a_rehearsal_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    assert approve.compare_with_rehearsed(_approve(tmp_path, STAGING), target_now(ddl=("other",))) == ()
