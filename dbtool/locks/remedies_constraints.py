"""Constraints and indexes added beside reads and writes, as Alembic Python. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from dbtool.catalog.relations import quote_identifier
from dbtool.locks.actions import Action
from dbtool.locks.pasting import LATER, bare, derived, execute, in_autocommit
from dbtool.locks.statements import Statement

_SUFFIXES = {
    "ADD CHECK": "check",
    "ADD FOREIGN KEY": "fkey",
    "ADD UNIQUE": "key",
    "ADD PRIMARY KEY": "pkey",
    "ADD NOT NULL": "not_null",
}
_CONSTRAINT_NAME = re.compile(r'^ADD\s+(?:CONSTRAINT\s+(?:"(?:[^"]|"")*"|\S+)\s+)?', re.IGNORECASE)
_COLUMNS = re.compile(r"\(([^()]*)\)")
_AFTER_TABLE = re.compile(
    r'\bON\s+(?:ONLY\s+)?(?:"[^"]*"|[\w.])+\s*((?:USING|\().*)', re.IGNORECASE | re.DOTALL
)
_DOMAIN = re.compile(r'\bDOMAIN\s+((?:"[^"]*"|[\w.])+)', re.IGNORECASE)
_DOMAIN_CONSTRAINT = re.compile(r'\bCONSTRAINT\s+("[^"]*"|\w+)', re.IGNORECASE)
_NOT_NULL_NOT_VALID_SINCE = 18

NO_ONLINE_EXCLUDE = (
    "There is no way to add an exclusion constraint beside writes: its index cannot be built concurrently. Make a new table "
    "with the constraint, copy the rows in batches, keep it up to date with a trigger, and swap the names; or add it in an "
    "announced maintenance window."
)


def validate(relation: str, constraint: str) -> Iterator[str]:
    """In another transaction: within one, the first statement's lock would last through the scan."""
    yield LATER
    yield execute(f"ALTER TABLE {relation} VALIDATE CONSTRAINT {constraint}")


def add_not_valid(action: Action, relation: str) -> Iterator[str]:
    constraint = _constraint(action, relation)
    definition = _CONSTRAINT_NAME.sub("", action.text)
    not_valid = "" if action.not_valid else " NOT VALID"
    yield execute(f"ALTER TABLE {relation} ADD CONSTRAINT {constraint} {definition}{not_valid}")
    yield from validate(relation, constraint)


def set_not_null(action: Action, relation: str, major: int) -> Iterator[str]:
    column, constraint = quote_identifier(action.name), derived(relation, action.name, "not_null")
    if major >= _NOT_NULL_NOT_VALID_SINCE:
        yield execute(f"ALTER TABLE {relation} ADD CONSTRAINT {constraint} NOT NULL {column} NOT VALID")
        yield from validate(relation, constraint)
        return
    yield execute(
        f"ALTER TABLE {relation} ADD CONSTRAINT {constraint} CHECK ({column} IS NOT NULL) NOT VALID"
    )
    yield from validate(relation, constraint)
    yield LATER.replace("later", "third")
    yield f"{execute(f'ALTER TABLE {relation} ALTER COLUMN {column} SET NOT NULL')}  # proven by the constraint, no scan"
    yield execute(f"ALTER TABLE {relation} DROP CONSTRAINT {constraint}")


def add_using_index(action: Action, relation: str) -> Iterator[str]:
    constraint = _constraint(action, relation)
    kind = action.kind.removeprefix("ADD ")
    columns = _COLUMNS.search(_CONSTRAINT_NAME.sub("", action.text))
    yield from in_autocommit(
        [
            execute(
                f"CREATE UNIQUE INDEX CONCURRENTLY {constraint} ON {relation} ({columns[1] if columns else '…'})"
            )
        ]
    )
    yield LATER
    if kind == "PRIMARY KEY":
        yield "# its columns must be NOT NULL already, or the table is read under the lock"
    yield execute(f"ALTER TABLE {relation} ADD CONSTRAINT {constraint} {kind} USING INDEX {constraint}")


def index_on_partitions(one: Statement, relation: str, partitions: Sequence[str] = ()) -> Iterator[str]:
    """CREATE INDEX CONCURRENTLY does not know partitioned tables. Without names the partitions stand for themselves."""
    index = str(one.index) if one.index else derived(relation, "index")
    defined = _AFTER_TABLE.search(one.text)
    definition = defined[1] if defined else "(…)"
    create = "CREATE UNIQUE INDEX" if "UNIQUE" in one.words else "CREATE INDEX"
    yield execute(f"{create} {index} ON ONLY {relation} {definition}")
    for partition in partitions or [derived(relation, "1")]:
        of_partition = derived(partition, bare(index))
        yield from in_autocommit(
            [execute(f"{create} CONCURRENTLY {of_partition} ON {partition} {definition}")]
        )
        yield execute(f"ALTER INDEX {index} ATTACH PARTITION {of_partition}")


def attach(action: Action, relation: str) -> Iterator[str]:
    partition = quote_identifier(action.name)
    constraint = derived(action.name, "bound")
    yield f"# the bound of {partition} as a CHECK on it, and its negation on the default partition of {bare(relation)}"
    yield execute(f"ALTER TABLE {partition} ADD CONSTRAINT {constraint} CHECK (…) NOT VALID")
    yield from validate(partition, constraint)
    yield LATER.replace("later", "third")
    yield f"{execute(f'ALTER TABLE {relation} {action.text}')}  # proven by the constraints, no scan"
    yield execute(f"ALTER TABLE {partition} DROP CONSTRAINT {constraint}")


def constrain_domain(one: Statement) -> Iterator[str]:
    domain, named = _DOMAIN.search(one.text), _DOMAIN_CONSTRAINT.search(one.text)
    if domain is None or not one.says("ADD"):
        return
    constraint = named[1] if named else derived(domain[1], "check")
    text = (
        one.text
        if named
        else re.sub(r"\bADD\b", f"ADD CONSTRAINT {constraint}", one.text, count=1, flags=re.IGNORECASE)
    )
    yield execute(f"{text} NOT VALID")
    yield LATER
    yield execute(f"ALTER DOMAIN {domain[1]} VALIDATE CONSTRAINT {constraint}")


def _constraint(action: Action, relation: str) -> str:
    if action.name:
        return quote_identifier(action.name)
    return derived(relation, _SUFFIXES[action.kind])
