"""Production comes after staging: with the same revisions and the same digests. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dbtool.errors import ConsentMissing
from dbtool.ledger import Event, LedgerEntry, accepted_digests, was_applied
from dbtool.migrate.revisions.history import Revision
from dbtool.targets import Target, Tier


def require_promotion(
    target: Target,
    pending: Sequence[Revision],
    ledgers: Mapping[str, Sequence[LedgerEntry]],
    *,
    without_staging: str | None = None,
) -> None:
    """Ask that each revision was applied, as it is now, on an environment of tier staging. Only production asks.

    ``ledgers`` are theirs by name, whole: what was applied before a refresh counts. ``without_staging`` is the reason for
    doing without, which whoever calls puts on record.

    :raises ConsentMissing: a revision was not, or there is no such environment.
    """
    if target.tier is not Tier.PRODUCTION or without_staging:
        return
    missing = [(one, _find_reason(one, ledgers)) for one in pending if not _is_promoted(one, ledgers)]
    if not missing:
        return
    listed = "\n".join(f"  {one.id} ({one.file}): {reason}" for one, reason in missing)
    raise ConsentMissing(
        f"{target} takes what staging has taken, and that is not so of:\n{listed}\nNothing was done. "
        f"{_next_step(ledgers)} To do without, say why: dbtool migrate apply --target {target} --without-staging …"
    )


def _is_promoted(revision: Revision, ledgers: Mapping[str, Sequence[LedgerEntry]]) -> bool:
    return any(_was_taken(revision, entries, name) for name, entries in ledgers.items())


def _was_taken(revision: Revision, entries: Sequence[LedgerEntry], name: str) -> bool:
    """Applied with this digest, or with one of which somebody put on record that the difference is none."""
    if was_applied(entries, revision.id, revision.digest, name):
        return True
    accepted = revision.digest in accepted_digests(entries).get(revision.id, frozenset())
    return accepted and _was_ever_applied(revision, entries, name)


def _was_ever_applied(revision: Revision, entries: Sequence[LedgerEntry], name: str) -> bool:
    return any(
        entry.event == Event.FINISH and entry.revision == revision.id and entry.target == name
        for entry in entries
    )


def _find_reason(revision: Revision, ledgers: Mapping[str, Sequence[LedgerEntry]]) -> str:
    edited = [name for name, entries in ledgers.items() if _was_ever_applied(revision, entries, name)]
    if edited:
        return f"edited since {', '.join(edited)} applied it"
    return f"not applied on {', '.join(ledgers)}" if ledgers else "there is no environment of tier staging"


def _next_step(ledgers: Mapping[str, Sequence[LedgerEntry]]) -> str:
    if not ledgers:
        return "Give an environment of dbtool.toml the tier staging."
    return f"Apply there first: dbtool migrate apply --target {next(iter(ledgers))}."
