"""Evidence from its file, the other environments' ledgers, and the target as it is now → the gate's approval."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dbtool.catalog.definitions import ddl_fingerprint, describe_drift, outline_ddl
from dbtool.errors import ConfigurationInvalid, EvidenceRefused
from dbtool.findings import Finding, Severity
from dbtool.ledger import JournalEntry, LedgerEntry
from dbtool.migrate.gate import decide as gate
from dbtool.migrate.gate.decide import Approval, Earlier
from dbtool.migrate.gate.evidence import Evidence, find_evidence, read_evidence
from dbtool.migrate.gate.outlines import find_outlines
from dbtool.migrate.gate.promotion import require_promotion
from dbtool.migrate.request import ApplyRequest
from dbtool.migrate.revisions.files import digest_reads
from dbtool.migrate.revisions.history import History, Revision
from dbtool.migrate.survey import read_place
from dbtool.migrate.target import TargetNow
from dbtool.postgres.ledger import read_journal
from dbtool.postgres.session import Connection
from dbtool.targets import Tier

_NAMED_DRIFTS = 5


def approve(
    request: ApplyRequest,
    seen: TargetNow,
    history: History,
    pending: Sequence[Revision],
    connection: Connection,
) -> Approval:
    """Evidence is demanded of a production-tier target, and judged wherever it is named.

    :raises EvidenceRefused: it is not enough.
    :raises Drift: the target is not what was rehearsed for.
    :raises ConsentMissing: the revisions have not been on staging.
    """
    file, evidence = _find(request)
    if evidence:
        _require_same_reads(request, evidence)
    approval = gate.decide(
        evidence,
        request.target,
        seen,
        history,
        pending,
        at=request.now(),
        ttl_s=request.evidence_ttl_s,
        outlines=find_outlines(file, before=evidence.fingerprint_before, after=evidence.fingerprint_after)
        if file and evidence
        else None,
        earlier=Earlier(seen.entries, _journal(connection, pending)),
    )
    if request.target.tier is Tier.PRODUCTION:
        require_promotion(request.target, pending, _ledgers(request), without_staging=request.without_staging)
    return approval


def _find(request: ApplyRequest) -> tuple[Path | None, Evidence | None]:
    """What was named, else the newest for a target that demands it."""
    file = request.evidence
    if file is None and request.target.tier is Tier.PRODUCTION:
        file = find_evidence(request.state, request.target.name)
    if file is None:
        return None, None
    if request.evidence_key is None:
        raise ConfigurationInvalid(
            f"{request.target} demands evidence, and there is no key to check it with; nothing was done. Set "
            "DBTOOL_EVIDENCE_KEY, or project.evidence_key in dbtool.toml, to the key that the rehearsal was signed with."
        )
    return file, read_evidence(file, request.evidence_key)


def _require_same_reads(request: ApplyRequest, evidence: Evidence) -> None:
    """:raises EvidenceRefused: a file that a revision read while it was rehearsed is another now."""
    read = dict(evidence.reads)
    now = digest_reads(request.project, read)
    changed = sorted(path for path, digest in read.items() if now[path] != digest)
    if changed:
        raise EvidenceRefused(
            f"{', '.join(changed)}, which the revisions read while they were rehearsed, changed since; nothing was done. "
            f"Rehearse again: dbtool migrate rehearse --target {request.target}"
        )


def _journal(connection: Connection, pending: Sequence[Revision]) -> tuple[JournalEntry, ...]:
    """Of all: branches may have begun in another order than ours."""
    return tuple(entry for one in pending for entry in read_journal(connection, one.id))


def _ledgers(request: ApplyRequest) -> dict[str, tuple[LedgerEntry, ...]]:
    """Those of the environments where the revisions must have been first."""
    return {one.name: read_place(request.project, one)[1] for one in request.stagings}


def compare_with_rehearsed(approval: Approval, after: TargetNow) -> tuple[Finding, ...]:
    """Everything is applied by now; that it came out differently is for people to look at."""
    if approval.fingerprint_after in {None, ddl_fingerprint(after.ddl)}:
        return ()
    drift = ""
    if approval.outline_after:
        drift = describe_drift(
            approval.outline_after, outline_ddl(after.ddl), _NAMED_DRIFTS, with_texts=False
        )
    return (
        Finding(
            "differs-from-rehearsal",
            Severity.WARNING,
            approval.target,
            f"the target's DDL is not what the rehearsal ended in: {drift or 'the fingerprints differ'}",
            "compare the two; was DDL run beside the application, or does a revision depend on data?",
        ),
    )
