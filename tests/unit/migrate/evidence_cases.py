"""A piece of evidence, and the target and files that it is of."""

from __future__ import annotations

from datetime import UTC, datetime

from dbtool.migrate.gate.evidence import Evidence, RevisionEvidence, WaiverEvidence

KEY = bytes(range(32))
MADE_AT = datetime(2026, 11, 23, 7, 30, 0, 123456, tzinfo=UTC)

EVIDENCE = Evidence(
    id="0123456789abcdef",
    made_at=MADE_AT,
    target="production",
    tier="production",
    database="shop",
    system_identifier="7350000000000000001",
    server_major=18,
    clone_provider="embedded",
    clone_major=18,
    data="staging",
    transaction_mode="per revision",
    env_digest="e" * 64,
    heads_before=("a1",),
    heads_after=("c3",),
    fingerprint_before="b" * 64,
    fingerprint_after="f" * 64,
    revisions=(
        RevisionEvidence("b2", "2" * 64, ("s1", "s2"), ("s1",)),
        RevisionEvidence("c3", "3" * 64, ("s3",), ("s3",)),
    ),
    waivers=(WaiverEvidence("b2", "set-not-null", "the table is new", "2026-12-24"),),
    errors=0,
    warnings=1,
    verdict="pass",
    git_commit="0f" * 20,
    dbtool_version="0.1.0",
)
