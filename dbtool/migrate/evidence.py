"""What a rehearsal proves, as a signed file: the only thing that `apply` takes its word for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class RevisionEvidence:
    """``digest`` is of the code; ``statements`` are the digests of the SQL executed, in order, ``ddl`` those of them
    that were not plain INSERT, UPDATE, DELETE or SELECT: an application must repeat these exactly.
    """

    id: str
    digest: str
    statements: tuple[str, ...]
    ddl: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WaiverEvidence:
    """``until`` is an ISO date or empty."""

    revision: str
    check: str
    reason: str
    until: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """``database`` is the target's database name; ``system_identifier`` None where the role may not read it.

    ``fingerprint_before`` and ``fingerprint_after`` are of the whole DDL (gate's scope), on the target and on the migrated
    clone. ``transaction_mode`` is "per revision" or "none" (a project that switched transactional DDL off).
    """

    id: str
    made_at: datetime
    target: str
    tier: str
    database: str
    system_identifier: str | None
    server_major: int
    clone_provider: str
    clone_major: int
    data: str
    transaction_mode: str
    env_digest: str
    heads_before: tuple[str, ...]
    heads_after: tuple[str, ...]
    fingerprint_before: str
    fingerprint_after: str
    revisions: tuple[RevisionEvidence, ...]
    waivers: tuple[WaiverEvidence, ...]
    errors: int
    warnings: int
    verdict: str
    git_commit: str | None
    dbtool_version: str
    schema: int = SCHEMA_VERSION
