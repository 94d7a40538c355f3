"""Statements that no transaction block can hold: how to see their locks, and which ones nobody can see. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbtool.locks.blocks import controls_transactions, must_stand_alone
from dbtool.locks.modes import LockMode
from dbtool.locks.statements import Statement, parse_statements
from dbtool.locks.tokens import tokenize
from dbtool.migrate.rehearse.changes import Span, refiled
from dbtool.migrate.rehearse.observation import Known, SeenRelation

_HOLDABLE = frozenset("rpm")
_MOST_HELD = 500  # max_locks_per_transaction is a matter of the clone's
_OWN_TRANSACTIONS = frozenset(["COMMIT", "ROLLBACK"])
_IN_PARTS = frozenset(["REINDEX", "CLUSTER"])  # partition by partition, where the relation is partitioned
_WITHOUT_TABLES = ("DATABASE", "TABLESPACE", "SUBSCRIPTION", "SYSTEM")


@dataclass(frozen=True, slots=True)
class Hold:
    """What a session of ours holds until the statement waits for it: a lock in ``mode`` on each table, and a snapshot."""

    relations: tuple[SeenRelation, ...]
    mode: LockMode


def fits_block(sql: str, committed: Known) -> bool:
    """Whether the statement runs in BEGIN and COMMIT as it does without; a procedure may commit itself."""
    if must_stand_alone(sql) or controls_transactions(sql):
        return False
    for one in parse_statements(sql):
        own = one.verb == "CALL" or (
            one.verb == "DO" and any(word in one.text.upper() for word in _OWN_TRANSACTIONS)
        )
        in_parts = one.verb in _IN_PARTS and any(
            each.kind in {"p", "I"} for each in _mentioned(one.text, committed)
        )
        if own or in_parts:
            return False
    return True


def plan_hold(sql: str, committed: Known) -> Hold | None:
    """None where nothing of ours would make it wait, or where it would then do something else."""
    parsed = parse_statements(sql)
    if not parsed or parsed[0].verb.endswith(_WITHOUT_TABLES) or parsed[0].verb == "DISCARD":
        return None
    if any("SKIP_LOCKED" in one.words for one in parsed):
        return None
    relations = tuple(_tables(sql, committed))[:_MOST_HELD]
    return Hold(relations, _mode(parsed[0]))


def _mode(statement: Statement) -> LockMode:
    """An ACCESS SHARE or its snapshot alone would let VACUUM do its work, and CREATE INDEX CONCURRENTLY fail, unseen."""
    if statement.verb == "VACUUM" and "FULL" not in statement.words:
        return LockMode.SHARE_UPDATE_EXCLUSIVE
    return LockMode.ROW_EXCLUSIVE if statement.verb == "CREATE INDEX" else LockMode.ACCESS_SHARE


def _tables(sql: str, committed: Known) -> Iterator[SeenRelation]:
    """Those that the statement names, or whose indexes; all, where it names none."""
    named = {each.table or each.oid for each in _mentioned(sql, committed)}
    for oid, relation in committed.items():
        if relation.kind in _HOLDABLE and not relation.is_toast and (not named or oid in named):
            yield relation


def _mentioned(sql: str, committed: Known) -> Iterator[SeenRelation]:
    """All that its words may mean, in whatever schema."""
    words = {token.name for token in tokenize(sql)}
    return (each for each in committed.values() if each.name.name in words and not each.is_toast)


def _meant(statement: Statement, span: Span) -> list[SeenRelation]:
    by_name: dict[str, list[SeenRelation]] = {}
    for each in _mentioned(statement.text, span.committed):
        by_name.setdefault(each.name.name, []).append(each)
    return [found for each in by_name.values() if (found := span.choose(each)) is not None]


def documented_locks(sql: str, span: Span, built: Iterable[str]) -> Iterator[tuple[SeenRelation, LockMode]]:
    """Locks that such a statement takes, whether or not they were seen. ``built`` are the indexes it built.

    Source: PostgreSQL 18's manual on each command, and index.c, vacuum.c and tablecmds.c of 15 to 18:
    DROP INDEX CONCURRENTLY and REINDEX CONCURRENTLY take ACCESS EXCLUSIVE on the old index when nobody uses it any more,
    DETACH CONCURRENTLY on the partition; VACUUM on a table whose end is empty, to give it back.
    """
    for one in parse_statements(sql):
        match one.verb:
            case "CREATE INDEX" | "DROP INDEX" if one.concurrently:
                yield from _of_indexes(one, span)
            case "REINDEX":
                yield from _of_reindex(one, span, set(built))
            case "ALTER TABLE" if one.concurrently:
                yield from _of_detach(one, span)
            case "VACUUM":
                yield from _of_vacuum(one, span)
            case "CLUSTER":
                yield from ((each, LockMode.ACCESS_EXCLUSIVE) for each in refiled(span) if each.kind == "r")


def _of_indexes(statement: Statement, span: Span) -> Iterator[tuple[SeenRelation, LockMode]]:
    dropping = statement.verb == "DROP INDEX"
    for each in _meant(statement, span):
        if dropping and each.is_index:
            yield each, LockMode.ACCESS_EXCLUSIVE
        table = span.committed.get(each.table or 0) if dropping else each
        if table is not None and table.kind in _HOLDABLE:
            yield table, LockMode.SHARE_UPDATE_EXCLUSIVE


def _of_reindex(statement: Statement, span: Span, built: set[str]) -> Iterator[tuple[SeenRelation, LockMode]]:
    on_table = LockMode.SHARE_UPDATE_EXCLUSIVE if statement.concurrently else LockMode.SHARE
    yield from ((each, on_table) for each in _meant(statement, span) if each.kind == "p")
    for each in span.committed.values():
        if each.is_index and str(each.name) in built:
            yield each, LockMode.ACCESS_EXCLUSIVE
            if (table := span.committed.get(each.table or 0)) is not None:
                yield table, on_table


def _of_detach(statement: Statement, span: Span) -> Iterator[tuple[SeenRelation, LockMode]]:
    for each in _meant(statement, span):
        if each.kind in _HOLDABLE:
            whole = statement.is_about(str(each.name))
            yield each, LockMode.SHARE_UPDATE_EXCLUSIVE if whole else LockMode.ACCESS_EXCLUSIVE


def _of_vacuum(statement: Statement, span: Span) -> Iterator[tuple[SeenRelation, LockMode]]:
    if "FULL" in statement.words:
        yield from ((each, LockMode.ACCESS_EXCLUSIVE) for each in refiled(span) if each.kind in {"r", "m"})
        return
    keeps_its_end = statement.says("TRUNCATE", "FALSE") or statement.says("TRUNCATE", "OFF")
    mode = LockMode.SHARE_UPDATE_EXCLUSIVE if keeps_its_end else LockMode.ACCESS_EXCLUSIVE
    named = _meant(statement, span)
    for each in named or _tables(statement.text, span.committed):
        if each.kind in {"r", "m"}:
            yield each, mode
