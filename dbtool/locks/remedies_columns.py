"""Columns added or changed without a rewrite, as Alembic Python. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbtool.catalog.relations import quote_identifier
from dbtool.locks.actions import Action
from dbtool.locks.pasting import LATER, derived, execute, in_batches
from dbtool.locks.remedies_constraints import set_not_null, validate

_SERIALS = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}
_STORED = re.compile(r"\bSTORED\b", re.IGNORECASE)
_CHECK = re.compile(r"\bCHECK\s*(\(.*\))", re.IGNORECASE | re.DOTALL)
_LIMITED = re.compile(r"(?:varchar|character varying|char|character|bpchar)\s*\((\d+)\)", re.IGNORECASE)
_VIRTUAL_SINCE = 18


def add(action: Action, relation: str, major: int) -> Iterator[str]:
    column = quote_identifier(action.name)
    if action.type.lower() in _SERIALS:
        yield from _add_serial(relation, column, action)
    elif "GENERATED" in action.words and "IDENTITY" not in action.words:
        yield from _add_generated(relation, column, action, major)
    elif "CHECK" in action.words:
        yield from _add_checked(relation, action)
    elif action.default:
        yield execute(f"ALTER TABLE {relation} ADD COLUMN {column} {action.type}")
        yield execute(f"ALTER TABLE {relation} ALTER COLUMN {column} SET DEFAULT {action.default}")
        yield LATER
        yield from in_batches(relation, f"UPDATE {relation} SET {column} = DEFAULT", f"{column} IS NULL")
        if action.says("NOT", "NULL"):
            yield LATER
            yield from set_not_null(action, relation, major)


def _add_serial(relation: str, column: str, action: Action) -> Iterator[str]:
    sequence = derived(relation, action.name, "seq")
    schema = relation.rpartition(".")[0] if "." in relation and '"' not in relation else ""
    qualified = f"{schema}.{sequence}" if schema else sequence
    yield execute(f"ALTER TABLE {relation} ADD COLUMN {column} {_SERIALS[action.type.lower()]}")
    yield execute(f"CREATE SEQUENCE {qualified} OWNED BY {relation}.{column}")
    yield execute(f"ALTER TABLE {relation} ALTER COLUMN {column} SET DEFAULT nextval('{qualified}')")
    yield LATER
    yield from in_batches(relation, f"UPDATE {relation} SET {column} = DEFAULT", f"{column} IS NULL")


def _add_generated(relation: str, column: str, action: Action, major: int) -> Iterator[str]:
    if major >= _VIRTUAL_SINCE:
        yield execute(f"ALTER TABLE {relation} {_STORED.sub('VIRTUAL', action.text)}")
        return
    yield execute(f"ALTER TABLE {relation} ADD COLUMN {column} {action.type}")
    yield "# and a trigger BEFORE INSERT OR UPDATE that computes it; or a view that does"
    yield LATER
    yield from in_batches(relation, f"UPDATE {relation} SET {column} = {column}", f"{column} IS NULL")


def _add_checked(relation: str, action: Action) -> Iterator[str]:
    match = _CHECK.search(action.text)
    condition = match[1] if match else "(…)"
    constraint = derived(relation, action.name, "check")
    yield execute(f"ALTER TABLE {relation} {_CHECK.sub('', action.text)}")
    yield execute(f"ALTER TABLE {relation} ADD CONSTRAINT {constraint} CHECK {condition} NOT VALID")
    yield from validate(relation, constraint)


def change_type(action: Action, relation: str) -> Iterator[str]:
    limited = _LIMITED.fullmatch(action.type.strip())
    if limited is not None:
        yield from _limit_length(relation, action, limited[1])
        return
    column, fresh = quote_identifier(action.name), quote_identifier(f"{action.name}_new")
    value = f"{column}::{action.type}"
    yield execute(f"ALTER TABLE {relation} ADD COLUMN {fresh} {action.type}")
    yield f"# and a trigger BEFORE INSERT OR UPDATE that sets NEW.{fresh} from NEW.{column}"
    yield LATER
    yield from in_batches(relation, f"UPDATE {relation} SET {fresh} = {value}", f"{fresh} IS NULL")
    yield "# its indexes, concurrently; then, in one short transaction:"
    yield execute(
        f"ALTER TABLE {relation} RENAME COLUMN {column} TO {quote_identifier(f'{action.name}_old')}"
    )
    yield execute(f"ALTER TABLE {relation} RENAME COLUMN {fresh} TO {column}")


def _limit_length(relation: str, action: Action, length: str) -> Iterator[str]:
    """A constraint is as good as a narrower type, and is proven beside reads and writes."""
    column, constraint = quote_identifier(action.name), derived(relation, action.name, "length")
    yield execute(
        f"ALTER TABLE {relation} ADD CONSTRAINT {constraint} CHECK (length({column}::text) <= {length}) NOT VALID"
    )
    yield from validate(relation, constraint)


def change_expression(action: Action, relation: str) -> Iterator[str]:
    fresh = quote_identifier(f"{action.name}_new")
    yield f"# {fresh} beside it: a plain column with a trigger that computes it, filled in batches, then the swap of names"
    yield execute(
        f"ALTER TABLE {relation} RENAME COLUMN {quote_identifier(action.name)} TO "
        f"{quote_identifier(f'{action.name}_old')}"
    )
    yield execute(f"ALTER TABLE {relation} RENAME COLUMN {fresh} TO {quote_identifier(action.name)}")
