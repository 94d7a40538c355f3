"""A piece of evidence, the database that it is of and the files."""

from __future__ import annotations

from datetime import UTC, datetime

from dbtool.catalog.database import DatabaseFacts
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
FACTS = DatabaseFacts(
    name="shop",
    encoding="UTF8",
    collate="C",
    ctype="C",
    locale_provider="c",
    icu_locale=None,
    icu_rules=None,
    collation_version=None,
    system_identifier=7350000000000000001,
    is_standby=False,
    server_version="18.6",
    server_version_num=180006,
    block_size=8192,
    current_user="owner",
    is_superuser=False,
    can_createdb=False,
    can_end_sessions=False,
    bytes=1,
    has_tls=True,
    comment=None,
    marks_columns=False,
)
