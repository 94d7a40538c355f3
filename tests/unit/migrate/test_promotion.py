"""Production comes after staging, with the same revisions and digests. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from dbtool.errors import ConsentMissing
from dbtool.ledger import Event, LedgerEntry
from dbtool.migrate.gate.promotion import require_promotion
from dbtool.migrate.revisions.history import Revision
from dbtool.targets import Target, Tier

_B2 = Revision("b2", ("a1",), (), (), "versions/b2.py", "note", "2" * 64, False)
_PRODUCTION = Target("production", Tier.PRODUCTION, lambda: "")
_STAGING = Target("staging", Tier.STAGING, lambda: "")
_AT = datetime(2026, 11, 23, tzinfo=UTC)


def _entry(event: Event, revision: str, digest: str, target: str) -> LedgerEntry:
    return LedgerEntry(event, "run1", revision, digest, "ci", target=target, at=_AT)


def _promote(*entries: LedgerEntry, **changes: Any) -> None:
    asked: dict[str, Any] = {
        "target": _PRODUCTION,
        "pending": (_B2,),
        "ledgers": {"staging": entries},
    } | changes
    require_promotion(**asked)


def test_production_takes_what_staging_has_applied_as_it_is_now() -> None:
    _promote(_entry(Event.FINISH, "b2", _B2.digest, "staging"))
    refreshed = _entry(Event.REFRESHED, "", "", "staging")
    _promote(_entry(Event.FINISH, "b2", _B2.digest, "staging"), refreshed)
    _promote(ledgers={"qa": (), "staging": (_entry(Event.FINISH, "b2", _B2.digest, "staging"),)})


def test_an_edit_that_staging_accepted_is_no_other_revision() -> None:
    entries = (
        _entry(Event.FINISH, "b2", "0" * 64, "staging"),
        _entry(Event.ACCEPT, "b2", _B2.digest, "staging"),
    )
    _promote(*entries)
    with pytest.raises(ConsentMissing):
        _promote(entries[1])


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((), "not applied on staging"),
        ((_entry(Event.START, "b2", _B2.digest, "staging"),), "not applied on staging"),
        ((_entry(Event.ADOPTED, "b2", _B2.digest, "staging"),), "not applied on staging"),
        ((_entry(Event.FINISH, "b2", _B2.digest, "production"),), "not applied on staging"),
        ((_entry(Event.FINISH, "c3", _B2.digest, "staging"),), "not applied on staging"),
        ((_entry(Event.FINISH, "b2", "0" * 64, "staging"),), "edited since staging applied it"),
    ],
)
def test_production_refuses_what_staging_has_not_taken(entries: tuple[LedgerEntry, ...], said: str) -> None:
    with pytest.raises(ConsentMissing, match=said) as refused:
        _promote(*entries)
    assert refused.value.exit_code == 5
    assert "b2 (versions/b2.py)" in str(refused.value)
    assert "--target staging" in str(refused.value)


def test_production_without_a_staging_environment_needs_a_reason() -> None:
    with pytest.raises(ConsentMissing, match="no environment of tier staging"):
        _promote(ledgers={})
    _promote(ledgers={}, without_staging="there is none yet")


def test_only_production_asks_what_staging_has_applied() -> None:
    _promote(target=_STAGING)
