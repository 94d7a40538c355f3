"""The pending revisions run for real on the clone; what was seen of it, before anybody judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbtool.errors import ConfigurationInvalid
from dbtool.locks.trace import RevisionTrace
from dbtool.migrate.clone.make import Clone, CloneRequest
from dbtool.migrate.rehearse.aftermath import State
from dbtool.migrate.rehearse.tracer import Tracer
from dbtool.migrate.request import RehearseRequest
from dbtool.migrate.revisions.history import Revision
from dbtool.migrate.runner.announce import Announced
from dbtool.migrate.runner.ending import refuse_elsewhere
from dbtool.migrate.runner.run import Outcome, Place, run_check, run_upgrade
from dbtool.migrate.target import TargetNow
from dbtool.postgres.alembic_version import current_heads
from dbtool.postgres.definitions import read_ddl
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.postgres.unfinished import read_unfinished


@dataclass(frozen=True, slots=True)
class Ran:
    """``ddl_before`` and ``ddl_after`` are the clone's DDL, one line per thing. ``drift`` is what the models say afterwards,
    None where they were not asked, for ``not_compared``.
    """

    outcome: Outcome
    revisions: tuple[RevisionTrace, ...]
    before: State
    after: State
    ddl_before: tuple[str, ...]
    ddl_after: tuple[str, ...]
    drift: tuple[str, ...] | None
    not_compared: str = ""

    @property
    def completed(self) -> bool:
        return self.outcome.raised is None and self.outcome.failed is None


def plan_clone(request: RehearseRequest, seen: TargetNow) -> CloneRequest:
    """Without ``data`` the best there is: masked rows where an environment of tier staging is given."""
    data = request.data or ("staging" if request.staging else "schema")
    return CloneRequest(
        target=request.target,
        data=data,
        staging=request.staging,
        rules=request.rules,
        key=request.key,
        profile=request.profile,
        provider=request.provider,
        image=request.image,
        postgres_bin=request.postgres_bin,
        version_table=seen.version_table,
    )


def run_on_clone(
    request: RehearseRequest, clone: Clone, pending: Sequence[Revision], destination: str
) -> Ran:
    """:raises ConfigurationInvalid: env.py wants to go elsewhere; nothing was sent."""
    place = Place(clone.url, nonce=clone.nonce, closed=request.project.network == "closed")
    before, ddl_before = _look(request, clone)
    with Tracer(clone.superuser_url, _files(pending)) as tracer:
        outcome = run_upgrade(
            request.project,
            place,
            revisions=[one.id for one in pending],
            destination=destination,
            overseer=Announced(tracer, request.observer, _files(pending)),
            trace=True,
            timeout_s=request.timeout_s,
            contents={one.id: one.content for one in pending if one.content},
        )
    refuse_elsewhere(outcome)
    after, ddl_after = _look(request, clone)
    drift, why_not = _compare_models(request, place, outcome)
    return Ran(outcome, tracer.revisions(), before, after, ddl_before, ddl_after, drift, why_not)


def _compare_models(
    request: RehearseRequest, place: Place, outcome: Outcome
) -> tuple[tuple[str, ...] | None, str]:
    """What the models and the migrated clone have not in common; or None, and why nobody can tell."""
    if outcome.raised is not None or outcome.failed is not None:
        return None, ""
    try:
        drift = run_check(request.project, place)
    except ConfigurationInvalid as error:
        return None, str(error)
    return (
        drift,
        "" if drift is not None else "env.py names no target_metadata to compare the migrated clone with",
    )


def _look(request: RehearseRequest, clone: Clone) -> tuple[State, tuple[str, ...]]:
    with connect(clone.superuser_url, application_name="dbtool rehearse", read_only=True) as connection:
        heads = current_heads(connection, request.project.version_table)
        state = State(read_catalog(connection), read_unfinished(connection), heads)
        return state, read_ddl(connection)


def _files(pending: Sequence[Revision]) -> Mapping[str, str]:
    return {one.id: one.file for one in pending}
