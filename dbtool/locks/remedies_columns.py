"""Columns added or changed without a rewrite, as Alembic Python. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbtool.catalog.relations import quote_identifier
from dbtool.locks.actions import Action
from dbtool.locks.pasting import LATER, derived, execute, in_batches
from dbtool.locks.remedies_constraints import set_not_null, validate
from dbtool.locks.tokens import split_name

_SERIALS = {"serial": "integer", "bigserial": "bigint", "smallserial": "smallint"}
_STORED = re.compile(r"\bSTORED\b", re.IGNORECASE)
_CHECK = re.compile(r"\bCHECK\s*(\(.*\))", re.IGNORECASE | re.DOTALL)
_LIMITED = re.compile(r"(?:varchar|character varying|char|character|bpchar)\s*\((\d+)\)", re.IGNORECASE)
_VIRTUAL_SINCE = 18


def add(action: Action, relation: str, major: int) -> Iterator[str]:
    column = quote_identifier(action.name)
    if action.type.lower() in _SERIALS:
        yield from _add_serial(relation, action)
    elif "IDENTITY" in action.words:
        yield from _add_identity(relation, action, major)
    elif "GENERATED" in action.words:
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


def _add_serial(relation: str, action: Action) -> Iterator[str]:
    column, sequence = quote_identifier(action.name), _name_sequence(relation, action)
    yield execute(
        f"ALTER TABLE {relation} ADD COLUMN {column} {_SERIALS.get(action.type.lower(), action.type)}"
    )
    yield execute(f"CREATE SEQUENCE {sequence} OWNED BY {relation}.{column}")
    yield execute(f"ALTER TABLE {relation} ALTER COLUMN {column} SET DEFAULT nextval('{sequence}')")
    yield LATER
    yield from in_batches(relation, f"UPDATE {relation} SET {column} = DEFAULT", f"{column} IS NULL")


def _add_identity(relation: str, action: Action, major: int) -> Iterator[str]:
    """A column becomes an identity when all its rows have a number."""
    column = quote_identifier(action.name)
    yield from _add_serial(relation, action)
    yield LATER
    yield from set_not_null(action, relation, major)
    yield LATER
    always = "ALWAYS" if "ALWAYS" in action.words else "BY DEFAULT"
    yield execute(f"ALTER TABLE {relation} ALTER COLUMN {column} DROP DEFAULT")
    yield execute(f"DROP SEQUENCE {_name_sequence(relation, action)}")
    yield execute(f"ALTER TABLE {relation} ALTER COLUMN {column} ADD GENERATED {always} AS IDENTITY")
    named = f"pg_get_serial_sequence('{relation}', '{action.name}')"
    yield execute(f"SELECT setval({named}, (SELECT max({column}) FROM {relation}))")


def _name_sequence(relation: str, action: Action) -> str:
    schema = split_name(relation)[:-1]
    return ".".join([*map(quote_identifier, schema), derived(relation, action.name, "seq")])


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
