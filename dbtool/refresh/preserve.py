"""The target's own rows, from live into the candidate, and nobody writes to them until the swap.

It comes last, when the candidate has its constraints and the revisions that live had: rows that were written an hour ago
are there, and what a revision did to them it does not do twice. Foreign keys are taken away for the load and made again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.catalog.without import with_belongings
from dbtool.errors import AnswerIsNo, Busy, FindingsRefuse, ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.postgres import candidate as inside
from dbtool.postgres import preserved as rows_of
from dbtool.postgres.archive import Restore, schema_archive
from dbtool.postgres.binaries import Tools
from dbtool.postgres.candidate import SequenceValue, candidate_session
from dbtool.postgres.dump import filter_toc, without_objects
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.keys import KeyText, add_key, drop_keys, read_key_texts
from dbtool.postgres.rename import ENDED_LAST
from dbtool.postgres.rights import Rights, grant_rights, read_rights
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.snapshots import LOCK_NOT_AVAILABLE, export_snapshot
from dbtool.refresh.post_data import plan_sequence
from dbtool.refresh.pre_data import restore_policy
from dbtool.refresh.preflight import Preflight
from dbtool.refresh.preserved_copy import Carrying, load_tables
from dbtool.refresh.preserved_shapes import judge_shapes, plan_table
from dbtool.refresh.preserving import preserved_names
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.result import RefreshResult, SequenceSet, TablePreserved

LOCK_TIMEOUT_MS = 30_000
_DEADLOCK = "40P01"  # somebody writes to two of the tables, in another order than ours


@dataclass(frozen=True, slots=True)
class Preserved:
    """``sequences`` go on from elsewhere than had been planned, ``keys`` were validated."""

    tables: tuple[TablePreserved, ...] = ()
    sequences: tuple[SequenceSet, ...] = ()
    keys: int = 0


@contextmanager
def preserved_rows(
    request: RefreshRequest, checked: Preflight, candidate: str, left_out: Sequence[KeyText]
) -> Iterator[Preserved]:
    """The candidate has live's rows of the preserved tables, and ``left_out``, the source's keys to these; while the context
    lasts nobody writes to them.

    :raises FindingsRefuse: they do not fit into the copy, or a reference leads nowhere.
    :raises Busy: somebody writes to one of them for longer than half a minute.
    """
    names = preserved_names(request.target)
    if not names:
        yield Preserved()
        return
    if checked.target.live is None:
        yield _without_live(request, candidate, left_out)
        return
    with _held(request, names) as (live, there, snapshot):
        carrying = Carrying(request, checked, candidate, there, live, snapshot, read_catalog(live))
        yield _carry(carrying, names, left_out)


def with_preserved(result: RefreshResult, preserved: Preserved) -> RefreshResult:
    """Pure. What was found out about the copy before stands; sequences that went on are told as they are now."""
    if preserved == Preserved():
        return result
    now = {sequence.name: sequence for sequence in preserved.sequences}
    sequences = tuple(now.pop(one.name, one) for one in result.sequences)
    rows = sum(table.rows for table in preserved.tables)
    told = (
        f"{rows:,} rows of {len(preserved.tables)} preserved tables compared with the live database's, by count and content",
        f"{preserved.keys} foreign keys from or to preserved tables validated by PostgreSQL over all rows",
    )
    checked, unchecked = result.verification.checked, result.verification.not_checked
    names = ", ".join(str(table.name) for table in preserved.tables)
    own = f"rows of preserved tables are the target's own: no originals were searched for in {names}"
    verification = replace(
        result.verification,
        checked=(*checked, *told),
        not_checked=(*unchecked, *([own] if names else [])),
    )
    return replace(
        result,
        preserved=preserved.tables,
        sequences=(*sequences, *now.values()),
        verification=verification,
    )


def _without_live(request: RefreshRequest, candidate: str, left_out: Sequence[KeyText]) -> Preserved:
    with candidate_session(request.target, candidate) as connection:
        _add_keys(request, connection, left_out)
    return Preserved(keys=_count_validated(left_out))


@contextmanager
def _held(
    request: RefreshRequest, names: Collection[RelationName]
) -> Iterator[tuple[Connection, tuple[RelationName, ...], str]]:
    """Closed, not committed: by then the swap has ended it, as it ends all sessions of live."""
    target = request.target
    with (
        contextlib.closing(connect(target.url(), application_name=ENDED_LAST)) as connection,
        request.cancellation.ending(connection.cancel),
    ):
        known = read_catalog(connection)
        there = tuple(name for name in names if name in known.relations)
        try:
            rows_of.hold_rows(connection, there, LOCK_TIMEOUT_MS)
        except ServerFailed as error:
            if error.sqlstate not in {LOCK_NOT_AVAILABLE, _DEADLOCK}:
                raise
            raise Busy(
                f"a preserved table of {target} is being written to, and was not free within {LOCK_TIMEOUT_MS / 1000:g} s; the "
                "candidate was dropped and the live database is as it was. Refresh again when the writing has ended."
            ) from None
        yield connection, there, export_snapshot(connection)[0]


def _carry(carrying: Carrying, names: Collection[RelationName], left_out: Sequence[KeyText]) -> Preserved:
    request = carrying.request
    with carrying.session() as connection:
        carrying.copy = read_catalog(connection)
    own = tuple(name for name in carrying.names if name not in carrying.copy.relations)
    own_keys = read_key_texts(carrying.live, with_belongings(carrying.catalog, own)) if own else ()
    if own:
        _make_own_tables(carrying, own, own_keys)
    _refuse(request, judge_shapes(request.target, carrying.names, carrying.copy, carrying.catalog))
    tables = [plan_table(carrying.catalog, carrying.copy, name) for name in carrying.names]
    with carrying.session() as connection, request.cancellation.ending(connection.cancel):
        belongings = with_belongings(
            carrying.copy, [name for name in names if name in carrying.copy.relations]
        )
        inside.lift_row_security(connection)
        standing = read_key_texts(connection, belongings)
        drop_keys(connection, standing)
        loaded = tuple(load_tables(carrying, connection, tables, own))
        keys = (*standing, *left_out, *(key for key in own_keys if key.table in belongings))
        _add_keys(request, connection, keys)
        sequences = tuple(_number_on(carrying, connection, belongings))
        _refresh_views(connection, carrying.copy, belongings)
        inside.analyze(connection, [table.relation for table in tables])
        _grant_own(carrying, connection, with_belongings(carrying.catalog, own))
    return Preserved(loaded, sequences, _count_validated(keys))


def _count_validated(keys: Iterable[KeyText]) -> int:
    return sum(key.is_validated for key in keys)


def _refuse(request: RefreshRequest, findings: Iterable[Finding]) -> None:
    found = tuple(findings)
    for finding in found:
        request.observer.found(finding)
    if found:
        raise FindingsRefuse(
            f"the rows that {request.target} keeps do not fit into the copy; the candidate was dropped and the live database "
            "is as it was.",
            found,
        )


def _make_own_tables(carrying: Carrying, own: Collection[RelationName], keys: Sequence[KeyText]) -> None:
    """Tables that the source has not: made as live has them, but for their foreign keys, which wait for the rows."""
    target, tools = carrying.request.target, _tools(carrying.checked)
    left = {key.toc_key for key in keys}
    with carrying.session() as connection:
        for schema in sorted({name.schema for name in own}):
            rows_of.make_schema(connection, schema)
    try:
        with schema_archive(
            target.url(),
            tools,
            carrying.snapshot,
            lambda entries: without_objects(filter_toc(entries, extensions="expect"), left),
            only=with_belongings(carrying.catalog, own),
        ) as archive:
            restore = Restore(archive, tools, target.url(), carrying.candidate, restore_policy(target))
            restore.pre_data()
            restore.post_data(1)
    except ServerFailed as error:
        listed = ", ".join(map(str, own))
        raise AnswerIsNo(
            f"{listed}: only {target} has it, and it could not be made in the copy as it is there ({error}); the candidate was "
            "dropped and the live database is as it was. Have what it needs (types, functions, other tables) come from the "
            f"source, make it independent of them in {target}, or take it out of preserve."
        ) from None
    with carrying.session() as connection:
        carrying.copy = read_catalog(connection)


def _tools(checked: Preflight) -> Tools:
    return checked.own_tools or checked.tools


def _add_keys(request: RefreshRequest, connection: Connection, keys: Sequence[KeyText]) -> None:
    """:raises FindingsRefuse: with every key that does not hold, so that all is told at once."""
    findings = []
    for key in keys:
        rows = add_key(connection, key)
        if rows:
            findings.append(_dangling(request, key, rows))
    if findings:
        _refuse(request, findings)


def _dangling(request: RefreshRequest, key: KeyText, rows: int) -> Finding:
    names = set(preserved_names(request.target))
    target, whose = request.target, "kept" if key.table in names else "copied"
    nothing = "the copy has nothing" if key.table in names else "nothing is kept"
    ways = (
        f"delete or correct those rows in {target}, preserve {key.referenced} as well, or take {key.table} out of preserve"
        if key.table in names
        else f"add what they refer to in {target}, preserve {key.table} as well, or take {key.referenced} out of preserve"
    )
    return Finding(
        "preserve-orphans",
        Severity.ERROR,
        str(key.table),
        f"{rows:,} {whose} row{'s' * (rows != 1)} refer{'s' * (rows == 1)} by {key.name} ({', '.join(key.columns)}) to "
        f"{key.referenced}, where {nothing} for {'them' if rows != 1 else 'it'}",
        ways,
    )


def _number_on(
    carrying: Carrying, connection: Connection, belongings: Collection[RelationName]
) -> Iterator[SequenceSet]:
    """Sequences that number preserved rows go on from where live's stand; one that numbers copied rows, too, from the furthest."""
    theirs = {sequence.name for sequence in carrying.catalog.sequences}
    for sequence in carrying.copy.sequences:
        fed = [relation for relation, _ in sequence.feeds]
        if sequence.name not in belongings and not any(relation in belongings for relation in fed):
            continue
        loaded = plan_sequence(sequence, inside.find_extreme(connection, sequence, carrying.copy))
        value = rows_of.read_position(carrying.live, sequence.name) if sequence.name in theirs else loaded
        if not all(relation in belongings for relation in fed):
            value = _further(value, loaded, upward=sequence.increment > 0)
        value = replace(value, value=min(max(value.value, sequence.minimum), sequence.maximum))
        inside.set_sequence(connection, sequence.name, value)
        yield SequenceSet(sequence.name, value.value, value.is_called)


def _further(one: SequenceValue, other: SequenceValue, *, upward: bool) -> SequenceValue:
    further: Callable[..., SequenceValue] = max if upward else min
    return further(one, other, key=lambda each: each.value)


def _refresh_views(connection: Connection, copy: Catalog, names: Collection[RelationName]) -> None:
    over = rows_of.read_views_over(connection, names)
    for view in copy.materialized_views:
        if view in over:
            inside.refresh_materialized_view(connection, view)


def _grant_own(carrying: Carrying, connection: Connection, own: Collection[RelationName]) -> None:
    """What only the target has is granted as it is there."""
    if own:
        of_all = read_rights(carrying.live)
        grants = tuple(grant for grant in of_all.grants if grant.relation in own)
        grant_rights(connection, Rights(grants), str)
