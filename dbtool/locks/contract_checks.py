"""Findings on what the running release takes for granted: relations, columns, rows that it may see. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.relations import quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.locks.checks import contract
from dbtool.locks.pasting import LATER, bare, execute, paste
from dbtool.locks.projection import count_rows
from dbtool.locks.situation import Situation
from dbtool.locks.tokens import split_name
from dbtool.locks.trace import ColumnChange
from dbtool.locks.wording import spell_size

_DROPS = frozenset(["DROP TABLE", "DROP VIEW", "DROP MATERIALIZED VIEW"])
_JSON = frozenset(["json"])


def judge_contract(situation: Situation) -> Iterator[Finding]:
    yield from _judge_dropped_relations(situation)
    for change in situation.trace.column_changes:
        if situation.exists(change.relation):
            yield from _judge_column(situation, change)
    yield from _judge_renamed(situation)
    yield from _judge_actions(situation)
    yield from _judge_dropped_keys(situation)


def _judge_dropped_relations(situation: Situation) -> Iterator[Finding]:
    """What has a size on the target, or was locked as a table, is one; indexes and sequences go with theirs."""
    tables = {lock.relation for lock in situation.trace.locks if lock.kind in "rpmvf"}
    for relation in situation.trace.dropped:
        size = situation.find_target_size(relation)
        named = situation.is_about(relation) and any(one.verb in _DROPS for one in situation.parsed)
        if not situation.exists(relation) or (size is None and relation not in tables and not named):
            continue
        yield contract.RELATION_DROPPED.finding(
            _weigh_loss(situation, relation),
            situation.where,
            f"drops {relation}{_describe(situation, relation)}: what it holds is lost, and a release that still uses it fails",
            paste(_drop_later(situation, relation)),
        )


def _drop_later(situation: Situation, relation: str) -> Iterator[str]:
    verb = next((one.verb for one in situation.parsed if one.verb in _DROPS), "DROP TABLE")
    *schema, name = split_name(relation)
    fresh = quote_identifier(f"{name}_unused")
    yield "# first a name that nobody uses, which can be taken back in a moment:"
    yield execute(f"ALTER {verb.removeprefix('DROP ')} {relation} RENAME TO {fresh}")
    yield LATER
    yield execute(f"{verb} {'.'.join([*map(quote_identifier, schema), fresh])}")


def _weigh_loss(situation: Situation, relation: str) -> Severity:
    """There is a right moment to drop something, which only people know: never an error."""
    size = situation.find_target_size(relation)
    if size is not None and not count_rows(size) and not size.scans_per_s:
        return Severity.INFO
    return Severity.WARNING


def _weigh_break(situation: Situation, relation: str) -> Severity:
    """There is no right moment to rename what is in use: one of two releases does not know the name."""
    size = situation.find_target_size(relation)
    if size is None:
        return Severity.WARNING
    if size.scans_per_s or size.writes_per_s:
        return Severity.ERROR
    return Severity.WARNING if count_rows(size) else Severity.INFO


def _judge_column(situation: Situation, change: ColumnChange) -> Iterator[Finding]:
    column = f"{change.relation}.{quote_identifier(change.column)}"
    if change.change == "dropped":
        yield contract.COLUMN_DROPPED.finding(
            _weigh_loss(situation, change.relation),
            situation.where,
            f"drops {column}{_describe(situation, change.relation)}: its values are lost, and a release whose model still "
            "has it fails",
            paste(
                [
                    "# release first the code whose model no longer has the column; until then it may stay, and be NULL:",
                    execute(
                        f"ALTER TABLE {change.relation} ALTER COLUMN {quote_identifier(change.column)} DROP NOT NULL"
                    ),
                    LATER,
                    execute(f"ALTER TABLE {change.relation} DROP COLUMN {quote_identifier(change.column)}"),
                ]
            ),
        )
    elif change.change == "renamed":
        yield contract.RENAMED.finding(
            _weigh_break(situation, change.relation),
            situation.where,
            f"renames {change.relation}.{quote_identifier(change.was)} to {quote_identifier(change.column)}"
            f"{_describe(situation, change.relation)}: the running release knows the old name only, the next one the new",
            paste(_expand_column(change)),
        )


def _expand_column(change: ColumnChange) -> Iterator[str]:
    old, new = quote_identifier(change.was), quote_identifier(change.column)
    yield f"# expand: {new} beside {old}, of its type, and a trigger that keeps the two equal"
    yield f"op.add_column({bare(change.relation)!r}, sa.Column({change.column!r}, sa.Text(), nullable=True))"
    yield f"# fill {new} from {old} in batches; then contract, when no release knows {old} any more:"
    yield LATER
    yield execute(f"ALTER TABLE {change.relation} DROP COLUMN {old}")


def _judge_renamed(situation: Situation) -> Iterator[Finding]:
    tables = {lock.relation for lock in situation.trace.locks if lock.kind in "rpmvf"}
    for before, after in situation.trace.renamed:
        size = situation.population.target.get(situation.before.find_original(before) or "")
        if situation.before.find_original(before) is None or (size is None and not tables & {before, after}):
            continue
        bridged = before in situation.made_in_revision
        yield contract.RENAMED.finding(
            Severity.INFO if bridged else _weigh_break(situation, before),
            situation.where,
            f"renames {before} to {after}{_describe(situation, before)}: the running release knows the old name only, the "
            "next one the new",
            paste(_bridge(before, after, situation.major)),
        )


def _bridge(before: str, after: str, major: int) -> Iterator[str]:
    invoker = " WITH (security_invoker)" if major >= 15 else ""  # noqa: PLR2004  the first that has it
    yield "# in the same transaction: the old name, which reads and writes pass through"
    yield execute(f"CREATE VIEW {before}{invoker} AS SELECT * FROM {after}")
    yield f"{LATER} when no release knows the old name"
    yield execute(f"DROP VIEW {before}")


def _judge_actions(situation: Situation) -> Iterator[Finding]:
    for one in situation.parsed:
        relation = situation.find_named(one)
        if relation is None or not situation.exists(relation):
            continue
        for action in one.actions:
            if action.kind == "ADD COLUMN" and action.type.lower() in _JSON:
                yield _json_column(situation, relation, action.name)
            elif action.kind == "ENABLE ROW SECURITY" and not _has_policy(situation, relation):
                yield _row_security(situation, relation)
            elif action.kind == "REPLICA IDENTITY":
                yield _replica_identity(situation, f"changes the replica identity of {relation}")


def _has_policy(situation: Situation, relation: str) -> bool:
    """Given by the same revision. One that the catalog has already is not in a trace."""
    return any(name.means(relation) for name in situation.given_policies)


def _json_column(situation: Situation, relation: str, column: str) -> Finding:
    return contract.JSON_COLUMN.finding(
        Severity.WARNING,
        situation.where,
        f"adds {relation}.{quote_identifier(column)} of type json, which has no equality: SELECT DISTINCT, UNION and GROUP BY "
        "over it fail",
        execute(f"ALTER TABLE {relation} ADD COLUMN {quote_identifier(column)} jsonb"),
    )


def _row_security(situation: Situation, relation: str) -> Finding:
    return contract.TABLE_LEFT_EMPTY_BY_RLS.finding(
        Severity.WARNING,
        situation.where,
        f"switches row level security on for {relation}{_describe(situation, relation)}: without a policy everybody but its "
        "owner sees an empty table, without an error",
        paste(
            [
                execute(
                    f"CREATE POLICY {quote_identifier(bare(relation) + '_all')} ON {relation} USING (true)"
                ),
                execute(f"ALTER TABLE {relation} ENABLE ROW LEVEL SECURITY"),
            ]
        ),
    )


def _judge_dropped_keys(situation: Situation) -> Iterator[Finding]:
    """A primary key is told by the name that PostgreSQL gives its index; one named otherwise is not found."""
    if any(one.verb == "DROP TABLE" for one in situation.parsed):
        return
    for relation in situation.trace.dropped:
        if bare(relation).endswith("_pkey") and situation.exists(relation):
            yield _replica_identity(situation, f"drops the primary key's index {relation}")


def _replica_identity(situation: Situation, what: str) -> Finding:
    return contract.REPLICA_IDENTITY.finding(
        Severity.WARNING,
        situation.where,
        f"{what}: UPDATE and DELETE on a table that is published for logical replication fail without an identity",
        "Make another unique index on NOT NULL columns first, concurrently, and name it in the same transaction: "
        "ALTER TABLE … REPLICA IDENTITY USING INDEX …",
    )


def _describe(situation: Situation, relation: str) -> str:
    size = situation.find_target_size(relation)
    return f" ({spell_size([size])} on the target)" if size is not None else ""
