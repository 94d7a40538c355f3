"""A new revision file, forward only; with --autogenerate from what the models have and a migrated clone has not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbtool.errors import AnswerIsNo, UsageError
from dbtool.migrate.clone.make import CloneRequest, rehearsal_clone
from dbtool.migrate.request import StatusRequest
from dbtool.migrate.revisions.history import find_destination, plan_pending
from dbtool.migrate.runner.ending import describe_end, refuse_elsewhere
from dbtool.migrate.runner.overseer import Onlooker
from dbtool.migrate.runner.run import Place, create_revision, describe, run_upgrade
from dbtool.migrate.target import look_at
from dbtool.targets import Target


def write_revision(request: StatusRequest, message: str, *, merge: bool) -> Path:
    """:raises UsageError: there is nothing to merge."""
    if not merge:
        return create_revision(request.project, message)
    heads = describe(request.project).heads
    if len(heads) < 2:  # noqa: PLR2004  one head needs no merge
        raise UsageError(
            f"there is one head, {heads[0] if heads else 'none'}: nothing to merge; nothing was written."
        )
    return create_revision(request.project, message, merge=heads)


def generate_revision(request: StatusRequest, message: str, target: Target) -> Path:
    """Compare the models with a clone of ``target`` that has every revision of the project's."""
    with _migrated_clone(request, target) as place:
        return create_revision(request.project, message, place=place, autogenerate=True)


@contextmanager
def _migrated_clone(request: StatusRequest, target: Target) -> Iterator[Place]:
    history, seen = describe(request.project), look_at(request.project, target)
    pending = plan_pending(history, seen.heads, several_heads=request.several_heads)
    with rehearsal_clone(
        CloneRequest(target, version_table=seen.version_table, purpose="autogenerate")
    ) as clone:
        place = Place(clone.url, nonce=clone.nonce, closed=request.project.network == "closed")
        outcome = run_upgrade(
            request.project,
            place,
            revisions=[one.id for one in pending],
            destination=find_destination(history),
            overseer=Onlooker(),
            trace=False,
        )
        refuse_elsewhere(outcome)
        if outcome.failed or outcome.raised:
            raise AnswerIsNo(
                f"the pending revisions fail on a clone of {target}: {describe_end(outcome)}; nothing was written. "
                f"See: dbtool migrate rehearse --target {target}"
            )
        yield place
