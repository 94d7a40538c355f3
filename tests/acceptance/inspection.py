"""Two databases compared by SQL and Python of the tests' own: nothing of dbtool is trusted with the answer."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer

Column = tuple[str, str, str]  # schema, relation, column
Table = tuple[str, str]

_SETTINGS = "SET TimeZone = 'UTC'; SET DateStyle = 'ISO, MDY'; SET extra_float_digits = 3; SET search_path = pg_catalog"

_TABLES = """
SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum),
       array_agg(a.attname::text) FILTER (WHERE t.typcategory NOT IN ('D', 'B', 'T'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool', 'pg_toast')
GROUP BY 1, 2 ORDER BY 1, 2
"""

_OWN_COLUMNS = """
SELECT n.nspname::text, c.relname::text, a.attname::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'dbtool', 'pg_toast')
    AND NOT EXISTS (
        SELECT FROM pg_constraint k
        JOIN pg_attribute r ON r.attrelid = k.conrelid AND r.attnum = ANY (k.conkey) AND r.attname = a.attname
        WHERE k.contype = 'f' AND (k.conrelid = c.oid OR k.conrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid))
    )
"""

# Of a reference to a partitioned table there is one per partition beside it, which a row need not meet.
_FOREIGN_KEYS = """
SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(num, place)
             JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.conrelid, u.num) ORDER BY u.place),
       ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u(num, place)
             JOIN pg_attribute a ON (a.attrelid, a.attnum) = (k.confrelid, u.num) ORDER BY u.place)
FROM pg_constraint k WHERE k.contype = 'f'
    AND NOT EXISTS (SELECT FROM pg_constraint p WHERE p.oid = k.conparentid AND p.confrelid <> k.confrelid)
"""

# Whatever a sequence feeds: the columns that own it and the columns whose defaults call it.
_SEQUENCE_FEEDS = """
SELECT DISTINCT s.oid::regclass::text, c.oid::regclass::text, a.attname::text, q.seqincrement > 0
FROM pg_class s
JOIN pg_sequence q ON q.seqrelid = s.oid
JOIN pg_depend d ON (d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.refobjsubid > 0)
    OR (d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.classid = 'pg_attrdef'::regclass)
