"""Which safe rewrite fits a finding on work under a lock. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from dbtool.catalog.relations import quote_identifier
from dbtool.locks import remedies_columns, remedies_constraints
from dbtool.locks.actions import Action
from dbtool.locks.checks import holding
from dbtool.locks.checks.check import Check
from dbtool.locks.pasting import execute, in_autocommit, paste
from dbtool.locks.situation import Situation
from dbtool.locks.statements import Statement

_INDEX = re.compile(r"\b(INDEX)\b", re.IGNORECASE)
_REINDEX = re.compile(r"\b(INDEX|TABLE|SCHEMA)\b", re.IGNORECASE)
_VIEW = re.compile(r"\b(VIEW)\b", re.IGNORECASE)
_DETACH = "DETACH PARTITION"

_REPACK = (
    "Let pg_repack or pg_squeeze do it, which hold the lock for a moment at their end: they run beside the migrations, "
    "from the command line. To let go of space within the table, plain VACUUM is enough."
)
_REWRITE = "Make a new column or table beside the old one, fill it in batches in revisions of its own, and swap the names at the end."


def suggest(situation: Situation, check: Check, relation: str) -> str:
    """The rewrite for what the statement did to ``relation``, ready to paste where the text names enough."""
    found = [_suggest_for(situation, one, relation) for one in situation.parsed]
    if any(found):
        return paste(filter(None, found))
    return _REWRITE if check is holding.REWRITE_UNDER_LOCK else ""


def _suggest_for(situation: Situation, one: Statement, relation: str) -> str:
    named = situation.find_named(one) or relation
    if one.actions:
        found = (_suggest_for_action(situation, action, named) for action in one.actions)
        return paste(filter(None, found))
    return _suggest_for_statement(situation, one, named)


def suggest_for_moment(situation: Situation, relation: str) -> str:
    """For locks that are only taken: some statements have a weaker sibling."""
    for one in situation.parsed:
        if one.verb == "DROP INDEX" and not one.concurrently:
            return paste(in_autocommit([execute(_concurrently(one.text, _INDEX))]))
        detached = one.find(_DETACH)
        if detached is not None and not one.concurrently:
            sql = f"ALTER TABLE {relation} DETACH PARTITION {quote_identifier(detached.name)} CONCURRENTLY"
            return paste(in_autocommit([execute(sql)]))
    return ""


def _suggest_for_action(situation: Situation, action: Action, relation: str) -> str:
    lines = _FOR_ACTIONS.get(action.kind)
    return paste(lines(action, relation, situation.major)) if lines is not None else ""


def _suggest_for_statement(situation: Situation, one: Statement, relation: str) -> str:
    if one.verb == "CREATE INDEX" and _is_partitioned(situation, relation):
        partitions = [build.table for build in situation.trace.index_builds]
        return paste(remedies_constraints.index_on_partitions(one, relation, partitions))
    if one.verb == "CREATE TABLE" and one.says("PARTITION", "OF"):
        return attach_instead(relation)
    lines = _FOR_STATEMENTS.get(one.verb)
    return paste(lines(one)) if lines is not None else ""


def attach_instead(relation: str) -> str:
    return (
        "Make the table by itself, LIKE the partitioned one, and attach it: ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE on that, "
        f"which lets reads and writes go on; a CHECK on {relation} that excludes the new bound spares its scan, where it is the "
        "default partition."
    )


def _is_partitioned(situation: Situation, relation: str) -> bool:
    return any(lock.relation == relation and lock.kind == "p" for lock in situation.trace.locks)


def _concurrently(text: str, word: re.Pattern[str]) -> str:
    return text if "CONCURRENTLY" in text.upper() else word.sub(r"\1 CONCURRENTLY", text, count=1)


def _with_word(word: re.Pattern[str]) -> Callable[[Statement], Iterator[str]]:
    return lambda one: in_autocommit([execute(_concurrently(one.text, word))])


def _refresh(one: Statement) -> Iterator[str]:
    yield "# needs a unique index on the view, on plain columns and without WHERE"
    yield from _with_word(_VIEW)(one)


_FOR_ACTIONS: dict[str, Callable[[Action, str, int], Iterable[str]]] = {
    "ADD COLUMN": remedies_columns.add,
    "ALTER TYPE": lambda action, relation, _: remedies_columns.change_type(action, relation),
    "SET EXPRESSION": lambda action, relation, _: remedies_columns.change_expression(action, relation),
    "SET NOT NULL": remedies_constraints.set_not_null,
    "ADD CHECK": lambda action, relation, _: remedies_constraints.add_not_valid(action, relation),
    "ADD FOREIGN KEY": lambda action, relation, _: remedies_constraints.add_not_valid(action, relation),
    "ADD NOT NULL": lambda action, relation, _: remedies_constraints.add_not_valid(action, relation),
    "ADD UNIQUE": lambda action, relation, _: remedies_constraints.add_using_index(action, relation),
    "ADD PRIMARY KEY": lambda action, relation, _: remedies_constraints.add_using_index(action, relation),
    "ADD EXCLUDE": lambda *_: [remedies_constraints.NO_ONLINE_EXCLUDE],
    "ATTACH PARTITION": lambda action, relation, _: remedies_constraints.attach(action, relation),
}
_FOR_STATEMENTS: dict[str, Callable[[Statement], Iterable[str]]] = {
    "CREATE INDEX": _with_word(_INDEX),
    "REINDEX": _with_word(_REINDEX),
    "REFRESH": _refresh,
    "CLUSTER": lambda _: [_REPACK],
    "VACUUM": lambda _: [_REPACK],
    "ALTER DOMAIN": remedies_constraints.constrain_domain,
}
