"""dbtool.toml and the command line → what the pipeline of migrate is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dbtool.author import find_actor, find_commit
from dbtool.cli.rules_loading import load_project_rules
from dbtool.errors import TargetRefused, UsageError
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.request import ApplyRequest, RehearseRequest, StatusRequest
from dbtool.settings import Settings
from dbtool.targets import Target, Tier


def project_of(settings: Settings) -> MigrationProject:
    """Paths of [project.alembic] start at dbtool.toml's folder."""
    root, alembic = settings.file.parent, settings.alembic
    as_they_are = alembic.model_dump(exclude={"ini", "python", "x", "inherit", "several_heads"})
    return MigrationProject(
        root=root,
        migrations=settings.migrations,
        ini=root / alembic.ini if alembic.ini else None,
        python=root / alembic.python if alembic.python else None,
        x_arguments=alembic.x,
        inherited=alembic.inherit,
        **as_they_are,
    )


def has_migrations(settings: Settings) -> bool:
    """Whether the project says anywhere where its revisions are."""
    root = settings.file.parent
    if settings.migrations or settings.alembic.ini or (root / "alembic.ini").is_file():
        return True
    pyproject = root / "pyproject.toml"
    return pyproject.is_file() and "[tool.alembic]" in pyproject.read_text(encoding="utf-8", errors="replace")


def rehearse_request(settings: Settings, options: dict[str, Any]) -> RehearseRequest:
    """:raises UsageError: nothing says which staging environment the data should come from."""
    if options["image"] and options["clone"] == "embedded":
        raise UsageError("--image is for --clone container, and this is --clone embedded; nothing was done")
    data = options["data"]
    _refuse_idle(options)
    takes_staging = data in {None, "staging"}
    return RehearseRequest(
        target=settings.target(options["target"]),
        project=project_of(settings),
        state=settings.state,
        rules=_load_rules_to_accept(settings) if options["accept"] else _load_rules(settings),
        accept=options["accept"],
        data=data,
        staging=choose_staging(settings, options["origin"], needed=data == "staging")
        if takes_staging
        else None,
        key=settings.project_key() if data == "subset" else None,
        profile=options["profile"],
        evidence_key=settings.evidence_key(),
        evidence_ttl_s=settings.evidence_ttl_s,
        provider=options["clone"],
        image=options["image"],
        postgres_bin=settings.postgres_bin,
        several_heads=settings.alembic.several_heads,
        timeout_s=options["timeout"],
        git_commit=_commit(settings),
    )


def _load_rules_to_accept(settings: Settings) -> Any:
    rules = _load_rules(settings)
    if rules is None or rules.lock is None or rules.lock.accepted is None:
        raise UsageError(
            "--accept adds to dbtool.lock, and there is none; nothing was done. Write it with dbtool rules accept."
        )
    return rules


def _refuse_idle(options: dict[str, Any]) -> None:
    """Whoever names what has no effect means something else."""
    if options["profile"] and options["data"] != "subset":
        raise UsageError(
            "--profile says which rows of the target are copied, with --data subset; nothing was done"
        )
    if options["origin"] and options["data"] == "subset":
        raise UsageError(
            "--from names where staging's rows come from, and --data subset takes the target's own; nothing was done"
        )


def choose_staging(settings: Settings, named: str | None, *, needed: bool) -> Target | None:
    """Where masked data comes from: what was named, else the only environment of tier staging, else nowhere."""
    if named is not None:
        return _refuse_production(settings.target(named))
    candidates = targets_of(settings, Tier.STAGING)
    if len(candidates) > 1:
        names = ", ".join(str(one) for one in candidates)
        raise UsageError(
            f"data could come from {names}; nothing was done. Name one with --from, or take none: --data schema."
        )
    if needed and not candidates:
        raise UsageError(
            f"{settings.file} has no environment of tier staging that data could come from; nothing was done. "
            "Name one with --from, or take none: --data schema."
        )
    return candidates[0] if candidates else None


def _refuse_production(source: Target) -> Target:
    if source.tier is Tier.PRODUCTION:
        raise TargetRefused(
            f"{source} has tier production: rows that nobody masked never go into a clone; nothing was done. "
            "Take data from a staging environment that a refresh fills."
        )
    return source


def targets_of(settings: Settings, tier: Tier) -> tuple[Target, ...]:
    targets = (settings.target(name) for name in settings.environments)
    return tuple(target for target in targets if target.tier is tier)


def _load_rules(settings: Settings) -> Any:
    """None where the project has no rules: not every one refreshes."""
    return load_project_rules(settings) if settings.rules.exists() else None


def apply_request(settings: Settings, options: dict[str, Any]) -> ApplyRequest:
    """Before production come all environments of tier staging."""
    target = settings.target(options["target"])
    evidence: Path | None = options["evidence"]
    return ApplyRequest(
        target=target.for_applying(),
        project=project_of(settings),
        state=settings.state,
        evidence=evidence.absolute() if evidence else None,
        evidence_key=settings.evidence_key(),
        evidence_ttl_s=settings.evidence_ttl_s,
        stagings=targets_of(settings, Tier.STAGING) if target.tier is Tier.PRODUCTION else (),
        without_staging=options["without_staging"],
        several_heads=settings.alembic.several_heads,
        lock_timeout_ms=max(1, round(options["lock_timeout"] * 1000)),
        patience_s=options["patience"],
        wait_s=options["wait"],
        cancel_refresh=options["cancel_refresh"],
        actor=find_actor(os.environ),
        git_commit=_commit(settings),
    )


def status_request(settings: Settings, names: Sequence[str] = ()) -> StatusRequest:
    """``names`` empty: all environments. One named twice is looked at once."""
    return StatusRequest(
        project=project_of(settings),
        targets=tuple(settings.target(name) for name in dict.fromkeys(names or settings.environments)),
        several_heads=settings.alembic.several_heads,
        actor=find_actor(os.environ),
        git_commit=_commit(settings),
    )


def _commit(settings: Settings) -> str | None:
    return find_commit(settings.file.parent, os.environ)
