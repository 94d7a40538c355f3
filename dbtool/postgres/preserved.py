"""Tables whose rows go from one database of a server to another: held, emptied, without triggers meanwhile, numbered on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from psycopg import sql

from dbtool.catalog.relations import RelationName, quote_identifier
from dbtool.postgres.candidate import SequenceValue
from dbtool.postgres.copy_in import copy_in
from dbtool.postgres.keys import as_parameters
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows

_ENABLED = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


def missing_holds(connection: Connection, names: Collection[RelationName]) -> tuple[str, ...]:
    """The GRANTs that the role lacks to keep ``names`` from being written to."""
    rows = read_rows(connection, "may_hold", as_parameters(names))
    return tuple(
        f"GRANT UPDATE ON TABLE {RelationName(row['schema'], row['name'])} TO {quote_identifier(row['role'])};"
        for row in rows
    )


def hold_rows(connection: Connection, names: Collection[RelationName], timeout_ms: int) -> None:
    """Begin a transaction in which nobody else writes to ``names``, before it takes its snapshot.

    :raises ServerFailed: with sqlstate LOCK_NOT_AVAILABLE where somebody writes for longer than ``timeout_ms``.
    """
    spelt = sql.SQL(", ").join(sql.Identifier(name.schema, name.name) for name in sorted(names))
    with translated("holding the preserved tables"):
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{timeout_ms}ms")))
        if names:
            connection.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(spelt))
        connection.execute("SET LOCAL lock_timeout = 0")


@contextmanager
def without_triggers(connection: Connection, names: Collection[RelationName]) -> Iterator[None]:
    """No trigger of ``names`` fires meanwhile, but for those of foreign keys; afterwards each is as it was."""
    triggers = read_rows(connection, "own_triggers", as_parameters(names))
    for row in triggers:
        _alter_trigger(connection, row["schema"], row["table_name"], row["name"], "DISABLE")
    yield
    for row in triggers:
        if row["state"] in _ENABLED:
            _alter_trigger(connection, row["schema"], row["table_name"], row["name"], _ENABLED[row["state"]])


def _alter_trigger(connection: Connection, schema: str, table: str, name: str, what: str) -> None:
    with translated(f"switching the triggers of {RelationName(schema, table)}"):
        connection.execute(
            sql.SQL("ALTER TABLE ONLY {} {} TRIGGER {}").format(
                sql.Identifier(schema, table), sql.SQL(what), sql.Identifier(name)
            )
        )


def empty_table(connection: Connection, name: RelationName, *, is_partitioned: bool) -> None:
    """Of its partitions, too; a table that inherits from it keeps its rows."""
    with translated(f"emptying {name}"):
        only = sql.SQL("" if is_partitioned else "ONLY ")
        connection.execute(sql.SQL("TRUNCATE {}{}").format(only, sql.Identifier(name.schema, name.name)))


def load_rows(
    connection: Connection, into: RelationName, columns: tuple[str, ...], blocks: Iterable[bytes]
) -> int:
    with translated(f"loading the preserved rows of {into}"), connection.transaction():
        return copy_in(connection, into, columns, blocks, binary=False)


def render_cast(column: str, to: str) -> str:
    """``to`` is a type as SQL spells it."""
    return sql.SQL("CAST({} AS {})").format(sql.Identifier(column), sql.SQL(to)).as_string(None)


def read_position(connection: Connection, sequence: RelationName) -> SequenceValue:
    query = sql.SQL("SELECT last_value, is_called FROM {}").format(
        sql.Identifier(sequence.schema, sequence.name)
    )
    with translated(f"reading the position of {sequence}"):
        row = connection.execute(query).fetchone()
    return SequenceValue(int(row[0]), bool(row[1])) if row else SequenceValue(1, is_called=False)


def read_views_over(connection: Connection, names: Collection[RelationName]) -> frozenset[RelationName]:
    """The materialised views that read ``names``, at whatever remove."""
    rows = read_rows(connection, "views_over", as_parameters(names)) if names else []
    return frozenset(RelationName(row["schema"], row["name"]) for row in rows)


def make_schema(connection: Connection, name: str) -> None:
    with translated(f"making the schema {name}"):
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))
