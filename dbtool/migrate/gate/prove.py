"""A judged rehearsal → the evidence of it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta

from dbtool import __version__
from dbtool.catalog.definitions import ddl_fingerprint
from dbtool.lint.waivers import Waiver
from dbtool.locks.trace import RevisionTrace
from dbtool.migrate.gate.evidence import Evidence, RevisionEvidence, WaiverEvidence, write_evidence
from dbtool.migrate.rehearse.rehearsal import Ran
from dbtool.migrate.rehearse.rehearsed import Rehearsed
from dbtool.migrate.result import EvidenceReceipt
from dbtool.migrate.revisions.canonical import is_plain_dml, statement_digest
from dbtool.migrate.revisions.files import digest_reads
from dbtool.migrate.revisions.history import Revision


def prove(rehearsed: Rehearsed) -> EvidenceReceipt | None:
    """Sign what was seen and keep it in the state folder; None without a key. The child is dead by now."""
    request = rehearsed.request
    if request.evidence_key is None:
        return None
    evidence = make_evidence(rehearsed)
    file = write_evidence(
        request.state,
        evidence,
        request.evidence_key,
        ddl=rehearsed.seen.ddl,
        ddl_after=expect_ddl(rehearsed.seen.ddl, rehearsed.ran),
    )
    until = evidence.made_at + timedelta(seconds=request.evidence_ttl_s)
    return EvidenceReceipt(evidence.id, evidence.made_at, until, file)


def make_evidence(rehearsed: Rehearsed) -> Evidence:
    request, seen, clone = rehearsed.request, rehearsed.seen, rehearsed.clone
    ran, judged = rehearsed.ran, rehearsed.judged
    traces = {one.id: one for one in judged.revisions}
    system = seen.facts.system_identifier
    return Evidence(
        id=secrets.token_hex(8),
        made_at=request.now(),
        target=request.target.name,
        tier=request.target.tier.value,
        database=seen.facts.name,
        system_identifier=None if system is None else str(system),
        server_major=seen.facts.major,
        clone_provider=clone.provider,
        clone_major=int(clone.version.split(".")[0]),
        data=clone.data,
        transaction_mode=ran.outcome.transaction_mode,
        env_digest=rehearsed.history.env_digest,
        heads_before=seen.heads,
        heads_after=ran.after.heads,
        fingerprint_before=ddl_fingerprint(seen.ddl),
        fingerprint_after=ddl_fingerprint(expect_ddl(seen.ddl, ran)),
        revisions=tuple(_prove_revision(one, traces[one.id]) for one in rehearsed.pending),
        waivers=tuple(_prove_waiver(revision, waiver) for revision, waiver in judged.waivers),
        errors=len(judged.errors),
        warnings=len(judged.warnings),
        verdict=judged.verdict,
        git_commit=request.git_commit,
        dbtool_version=__version__,
        reads=tuple(digest_reads(request.project, ran.outcome.reads).items()),
    )


def expect_ddl(target: Sequence[str], ran: Ran) -> tuple[str, ...]:
    """What the target's DDL should be in the end: its own, with what the revisions changed on the clone. An extension of
    another version there, or whatever else the two have not in common, is no part of it.
    """
    before, after = set(ran.ddl_before), set(ran.ddl_after)
    return tuple(sorted((set(target) - (before - after)) | (after - before)))


def _prove_waiver(revision: str, waiver: Waiver) -> WaiverEvidence:
    until = waiver.until.isoformat() if waiver.until else ""
    return WaiverEvidence(revision, waiver.check, waiver.reason, until)


def _prove_revision(revision: Revision, trace: RevisionTrace) -> RevisionEvidence:
    sent = [one.sql for one in trace.statements if one.ordinal]  # 0: past SQLAlchemy
    return RevisionEvidence(
        id=revision.id,
        digest=revision.digest,
        statements=tuple(map(statement_digest, sent)),
        ddl=tuple(statement_digest(sql) for sql in sent if not is_plain_dml(sql)),
    )
