"""Rows to try CHECKs with, and what a server says of stand-ins. Everything in transactions that write nothing, and that
end by themselves after some seconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from psycopg import sql

from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.errors import ServerFailed
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection

SECONDS = 5  # for one statement, and for rows that are tried one by one
_LOCK_TIMEOUT_S = 1
_MOST_ALONE = 100  # rows that are tried one by one, after all together ended in an error
# Stand-ins and kept values go as parameters, which some servers log with each statement; not every role may tell them not to.
_LOG_NO_PARAMETERS = """
SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.unnest(
    ARRAY['log_parameter_max_length', 'log_parameter_max_length_on_error']
) AS s (name) WHERE pg_catalog.has_parameter_privilege(name, 'SET') OR name LIKE '%_on_error'
"""
_LEAVES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_partition_tree(%s::pg_catalog.regclass) t
JOIN pg_catalog.pg_class c ON c.oid = t.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE t.isleaf
"""
# Locks them for a moment, so that it is no part of what is read of every catalog.
_BOUNDS = """
SELECT pg_catalog.pg_get_partition_constraintdef(name::pg_catalog.regclass) FROM pg_catalog.unnest(%s::text[]) AS n (name)
"""
# What a row is refused with: bad values, constraints of domains, exceptions that functions raise.
REFUSING = ("22", "23", "P0", "38")

Texts = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """Of ``rows`` so many were ``refused``."""

    rows: int
    refused: int


@dataclass(frozen=True, slots=True)
class Question:
    """An SQL condition, or with None only whether every value is of its type. ``types`` are the columns' as SQL spells
    them; ``generated`` the expressions of columns that are made of them.
    """

    condition: str | None
    types: Mapping[str, str]
    generated: Mapping[str, str]


class _Enough(Exception):
    pass


@contextmanager
def briefly(connection: Connection, doing: str) -> Iterator[None]:
    """A transaction that writes nothing and waits for nothing long. It is rolled back: what a function of the database sets for
    its session is not there for what is tried next.
    """
    with translated(doing), connection.transaction(force_rollback=True):
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute(_LOG_NO_PARAMETERS)
        for name, seconds in (("statement_timeout", SECONDS), ("lock_timeout", _LOCK_TIMEOUT_S)):
            connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, f"{seconds}s"))
        yield


def read_some_rows(connection: Connection, copy: CopyOut, most_bytes: int) -> bytes:
    """COPY text of the rows on the copy's pages, and of one row more than ``most_bytes`` at most.

    :raises PrivilegeMissing: the role may not read them, or some are hidden from it.
    :raises ServerFailed: the relation is locked, or reading took too long.
    """
    rows: list[bytes] = []
    size = 0
    with (
        suppress(_Enough),
        briefly(connection, f"reading some rows of {copy.relation}"),
        connection.cursor().copy(copy.statement()) as stream,
    ):
        for row in stream:
            rows.append(bytes(row))
            size += len(row)
            if size > most_bytes:
                raise _Enough  # an exception is what cancels a COPY
    return b"".join(rows)


def read_leaves(connection: Connection, partitioned: RelationName) -> frozenset[RelationName]:
    """The partitions below a partitioned table, which may be one itself, that hold rows."""
    with briefly(connection, f"reading the partitions of {partitioned}"):
        rows = connection.execute(_LEAVES, (str(partitioned),)).fetchall()
    return frozenset(RelationName(schema, name) for schema, name in rows)


def read_bounds(connection: Connection, partitions: Sequence[RelationName]) -> str:
    """The SQL condition of the rows that one of the partitions takes; a DEFAULT partition without siblings takes them all."""
    with briefly(connection, "reading the bounds of partitions"):
        rows = connection.execute(_BOUNDS, ([str(name) for name in partitions],)).fetchall()
    bounds = [bound for (bound,) in rows]
    return "true" if None in bounds else " OR ".join(f"({bound})" for bound in bounds) or "false"


def try_rows(connection: Connection, question: Question, columns: Mapping[str, Texts]) -> Trial:
    """What the server says of the rows, or of as many as there is time for. NULL satisfies a condition, as it does a CHECK.

    :raises DbtoolError: it cannot say: a function is missing, or the role may not call it, or it took too long.
    """
    count = len(next(iter(columns.values()), ()))
    try:
        return Trial(count, _count_refused(connection, question, columns))
    except ServerFailed as error:
        if not (error.sqlstate or "").startswith(REFUSING):
            raise
    return _try_alone(connection, question, columns, min(count, _MOST_ALONE))


def _try_alone(connection: Connection, question: Question, columns: Mapping[str, Texts], count: int) -> Trial:
    refused = tried = 0
    until = time.monotonic() + SECONDS
    for row in range(count):
        if time.monotonic() > until:
            break
        tried += 1
        one = {name: [values[row]] for name, values in columns.items()}
        try:
            refused += _count_refused(connection, question, one)
        except ServerFailed as error:
            if not (error.sqlstate or "").startswith(REFUSING):
                raise
            refused += 1
    return Trial(tried, refused)


def _count_refused(connection: Connection, question: Question, columns: Mapping[str, Texts]) -> int:
    with briefly(connection, "trying a CHECK"):
        row = connection.execute(
            _spell(question), [list(columns[name]) for name in question.types]
        ).fetchone()
    return int(row[0]) if row else 0


def _spell(question: Question) -> sql.Composed:
    """The values come as texts, and are read as COPY would read them; OFFSET 0 lets no cast be left out."""
    names = [_own(quote_identifier(name)) for name in question.types]
    casts = [
        sql.SQL("u.{0}::{1} AS {0}").format(name, _own(kind))
        for name, kind in zip(names, question.types.values(), strict=True)
    ]
    made = [
        sql.SQL("({}) AS {}").format(_own(text), _own(quote_identifier(name)))
        for name, text in question.generated.items()
    ]
    rows = sql.SQL("SELECT {} FROM ROWS FROM ({}) AS u ({}) OFFSET 0").format(
        _listed(casts),
        _listed([sql.SQL("pg_catalog.unnest(%s::pg_catalog.text[])") for _ in names]),
        _listed(names),
    )
    whole = sql.SQL("SELECT {} FROM ({}) AS s OFFSET 0").format(_listed([sql.SQL("s.*"), *made]), rows)
    if question.condition is None:
        counts = [sql.SQL("pg_catalog.count(t.{})").format(name) for name in names]
        return sql.SQL("SELECT 0, {} FROM ({}) AS t").format(_listed(counts), whole)
    return sql.SQL("SELECT pg_catalog.count(*) FROM ({}) AS t WHERE NOT ({})").format(
        whole, _own(question.condition)
    )


def _own(text: str) -> sql.SQL:
    """What the server itself has spelt, or would, in a statement that has parameters."""
    return sql.SQL(text.replace("%", "%%"))


def _listed(parts: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
