"""The stamp: what a database says of the refresh that it came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from dbtool.catalog.relations import quote_identifier
from dbtool.errors import PrivilegeMissing
from dbtool.postgres.candidate import end_load
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.targets import Target

_STAMP_COLUMNS = ("made_at", "source", "key_id", "rules_digest", "snapshot_lsn", "snapshot_taken_at")


def write_stamp(connection: Connection, stamp: Mapping[str, Any]) -> None:
    """Record the refresh in the candidate, drop what served the load alone, and flush everything before."""
    row = (*(stamp[name] for name in _STAMP_COLUMNS), json.dumps(stamp["manifest"]))
    end_load(connection)
    with translated("stamping the candidate"):
        connection.execute("SET synchronous_commit = on")
        connection.execute("INSERT INTO dbtool.refresh VALUES (%s, %s, %s, %s, %s, %s, %s)", row)


@dataclass(frozen=True, slots=True)
class RefreshStamp:
    """What a database says of the refresh it came from."""

    made_at: str
    source: str
    key_id: str


def find_refresh_stamp(connection: Connection, end: Target) -> RefreshStamp | None:
    """:raises PrivilegeMissing: another role made the database; with every GRANT for what is in schema dbtool."""
    with translated("reading dbtool's stamp"):
        # Not to_regclass: it fails for want of USAGE on the schema, even where there is no such table in it.
        there = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE (n.nspname, c.relname) = ('dbtool', 'refresh'))"
        ).fetchone()
        if not there or not there[0]:
            return None
        try:
            row = connection.execute(
                "SELECT made_at, source, key_id FROM dbtool.refresh ORDER BY made_at DESC LIMIT 1"
            ).fetchone()
        except psycopg.errors.InsufficientPrivilege:
            raise _unreadable(end, connection.info.user) from None
    return RefreshStamp(*row) if row else None


def _unreadable(end: Target, user: str) -> PrivilegeMissing:
    """The ledger is read after the stamp, and stands beside it: one GRANT for both."""
    role = quote_identifier(user)
    return PrivilegeMissing(
        f"the role {user} may not read what dbtool has recorded in {end}, a copy that another role made; nothing was done. "
        f"Grant it there, as that role or a superuser:\n  GRANT USAGE ON SCHEMA dbtool TO {role};\n"
        f"  GRANT SELECT ON ALL TABLES IN SCHEMA dbtool TO {role};"
    )
