"""The ledger's tables, in schema ``dbtool`` of the target: made, upgraded, written, read and carried over.

The schema is shared with what a refresh keeps there (candidate.py): either may come first, and another role may
own it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC

from psycopg import sql

from dbtool.catalog.relations import quote_identifier
from dbtool.errors import EnvironmentFailed, PrivilegeMissing
from dbtool.ledger import JournalEntry, LedgerEntry, LedgerEvent
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import Row, read_query, read_rows

VERSION = 1  # each has its script in queries/ledger_<version>.sql
_MAKING_KEY = int.from_bytes(hashlib.sha256(b"dbtool ledger").digest()[:8], "big", signed=True)
_COLUMNS = (
    "event",
    "target",
    "run_id",
    "revision",
    "digest",
    "actor",
    "git_commit",
    "evidence_id",
    "duration_s",
    "detail",
)
_INSERT = sql.SQL("INSERT INTO dbtool.ledger ({}) VALUES ({})")


def find_ledger_version(connection: Connection) -> int | None:
    """None where there is no ledger. SELECT on its tables is enough.

    :raises EnvironmentFailed: a later version of dbtool made it.
    """
    (there,) = read_rows(connection, "ledger_there")
    if not there["ledger"]:
        return None
    with _granted(connection, "USAGE ON SCHEMA dbtool", "SELECT ON ALL TABLES IN SCHEMA dbtool"):
        row = connection.execute("SELECT max(version) FROM dbtool.ledger_version").fetchone()
    version = int(row[0] or 0) if row else 0
    if version > VERSION:
        raise EnvironmentFailed(
            f"the ledger in {connection.info.dbname} is of version {version}, and this dbtool knows {VERSION}: a later dbtool "
            "has been here; nothing was done. Update dbtool."
        )
    return version


def prepare_ledger(connection: Connection) -> None:
    """Make the ledger, or bring it to our version; needs an autocommit connection, and nothing where all is in place.

    :raises PrivilegeMissing: with the GRANT.
    """
    if find_ledger_version(connection) == VERSION:
        return
    with translated("making the ledger"), connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")  # to see what we waited for
        connection.execute("SET LOCAL lock_timeout = '10s'")
        connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (_MAKING_KEY,))
        _make_schema(connection)
        with _granted(connection, "USAGE, CREATE ON SCHEMA dbtool"):
            _upgrade(connection, find_ledger_version(connection) or 0)


def _make_schema(connection: Connection) -> None:
    """Asked for first: IF NOT EXISTS would want the privilege even where there is nothing to make."""
    (there,) = read_rows(connection, "ledger_there")
    if there["schema"]:
        return
    with _granted(connection, f"CREATE ON DATABASE {quote_identifier(connection.info.dbname)}"):
        connection.execute("CREATE SCHEMA dbtool")
        connection.execute("COMMENT ON SCHEMA dbtool IS 'dbtool''s own: never copied from a source'")


def _upgrade(connection: Connection, version: int) -> None:
    for each in range(version + 1, VERSION + 1):
        connection.execute(read_query(f"ledger_{each}"))
        connection.execute("INSERT INTO dbtool.ledger_version (version) VALUES (%s)", (each,))


@contextmanager
def _granted(connection: Connection, *privileges: str) -> Iterator[None]:
    """Say which GRANT a refusal asks for."""
    role = quote_identifier(connection.info.user)
    try:
        with translated("working on dbtool's ledger"):
            yield
    except PrivilegeMissing as error:
        grants = "; ".join(f"GRANT {privilege} TO {role}" for privilege in privileges)
        raise PrivilegeMissing(f"{error}. Grant it: {grants}") from None


def append_events(connection: Connection, events: Sequence[LedgerEvent]) -> None:
    """Add to the ledger, all or none; the server tells the time."""
    names = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
    query = _INSERT.format(names, sql.SQL(", ").join(map(sql.Placeholder, _COLUMNS)))
    with (
        _granted(connection, "SELECT, INSERT ON dbtool.ledger"),
        connection.transaction(),
        connection.cursor() as cursor,
    ):
        cursor.executemany(query, [_row(event, _encoding(connection)) for event in events])


def read_ledger(connection: Connection) -> tuple[LedgerEntry, ...] | None:
    """Every event, oldest first; None where there is no ledger.

    :raises PrivilegeMissing: with the GRANT.
    """
    if find_ledger_version(connection) is None:
        return None
    rows = _read_rows(connection)
    return tuple(
        LedgerEntry(at=row["at"].astimezone(UTC), **{name: row[name] for name in _COLUMNS}) for row in rows
    )


def _read_rows(connection: Connection) -> list[Row]:
    with _granted(connection, "SELECT ON dbtool.ledger"):
        return read_rows(connection, "ledger_entries", doing="reading the ledger")


def carry_ledger(live: Connection, candidate: Connection) -> int:
    """Copy live's events into the candidate with their numbers and times; returns how many there are.

    The journal stays behind: the candidate holds nothing of what those statements did.
    """
    if find_ledger_version(live) is None:
        return 0
    rows = _read_rows(live)
    prepare_ledger(candidate)
    names = ("number", "at", *_COLUMNS)
    query = sql.SQL("INSERT INTO dbtool.ledger ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(map(sql.Placeholder, names))
    )
    encoding = _encoding(candidate)
    with translated("carrying the ledger over"), candidate.transaction(), candidate.cursor() as cursor:
        cursor.executemany(query, [_storable_row(row, encoding) for row in rows])
        cursor.execute(
            "SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('dbtool.ledger', 'number'), max(number)) "
            "FROM dbtool.ledger HAVING count(*) > 0"
        )
    return len(rows)


def begin_statement(
    connection: Connection, *, run_id: str, revision: str, ordinal: int, digest: str, effect: str
) -> int:
    """Note a statement that will commit by itself, before it is sent; returns its number for ``end_statement``."""
    with _granted(connection, "SELECT, INSERT, UPDATE ON dbtool.journal"):
        row = connection.execute(
            "INSERT INTO dbtool.journal (run_id, revision, ordinal, digest, effect) VALUES (%s, %s, %s, %s, %s) "
            "RETURNING number",
            (run_id, revision, ordinal, digest, _storable(effect, _encoding(connection))),
        ).fetchone()
    if row is None:
        raise AssertionError("RETURNING gives the row")
    return int(row[0])


def end_statement(connection: Connection, number: int) -> None:
    """Note that the statement is committed."""
    with _granted(connection, "SELECT, INSERT, UPDATE ON dbtool.journal"):
        connection.execute(
            "UPDATE dbtool.journal SET done_at = pg_catalog.clock_timestamp() WHERE number = %s",
            (number,),
        )


def fail_statement(connection: Connection, number: int) -> None:
    """Note that the server refused the statement, and that nothing of it stands: it is not read as begun any more."""
    with _granted(connection, "SELECT, INSERT, UPDATE ON dbtool.journal"):
        connection.execute("UPDATE dbtool.journal SET effect = 'failed' WHERE number = %s", (number,))


def read_journal(connection: Connection, revision: str) -> tuple[JournalEntry, ...]:
    """What attempts at the revision have begun by themselves since it was last applied, oldest first."""
    if find_ledger_version(connection) is None:
        return ()
    with _granted(connection, "SELECT ON ALL TABLES IN SCHEMA dbtool"):
        rows = read_rows(
            connection, "ledger_journal", {"revision": revision}, doing="reading the ledger's journal"
        )
    return tuple(JournalEntry(**row) for row in rows)


_PLACEHOLDER_MARK = re.compile("([%:])")


def render_finish(event: LedgerEvent) -> str:
    """A statement that adds the event, for the transaction that stamps the version."""
    insert = _INSERT.format(
        sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
        sql.SQL(", ").join(_literal(value) for value in _row(event, "ASCII").values()),
    )
    return _for_another_connection(insert)


def render_done(run_id: str, revision: str, statements: Sequence[tuple[int, str, str]]) -> str:
    """A statement that notes others, as (ordinal, digest, effect), for the transaction that commits them before the
    revision's end.
    """
    rows = (
        sql.SQL("({}, {}, {}, {}, {}, pg_catalog.clock_timestamp())").format(
            _literal(run_id),
            _literal(revision),
            sql.Literal(ordinal),
            _literal(digest),
            _literal(_storable(effect, "ASCII")),
        )
        for ordinal, digest, effect in statements
    )
    return _for_another_connection(
        sql.SQL(
            "INSERT INTO dbtool.journal (run_id, revision, ordinal, digest, effect, done_at) VALUES {}"
        ).format(sql.SQL(", ").join(rows))
    )


def _for_another_connection(insert: sql.Composable) -> str:
    """One statement, for a connection that is not ours.

    It acts as the role the session began with, whatever SET ROLE the project's env.py said, and puts that back. It
    holds neither ``%`` nor ``:``, which some drivers would take for parameters.
    """
    body = sql.SQL(
        "DECLARE acting text DEFAULT pg_catalog.current_setting('role'); "
        "BEGIN SET LOCAL role TO DEFAULT; {}; PERFORM pg_catalog.set_config('role', acting, true); END"
    ).format(insert)
    return sql.SQL("DO {}").format(sql.Literal(body.as_string(None))).as_string(None)


def _literal(value: str | float | None) -> sql.Composable:
    if not isinstance(value, str):
        return sql.Literal(value)
    parts = _PLACEHOLDER_MARK.split(value)
    spelt = (_character(part) if part in {"%", ":"} else sql.Literal(part) for part in parts)
    return sql.SQL(" || ").join(spelt)


def _character(one: str) -> sql.Composable:
    return sql.SQL("pg_catalog.chr({})").format(sql.Literal(ord(one)))


def _row(event: LedgerEvent, encoding: str) -> dict[str, str | float | None]:
    values = asdict(event)
    return _storable_row({name: values[name] for name in _COLUMNS}, encoding)


def _storable_row(row: Row, encoding: str) -> Row:
    return {
        name: _storable(value, encoding) if isinstance(value, str) else value for name, value in row.items()
    }


def _encoding(connection: Connection) -> str:
    return connection.info.parameter_status("server_encoding") or ""


def _storable(text: str, encoding: str) -> str:
    """As it is in a UTF-8 database, elsewhere in ASCII: no character of a name may fail an application."""
    codec = "utf-8" if encoding == "UTF8" else "ascii"
    return text.replace("\0", "").encode(codec, "backslashreplace").decode(codec)