LEFT JOIN pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
JOIN pg_class c ON c.oid = coalesce(f.adrelid, d.refobjid) AND c.relkind IN ('r', 'p')
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = coalesce(f.adnum, d.refobjsubid)
WHERE s.relkind = 'S'
"""


LACKING_BY_DESIGN = {
    "--exclude-schema=dbtool": "what dbtool writes into a copy of its own",
    "--no-publications": "a copy feeds nobody",
    "--no-subscriptions": "a copy is fed by nobody",
    "--no-owner": "the environment says whose it is",
    "--no-privileges": "the environment says who may use it; of itself nobody of the source's",
}
# Headings, which tell the owner, too; keys that are new in every dump. Some minor releases mark the columns of row types for
# themselves; servers without the mark refuse it.
_NOT_OF_THE_SCHEMA = re.compile(
    r"--$|-- (PostgreSQL database|Dumped|Name:|\*not\* creating) ?|\\(un)?restrict |ALTER .* SET \(pg_attver=\d+\);$"
)


@contextmanager
def reading(url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(
        url, autocommit=True, client_encoding="UTF8", options="-c statement_timeout=0"
    ) as connection:
        connection.execute(_SETTINGS)
        yield connection


def find_columns(url: str) -> dict[Table, list[str]]:
    """The columns of every table, partition and populated materialised view, by schema and name."""
    with reading(url) as connection:
        return {(schema, name): columns for schema, name, columns, _ in connection.execute(_TABLES)}


def _find_telling_columns(url: str) -> list[Column]:
    """All but dates, durations and booleans."""
    with reading(url) as connection:
        return [
            (schema, name, column)
            for schema, name, _, told in connection.execute(_TABLES)
            for column in told or ()
        ]


def count_rows(url: str) -> dict[Table, int]:
    with reading(url) as connection:
        return {table: _count(connection, table) for table in find_columns(url)}


def _count(connection: psycopg.Connection[tuple[Any, ...]], table: Table) -> int:
    row = connection.execute(
        sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(*table))
    ).fetchone()
    assert row
    return int(row[0])


def count_orphans(url: str) -> dict[str, int]:
    """Rows that refer to nothing, by foreign key; every foreign key is in it."""
    found = {}
    with reading(url) as connection:
        for name, referencing, referenced, columns, keys in connection.execute(_FOREIGN_KEYS).fetchall():
            has_value = sql.SQL(" AND ").join(
                sql.SQL("r.{} IS NOT NULL").format(sql.Identifier(c)) for c in columns
            )
            meets = sql.SQL(" AND ").join(
                sql.SQL("k.{} = r.{}").format(sql.Identifier(key), sql.Identifier(column))
                for key, column in zip(keys, columns, strict=True)
            )
            query = sql.SQL("SELECT count(*) FROM {} r WHERE {} AND NOT EXISTS (SELECT FROM {} k WHERE {})")
            counted = connection.execute(
                query.format(sql.SQL(referencing), has_value, sql.SQL(referenced), meets)
            ).fetchone()
            assert counted
            found[f"{referencing} {name}"] = int(counted[0])
    return found


def read_distinct(url: str, column: Column) -> set[str]:
    query = sql.SQL("SELECT DISTINCT {0}::text FROM {1} WHERE {0} IS NOT NULL")
    with reading(url) as connection:
        name = sql.Identifier(column[2])
        return {value for (value,) in connection.execute(query.format(name, sql.Identifier(*column[:2])))}


def find_survivors(url: str, originals: Iterable[str]) -> dict[Column, int]:
    """How many of ``originals`` stand in a column that could tell, as a whole or within its text.

    Each has at least 6 characters.
    """
    found: dict[Column, int] = {}
    wanted = {original.casefold() for original in originals}
    for column in _find_telling_columns(url):
        met = _count_within("\n".join(read_distinct(url, column)).casefold(), wanted)
        if met:
            found[column] = met
    return found


def _count_within(text: str, wanted: set[str]) -> int:
    """Every six characters of the text in a set first: thousands of searches through all of it take minutes."""
    beginnings = {text[start : start + 6] for start in range(len(text) - 5)}
    return sum(1 for original in wanted if original[:6] in beginnings and original in text)


def checksum_kept(url: str, kept: Mapping[Table, Sequence[str]]) -> dict[Column, str]:
    """The MD5 of each kept column's COPY text, its relation's rows ordered by all kept columns together."""
    found: dict[Column, str] = {}
    with reading(url) as connection:
        for table, columns in kept.items():
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            order = sql.SQL(", ").join(
                sql.SQL('{}::text COLLATE "C"').format(sql.Identifier(column)) for column in columns
            )
            statement = sql.SQL("COPY (SELECT {} FROM ONLY {} ORDER BY {}) TO STDOUT")
            with connection.cursor().copy(statement.format(names, sql.Identifier(*table), order)) as copy:
                text = b"".join(bytes(piece) for piece in copy)
            rows = [line.split(b"\t") for line in text.splitlines()]
            for place, column in enumerate(columns):
                joined = b"\n".join(row[place] for row in rows)
                found[*table, column] = hashlib.md5(joined, usedforsecurity=False).hexdigest()
    return found


def measure_unchanged(source: str, target: str, column: Column, kept: Sequence[str]) -> float:
    """The share of rows with a value whose value is the same at both ends; ``kept`` tells which row is which."""
    both = []
    for url in (source, target):
        order = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in kept)
        query = sql.SQL("SELECT {}::text FROM ONLY {} ORDER BY {}")
        with reading(url) as connection:
            statement = query.format(sql.Identifier(column[2]), sql.Identifier(*column[:2]), order)
            both.append([value for (value,) in connection.execute(statement)])
    pairs = [pair for pair in zip(*both, strict=True) if pair[0] is not None]
    assert all(stand_in is not None for _, stand_in in pairs) or not any(stand_in for _, stand_in in pairs)
    unchanged = sum(1 for original, stand_in in pairs if original == stand_in)
    return unchanged / max(len(pairs), 1)


def sequences_behind(url: str) -> list[str]:
    """Sequences whose next value is already there. It takes that value, so it is for a staging database."""
    behind = []
    with reading(url) as connection:
        feeds = connection.execute(_SEQUENCE_FEEDS).fetchall()
        assert feeds or not connection.execute("SELECT FROM pg_class WHERE relkind = 'S'").fetchall()
        for sequence, table, column, is_rising in feeds:
            form = "nextval({0}::regclass) > max({1})" if is_rising else "nextval({0}::regclass) < min({1})"
            query = sql.SQL("SELECT coalesce(" + form + ", true) FROM {2}").format(
                sql.Literal(sequence), sql.Identifier(column), sql.SQL(table)
            )
            row = connection.execute(query).fetchone()
            if not (row and row[0]):
                behind.append(f"{sequence} behind {table}.{column}")
    return behind


def find_own_columns(url: str) -> set[Column]:
    """What a rule has to be written for: no generated columns, none of partitions, none that refer or do in a partition."""
    with reading(url) as connection:
        return set(connection.execute(_OWN_COLUMNS).fetchall())


def dump_schema(server: EmbeddedServer, url: str) -> list[str]:
    """All that the server's own pg_dump knows of the schema, but for what a copy is meant to lack."""
    parts = urlsplit(url)
    done = subprocess.run(
        [str(server.programs / "pg_dump"), "--schema-only", *LACKING_BY_DESIGN],
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": str(parts.hostname),
            "PGPORT": str(parts.port),
            "PGUSER": str(parts.username),
            "PGPASSWORD": str(parts.password),
            "PGDATABASE": parts.path.lstrip("/"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if line and not _NOT_OF_THE_SCHEMA.match(line)]
