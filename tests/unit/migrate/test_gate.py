"""Permission to apply: given for what was rehearsed, refused for everything else. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.definitions import ddl_fingerprint
from dbtool.errors import DbtoolError, Drift, EvidenceRefused
from dbtool.ledger import Event, JournalEntry, LedgerEntry
from dbtool.migrate.gate.decide import Approval, Earlier, decide, require_transaction_mode
from dbtool.migrate.gate.outlines import Outlines
from dbtool.migrate.revisions.history import History, Revision
from dbtool.targets import Target, Tier
from tests.unit.migrate.evidence_cases import EVIDENCE, FACTS, MADE_AT

_DDL = ("column public.users.id: integer not null", "table public.users")
_DDL_BETWEEN = (*_DDL, "column public.users.note: text")
_DDL_AFTER = (*_DDL, "column public.users.note: text not null")
_EVIDENCE = replace(
    EVIDENCE, fingerprint_before=ddl_fingerprint(_DDL), fingerprint_after=ddl_fingerprint(_DDL_AFTER)
)
_OUTLINES = Outlines.of(_DDL, _DDL_AFTER)
_WAIVER = "# dbtool: allow set-not-null because the table is new until 2026-12-24"
_B2 = Revision("b2", ("a1",), (), (), "versions/b2.py", "note", "2" * 64, False, ((3, _WAIVER),))
_C3 = Revision("c3", ("b2",), (), (), "versions/c3.py", "more", "3" * 64, False)
_A1 = Revision("a1", (), (), (), "versions/a1.py", "first", "1" * 64, False)
_HISTORY = History((_A1, _B2, _C3), "e" * 64, ("c3",))
_PRODUCTION = Target("production", Tier.PRODUCTION, lambda: "")
_STAGING = Target("staging", Tier.STAGING, lambda: "")


@dataclass(frozen=True)
class _Seen:
    facts: DatabaseFacts = FACTS
    heads: tuple[str, ...] = ("a1",)
    ddl: tuple[str, ...] = _DDL


_ASKED: dict[str, Any] = {
    "evidence": _EVIDENCE,
    "target": _PRODUCTION,
    "now": _Seen(),
    "history": _HISTORY,
    "pending": (_B2, _C3),
    "at": MADE_AT + timedelta(hours=1),
    "ttl_s": 72 * 3600.0,
    "outlines": _OUTLINES,
}


def _ask(**changes: Any) -> Approval:
    return decide(**(_ASKED | changes))


def test_what_was_rehearsed_is_approved_with_all_that_the_application_is_held_to() -> None:
    approval = _ask()
    assert (approval.target, approval.revisions, approval.evidence_id) == (
        "production",
        ("b2", "c3"),
        EVIDENCE.id,
    )
    assert approval.rehearsed == {"b2": ("s1",), "c3": ("s3",)}
    assert approval.fingerprint_after == ddl_fingerprint(_DDL_AFTER)
    assert approval.outline_after == _OUTLINES.after
    assert approval.findings == ()


def test_nothing_but_the_gate_makes_an_approval() -> None:
    with pytest.raises(TypeError, match=r"only gate\.decide"):
        Approval("production", ("b2",))
    with pytest.raises((TypeError, ValueError)):
        replace(_ask(), revisions=("c3",))


def _evidence(**changes: Any) -> dict[str, Any]:
    return {"evidence": replace(_EVIDENCE, **changes)}


def _facts(**changes: Any) -> dict[str, Any]:
    return {"now": _Seen(facts=replace(FACTS, **changes))}


_REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no evidence": ({"evidence": None}, "tier production, and nothing proves"),
    "a rehearsal that failed": (_evidence(verdict="fail", errors=2), r"did not pass \(2 errors\)"),
    "no verdict": (_evidence(verdict=""), "did not pass"),
    "another environment": (_evidence(target="staging"), "is for staging, and this is production"),
    "another database": (_facts(name="shop_old"), "was database shop when .* is shop_old now"),
    "another server": (_facts(system_identifier=1), "on another server"),
    "another major": (_facts(server_version_num=190001), "ran PostgreSQL 18 .* runs 19 now"),
    "too old": ({"at": MADE_AT + timedelta(hours=73)}, "is 73 h old and holds for 72 h"),
    "from the future": ({"at": MADE_AT - timedelta(minutes=6)}, "is still to come"),
    "other heads": ({"now": _Seen(heads=("a0",))}, "is at a0, and was at a1"),
    "no heads": ({"now": _Seen(heads=())}, "is at no revision, and was at a1"),
    "a revision more": (
        {"pending": (_A1, _B2, _C3)},
        r"revision a1 \(versions/a1.py\) is pending and was not",
    ),
    "a revision less": ({"pending": (_B2,)}, "revision c3 was rehearsed and is not pending any more"),
    "one applied by hand": (
        {"pending": (_C3,), "now": _Seen(heads=("b2",))},
        "revision b2 was rehearsed and is not pending any more",
    ),
    "another order": ({"pending": (_C3, _B2)}, "in another order"),
    "an edited revision": (
        {"pending": (_B2, replace(_C3, digest="4" * 64))},
        r"revision c3 \(versions/c3.py, .*was edited",
    ),
    "an edited env.py": ({"history": replace(_HISTORY, env_digest="d" * 64)}, r"env\.py, .* was edited"),
    "a waiver that ended": (
        {"at": datetime(2026, 12, 25, tzinfo=UTC), "ttl_s": 9e9},
        r"versions/b2.py allowed set-not-null until 2026-12-24, which is over",
    ),
    "a waiver taken back": (
        {"pending": (replace(_B2, waivers=()), _C3)},
        "versions/b2.py allowed set-not-null",
    ),
    "a waiver with another date": (
        {"pending": (replace(_B2, waivers=((3, _WAIVER.replace("2026", "2027")),)), _C3)},
        "which it does not as it did",
    ),
}


@pytest.mark.parametrize("why", _REFUSED)
def test_anything_else_is_refused_with_the_next_step(why: str) -> None:
    changes, said = _REFUSED[why]
    with pytest.raises(EvidenceRefused, match=said) as refused:
        _ask(**changes)
    assert refused.value.exit_code == 5
    assert "nothing was done" in str(refused.value)
    assert "dbtool migrate rehearse --target production" in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"at": MADE_AT + timedelta(hours=72)},
        {"at": MADE_AT - timedelta(minutes=5)},
        {"at": datetime(2026, 12, 24, 23, 59, tzinfo=UTC), "ttl_s": 9e9},
        _facts(system_identifier=None),
        _evidence(system_identifier=None),
        _facts(server_version_num=180099),
        {"outlines": None},
        {"now": _Seen(ddl=tuple(reversed(_DDL)))},
        {"pending": (replace(_B2, waivers=((9, _WAIVER),)), _C3)},
    ],
)
def test_what_does_not_matter_is_approved(changes: dict[str, Any]) -> None:
    assert _ask(**changes).evidence_id == EVIDENCE.id


def test_drift_is_named_where_the_outline_is_at_hand() -> None:
    now = _Seen(ddl=(*_DDL, "column public.users.phone: text default 'secret'::text"))
    with pytest.raises(Drift, match=r"column public\.users\.phone was added; nothing was done") as refused:
        _ask(now=now)
    assert refused.value.exit_code == 4
    assert "secret" not in str(refused.value)
    with pytest.raises(Drift, match=r"column public\.users\.id was changed; nothing was done"):
        _ask(now=_Seen(ddl=("column public.users.id: bigint not null", "table public.users")))
    with pytest.raises(Drift, match="the fingerprints of its DDL differ"):
        _ask(now=now, outlines=None)


@pytest.mark.parametrize("tier", [Tier.STAGING, Tier.SCRATCH])
def test_only_production_demands_evidence(tier: Tier) -> None:
    approval = _ask(evidence=None, target=Target("other", tier, lambda: ""))
    assert (approval.evidence_id, approval.rehearsed, approval.fingerprint_after) == (None, None, None)


def test_evidence_that_is_given_is_judged_for_staging_too() -> None:
    with pytest.raises(EvidenceRefused, match="is for production, and this is staging"):
        _ask(target=_STAGING)


def test_another_transaction_mode_than_the_rehearsals_is_refused() -> None:
    require_transaction_mode(_ask(), "per revision")
    require_transaction_mode(_ask(evidence=None, target=_STAGING), "none")
    with pytest.raises(
        EvidenceRefused, match=r"ran with transactions per revision, and env\.py now asks for none"
    ):
        require_transaction_mode(_ask(), "none")


def _entry(event: Event, revision: str, digest: str, target: str = "production", **more: Any) -> LedgerEntry:
    return LedgerEntry(
        event, more.pop("run_id", "run1"), revision, digest, "ci", target=target, at=MADE_AT, **more
    )


_ID = EVIDENCE.id
_B2_DONE = (
    _entry(Event.START, "b2", _B2.digest, evidence_id=_ID),
    _entry(Event.FINISH, "b2", _B2.digest, evidence_id=_ID),
)
_C3_BEGUN = JournalEntry("run1", "c3", 1, "d", "", MADE_AT, None)


def _left_off(**changes: Any) -> dict[str, Any]:
    """b2 was applied under the evidence, c3 is still to come."""
    seen = _Seen(heads=("b2",), ddl=_DDL_BETWEEN)
    return {"pending": (_C3,), "now": seen, "earlier": Earlier(_B2_DONE)} | changes


def test_an_application_that_stopped_between_revisions_may_be_taken_up() -> None:
    assert _ask(**_left_off()).revisions == ("c3",)


def test_one_that_was_applied_by_other_means_is_not_taken_for_ours() -> None:
    other = tuple(replace(entry, evidence_id="other") for entry in _B2_DONE)
    with pytest.raises(EvidenceRefused, match="not pending any more"):
        _ask(**_left_off(earlier=Earlier(other)))


def test_what_was_applied_before_a_refresh_is_not_there_any_more() -> None:
    refreshed = Earlier((*_B2_DONE, _entry(Event.REFRESHED, "", "")))
    assert _ask(earlier=refreshed).revisions == ("b2", "c3")


def test_what_the_revisions_do_not_touch_must_be_as_it_was_when_they_are_taken_up() -> None:
    drifted = _Seen(heads=("b2",), ddl=(*_DDL_BETWEEN, "index i of public.users: USING btree (id)"))
    with pytest.raises(Drift, match=r"index i of public\.users; nothing was done"):
        _ask(**_left_off(now=drifted))


@pytest.mark.parametrize("outlines", [None, Outlines(_OUTLINES.before), Outlines((), _OUTLINES.after)])
def test_what_cannot_be_compared_midway_is_said(outlines: Outlines | None) -> None:
    found = _ask(**_left_off(outlines=outlines)).findings
    assert [finding.check for finding in found] == ["ddl-not-compared"]


def test_an_old_rehearsal_will_not_do_between_revisions() -> None:
    with pytest.raises(EvidenceRefused, match="73 h old"):
        _ask(**_left_off(at=MADE_AT + timedelta(hours=73)))


def test_half_a_revision_may_be_finished_however_old_the_evidence_is() -> None:
    late = _left_off(at=MADE_AT + timedelta(days=99))
    assert _ask(**late | {"earlier": Earlier(_B2_DONE, (_C3_BEGUN,))}).revisions == ("c3",)
    others = replace(_C3_BEGUN, run_id="other")
    with pytest.raises(EvidenceRefused, match="old"):
        _ask(**late | {"earlier": Earlier(_B2_DONE, (others,))})


def test_half_a_revision_whose_code_was_edited_is_refused_all_the_same() -> None:
    edited = _left_off(pending=(replace(_C3, digest="4" * 64),))
    with pytest.raises(EvidenceRefused, match="was edited"):
        _ask(**edited | {"earlier": Earlier(_B2_DONE, (_C3_BEGUN,))})


def test_an_attempt_that_committed_nothing_excuses_no_drift() -> None:
    tried = Earlier((_B2_DONE[0], _entry(Event.FAILURE, "b2", _B2.digest, evidence_id=_ID)))
    assert _ask(earlier=tried).revisions == ("b2", "c3")
    with pytest.raises(Drift):
        _ask(earlier=tried, now=_Seen(ddl=_DDL_BETWEEN))


def test_every_fact_of_the_evidence_that_is_not_a_note_is_judged() -> None:
    """A field added to the evidence is either judged here or listed as a note, on purpose."""
    notes = {"id", "tier", "clone_provider", "clone_major", "data", "heads_after", "fingerprint_after"}
    notes |= {"errors", "warnings", "git_commit", "dbtool_version", "schema", "transaction_mode"}
    notes |= {"reads"}  # approve.py judges them: it may open files
    breaks: dict[str, Any] = {
        "made_at": MADE_AT - timedelta(days=9),
        "revisions": (),
        "waivers": (replace(EVIDENCE.waivers[0], reason="another"),),
        "heads_before": ("x",),
        "server_major": 17,
    }
    for name in EVIDENCE.__dataclass_fields__.keys() - notes:
        with pytest.raises(DbtoolError):
            _ask(evidence=replace(_EVIDENCE, **{name: breaks.get(name, "another")}))
