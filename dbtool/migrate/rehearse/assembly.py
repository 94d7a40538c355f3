"""From what was seen around a statement to its trace. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbtool.locks.blocks import controls_transactions
from dbtool.locks.modes import LockMode
from dbtool.locks.statements import parse_statements
from dbtool.locks.trace import HeldLock, StatementFailure, StatementTrace
from dbtool.migrate.rehearse import changes
from dbtool.migrate.rehearse.changes import Span
from dbtool.migrate.rehearse.notices import parse_notices
from dbtool.migrate.rehearse.observed_work import Work, find_work
from dbtool.migrate.rehearse.standing_alone import documented_locks
from dbtool.migrate.runner.overseer import StatementEnd
from dbtool.postgres.server_errors import describe_failure

_LESSER_KINDS = "iItS"


def assemble(end: StatementEnd, span: Span, *, alone: bool, waited_s: float) -> StatementTrace:
    """``alone``: no transaction block held it. How long its locks were held is not known yet."""
    if controls_transactions(end.start.sql):
        span = Span(span.committed, span.committed)  # what it takes back was told when it was done
    parsed = parse_statements(end.start.sql)
    work = find_work(span, parse_notices(end.sources.get("notices", ())), parsed)
    locks = _measured(span)
    if alone and not end.failed:
        locks = [*locks, *_documented(end.start.sql, span, work, locks)]
    return StatementTrace(
        ordinal=end.start.ordinal,
        sql=end.start.sql,
        seconds=max(end.seconds - waited_s, 0.0),
        line=end.start.line,
        in_transaction=end.start.in_transaction,
        failure=_failure(end),
        locks=_sorted(locks),
        rewrites=work.rewrites,
        scans=work.scans,
        index_builds=work.index_builds,
        row_changes=changes.row_changes(span, work.truncated),
        column_changes=changes.column_changes(span),
        created=changes.created(span),
        dropped=changes.dropped(span),
        renamed=changes.renamed(span),
    )


def shows_anything(trace: StatementTrace) -> bool:
    """Whether work past SQLAlchemy, of which there is no text, left anything to tell of."""
    changed = (*trace.created, *trace.dropped, *trace.renamed, *trace.column_changes, *trace.row_changes)
    return bool(trace.locks or trace.rewrites or changed)


def _failure(end: StatementEnd) -> StatementFailure | None:
    if not end.failed:
        return None
    return StatementFailure(end.sqlstate, describe_failure(end.message, end.sqlstate))


def _measured(span: Span) -> list[HeldLock]:
    return [HeldLock(str(one.name), mode, 0.0, one.kind) for one, mode in changes.new_locks(span)]


def _documented(sql: str, span: Span, work: Work, measured: Iterable[HeldLock]) -> Iterator[HeldLock]:
    """Those stronger than what was seen. Nobody knows how long they were held."""
    strongest = {lock.relation: lock.mode for lock in measured}
    found: dict[str, tuple[LockMode, str]] = {}
    for relation, mode in documented_locks(sql, span, {build.index for build in work.index_builds}):
        name = str(relation.name)
        if mode > max(strongest.get(name, 0), found.get(name, (0, ""))[0]):
            found[name] = (mode, relation.kind)
    for name, (mode, kind) in found.items():
        yield HeldLock(name, mode, 0.0, kind, measured=False)


def _sorted(locks: Iterable[HeldLock]) -> tuple[HeldLock, ...]:
    """The strongest first, tables before what is locked with them."""
    return tuple(sorted(locks, key=lambda lock: (-lock.mode, lock.kind in _LESSER_KINDS, lock.relation)))
