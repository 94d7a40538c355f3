"""Rows for any schema: of each type and length, distinct where keys are, and referring to rows that exist.

Row ``i`` of a table holds what its number, the column's name and its type make, so that a reference is written without looking:
it repeats what row ``j`` of the other table holds. What a CHECK or an exclusion refuses is tried again with other values, and
NULLs, some times; rows that refer to one that was refused are taken out in the end.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

TRIES = 25
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "islet", "juniper")
_EPOCH = datetime(2021, 3, 4, 5, 6, 7, tzinfo=UTC)

_COLUMNS = """
SELECT c.oid, n.nspname, c.relname, a.attname, a.attnum, a.attnotnull OR t.typnotnull,
       coalesce(e.typname, b.typname, t.typname), e.oid IS NOT NULL,
       coalesce(nullif(a.atttypmod, -1), t.typtypmod),
       ARRAY(SELECT l.enumlabel FROM pg_enum l WHERE l.enumtypid = coalesce(e.oid, b.oid, t.oid) ORDER BY l.enumsortorder)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
LEFT JOIN pg_type e ON coalesce(b.typcategory, t.typcategory) = 'A' AND e.oid = coalesce(b.typelem, t.typelem)
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attgenerated = ''
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_%'
ORDER BY n.nspname, c.relname, a.attnum
"""
_FOREIGN_KEYS = """
SELECT conrelid, confrelid, conkey, confkey FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 ORDER BY conrelid, conname
"""
_UNIQUE = "SELECT indrelid, indkey::int2[] FROM pg_index WHERE indisunique"
_CHECKS = "SELECT conrelid, conkey, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
_LISTED = re.compile(r"'((?:[^']|'')*)'|\b(\d+)\b")
_INTEGERS = {"int2": 30_000, "int4": 2_000_000_000, "int8": 2_000_000_000}


@dataclass(frozen=True)
class _Column:
    number: int
    name: str
    type: str
    is_array: bool
    modifier: int
    labels: Sequence[str]
    required: bool


@dataclass
class _Table:
    oid: int
    name: tuple[str, str]
    columns: dict[int, _Column] = field(default_factory=dict)
    unique: set[int] = field(default_factory=set)
    references: list[tuple[int, Sequence[int], Sequence[int]]] = field(default_factory=list)
    listed: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(*self.name)


def fill_generically(url: str, rows: int = 20) -> dict[str, int]:
    """Rows by table. Those that the database holds are replaced.

    The role must be allowed to set session_replication_role: triggers and foreign keys sleep meanwhile.
    """
    with psycopg.connect(url, autocommit=True, client_encoding="UTF8") as connection:
        connection.execute("SET session_replication_role = replica")
        tables = _read_tables(connection)
        names = sql.SQL(", ").join(table.identifier for table in tables.values())
        if tables:
            connection.execute(sql.SQL("TRUNCATE {}").format(names))
        for table in tables.values():
            _fill(connection, tables, table, rows)
        while _take_out_orphans(connection, tables):
            pass
        _set_sequences(connection)
        return {".".join(table.name): _count(connection, table) for table in tables.values()}


def _read_tables(connection: psycopg.Connection) -> dict[int, _Table]:
    tables: dict[int, _Table] = {}
    for oid, schema, name, column, number, required, base, is_array, modifier, labels in connection.execute(
        _COLUMNS
    ):
        table = tables.setdefault(oid, _Table(oid, (schema, name)))
        table.columns[number] = _Column(number, column, base, is_array, modifier, labels, required)
    for referencing, referenced, columns, keys in connection.execute(_FOREIGN_KEYS):
        if referencing in tables and referenced in tables:
            tables[referencing].references.append((referenced, columns, keys))
    for oid, columns in connection.execute(_UNIQUE):
        if oid in tables:
            tables[oid].unique |= set(columns)
    for oid, columns, definition in connection.execute(_CHECKS):
        if oid in tables:
            for column in columns or ():
                tables[oid].listed[column] += [text or number for text, number in _LISTED.findall(definition)]
    return tables


def _fill(connection: psycopg.Connection, tables: Mapping[int, _Table], table: _Table, rows: int) -> None:
    columns = list(table.columns.values())
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        table.identifier,
        sql.SQL(", ").join(sql.Identifier(column.name) for column in columns),
        sql.SQL(", ").join(sql.Placeholder() for _ in columns),
    )
    if not columns:
        return
    with connection.transaction():
        for number in range(1, rows + 1):
            for values in _attempts(tables, table, number, rows):
                try:
                    with connection.transaction():
                        connection.execute(statement, values)
                    break
                except (psycopg.IntegrityError, psycopg.DataError):
                    continue


def _attempts(tables: Mapping[int, _Table], table: _Table, number: int, rows: int) -> Iterator[list[Any]]:
    for attempt in range(TRIES):
        chance = random.Random(f"{table.name} {number} {attempt}")
        made = {
            column.number: _make(table, column, number, chance, attempt) for column in table.columns.values()
        }
        for referenced, columns, keys in table.references:
            other = tables[referenced]
            if any(made[column] is None for column in columns):
                continue
            row = number if table.unique & set(columns) else chance.randint(1, rows)
            for column, key in zip(columns, keys, strict=True):
                made[column] = _key(tables, other, key, row, rows)
        yield list(made.values())


def _key(tables: Mapping[int, _Table], table: _Table, column: int, number: int, rows: int) -> Any:
    """A key may itself refer: what row ``number`` holds there follows from the last one that says so."""
    del rows
    for referenced, columns, keys in reversed(table.references):
        if column in columns and referenced != table.oid and table.unique & set(columns):
            return _key(tables, tables[referenced], keys[list(columns).index(column)], number, 0)
    return _make(table, table.columns[column], number, random.Random(0), 0)


def _make(table: _Table, column: _Column, number: int, chance: random.Random, attempt: int) -> Any:
    if (
        not column.required
        and column.number not in table.unique
        and chance.random() < (0.1 if attempt == 0 else 0.4)
    ):
        return None
    listed = table.listed.get(column.number)
    if listed and column.number not in table.unique and chance.random() < 0.8:
        return chance.choice(listed)
    if column.is_array:
        return [_value(column, number + 1000 * place) for place in range(number % 3)]
    return _value(
        column, number, 0 if column.number in table.unique else chance.randint(0, 9) * (attempt > 0)
    )


def _value(column: _Column, number: int, shift: int = 0) -> Any:
    """In the text form that the type reads, or one that psycopg adapts."""
    number += shift * 100
    kind, name = column.type, column.name.lower()
    moment = _EPOCH + timedelta(days=number, hours=len(name))
    made: dict[str, Any] = {
        "bool": number % 2 == 0,
        "uuid": str(uuid.UUID(int=(0x1234567890ABCDEF << 64) + number)),
        "date": moment.date(),
        "timestamp": moment.replace(tzinfo=None),
        "timestamptz": moment,
        "time": moment.time(),
        "interval": f"{number} hours",
        "inet": f"81.2.{number // 250 % 250}.{number % 250}",
        "cidr": f"81.{number % 250}.0.0/16",
        "macaddr": f"08:00:2b:01:{number // 250 % 250:02x}:{number % 250:02x}",
        "bytea": f"bytes {number}".encode(),
        "hstore": f'"note"=>"{_words(number)}"',
        "tsvector": _words(number),
        "ltree": f"top.n{number}",
        "int4range": f"[{number},{number + 1})",
        "int8range": f"[{number},{number + 1})",
        "daterange": f"[{moment.date()},{moment.date() + timedelta(days=1)})",
        "tstzrange": f"[{moment},{moment + timedelta(hours=1)})",
        "float4": number + 0.5,
        "float8": number + 0.25,
    }
    if column.labels:
        return column.labels[number % len(column.labels)]
    if kind in {"json", "jsonb"}:
        return json.dumps({"note": _words(number), "email": _email(number, "babbage.dk"), "n": number})
    if kind in _INTEGERS:
        return number % _INTEGERS[kind]
    if kind == "numeric":
        return _numeric(column.modifier, number)
    return made[kind] if kind in made else _text(name, number, _length(column))


def _numeric(modifier: int, number: int) -> int:
    """Within the precision: at most so many digits before the point."""
    if modifier < 4:
        return number
    whole = ((modifier - 4) >> 16) - ((modifier - 4) & 0x7FF)
    return int(number % 10 ** max(whole, 1)) if whole > 0 else 0


def _length(column: _Column) -> int:
    return column.modifier - 4 if column.modifier >= 4 else 200


def _text(name: str, number: int, length: int) -> str:
    for part, made in {
        "email": _email(number),
        "url": f"https://www.{_WORDS[number % 10]}{number}.org/{name}",
        "phone": f"+49 30 {5_550_000 + number}",
    }.items():
        if part in name and len(made) <= length:
            return made
    plain = f"{_words(number)} {name} {number}"
    return plain if len(plain) <= length else str(number)[-length:].rjust(min(length, 4), "x")[-length:]


def _email(number: int, host: str = "lovelace.dk") -> str:
    return f"{_WORDS[number % 10]}.{_WORDS[number // 10 % 10]}{number}@{host}"


def _words(number: int) -> str:
    return f"{_WORDS[number % 10].title()} {_WORDS[number // 7 % 10].title()}"


def _take_out_orphans(connection: psycopg.Connection, tables: Mapping[int, _Table]) -> int:
    taken = 0
    for table in tables.values():
        for referenced, columns, keys in table.references:
            ours = [sql.Identifier(table.columns[number].name) for number in columns]
            theirs = [sql.Identifier(tables[referenced].columns[number].name) for number in keys]
            query = sql.SQL("DELETE FROM {} r WHERE {} AND NOT EXISTS (SELECT FROM {} k WHERE {})").format(
                table.identifier,
                sql.SQL(" AND ").join(sql.SQL("r.{} IS NOT NULL").format(one) for one in ours),
                tables[referenced].identifier,
                sql.SQL(" AND ").join(
                    sql.SQL("k.{} = r.{}").format(key, own) for own, key in zip(ours, theirs, strict=True)
                ),
            )
            taken += connection.execute(query).rowcount
    return taken


def _set_sequences(connection: psycopg.Connection) -> None:
    connection.execute(
        "SELECT setval(c.oid::regclass, 10000) FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid "
        "WHERE s.seqmax > 10000 AND s.seqmin < 10000"
    )


def _count(connection: psycopg.Connection, table: _Table) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table.identifier)).fetchone()
    assert row
    return int(row[0])
