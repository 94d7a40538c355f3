"""What a rehearsal and an application are asked to do, and who wants to hear of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from dbtool.digest import ProjectKey
from dbtool.findings import Finding
from dbtool.migrate.project import MigrationProject
from dbtool.rules.model import RuleSet
from dbtool.targets import Target


class Observer(Protocol):
    """Hears of progress, from one thread. It must not raise."""

    def stage(self, name: str) -> None: ...

    def revision(self, revision: str, file: str) -> None: ...

    def statement(self, sql: str) -> None: ...

    def waiting(self, reason: str) -> None: ...

    def found(self, finding: Finding) -> None: ...


class Silent:
    def stage(self, name: str) -> None: ...

    def revision(self, revision: str, file: str) -> None: ...

    def statement(self, sql: str) -> None: ...

    def waiting(self, reason: str) -> None: ...

    def found(self, finding: Finding) -> None: ...


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class RehearseRequest:
    """``data`` is schema, staging or subset, None the better of the first two. ``staging`` is the environment that masked data
    comes from; a subset is the target's own, chosen by ``profile`` and masked with ``key``, which nothing else needs.
    ``rules`` None: the project has none. ``evidence_key`` None: nothing is signed. ``provider`` is auto, embedded or
    container. ``timeout_s`` ends a run of env.py that hangs. ``accept``: what is kept anew goes into dbtool.lock.
    """

    target: Target
    project: MigrationProject
    state: Path
    rules: RuleSet | None = None
    accept: bool = False
    data: str | None = None
    staging: Target | None = None
    key: ProjectKey | None = field(default=None, repr=False)
    profile: str | None = None
    evidence_key: bytes | None = None
    evidence_ttl_s: float = 72 * 3600.0
    provider: str = "auto"
    image: str | None = None
    postgres_bin: Path | None = None
    several_heads: bool = False
    timeout_s: float | None = None
    git_commit: str | None = None
    observer: Observer = field(default_factory=Silent)
    now: Callable[[], datetime] = utc_now


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """``evidence`` is a file, None the newest in the state folder. ``stagings`` are the environments where the revisions
    must have been applied first; ``without_staging`` is the reason for doing without, kept in the ledger. ``wait_s`` is how long another applier is waited for, ``patience_s`` how long locks are tried for altogether.
    """

    target: Target
    project: MigrationProject
    state: Path
    evidence: Path | None = None
    evidence_key: bytes | None = None
    evidence_ttl_s: float = 72 * 3600.0
    stagings: tuple[Target, ...] = ()
    without_staging: str | None = None
    several_heads: bool = False
    lock_timeout_ms: int = 2000
    patience_s: float = 300.0
    wait_s: float = 60.0
    cancel_refresh: bool = False
    actor: str = "unknown"
    git_commit: str | None = None
    observer: Observer = field(default_factory=Silent)
    now: Callable[[], datetime] = utc_now
    pause: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """``targets`` in the order of dbtool.toml."""

    project: MigrationProject
    targets: tuple[Target, ...]
    several_heads: bool = False
    actor: str = "unknown"
    git_commit: str | None = None
    now: Callable[[], datetime] = utc_now
