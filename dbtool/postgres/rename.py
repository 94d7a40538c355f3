"""The swap's SQL: settings carried over, sessions ended, two renames in one transaction.

ALTER DATABASE … RENAME waits for the sessions of its database, and while it waits it holds a lock that makes
newcomers queue. So the rename starts first and the old sessions are ended from a second connection: clients
that reconnect at once cannot slip in between. Terminating first and renaming then was beaten by them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from dbtool.errors import Busy, DbtoolError, ServerFailed
from dbtool.postgres.server_errors import describe_error, translated
from dbtool.postgres.session import Connection, connect

_DATABASE_IN_USE = "55006"


@dataclass(frozen=True, slots=True)
class Rename:
    old: str
    new: str


_SETTINGS = """
SELECT r.rolname, unnest(s.setconfig)
FROM pg_catalog.pg_db_role_setting s
JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
WHERE d.datname = %s
"""
_GRANTS = """
SELECT acl.grantee::regrole::text, acl.privilege_type, acl.is_grantable, acl.grantee = 0
FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) acl
WHERE d.datname = %s AND acl.grantee <> d.datdba
"""
_NO_LIMIT = -1
_HAS_ACL = "SELECT datacl IS NOT NULL, datconnlimit FROM pg_catalog.pg_database WHERE datname = %s"
# Their value is stored as a list of names, quoted where they must be; as one literal it would be one name.
_LISTS_OF_NAMES = frozenset(
    {"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"}
)
_LISTED_NAME = re.compile(r'"((?:[^"]|"")*)"|([^\s,"]+)')


def carry_database_settings(maintenance: Connection, live: str, candidate: str) -> None:
    """Copy ALTER DATABASE SET, role-in-database settings, grants and connection limit from live to candidate."""
    with translated(f"carrying the settings of {live} over"):
        for role, setting in maintenance.execute(_SETTINGS, (live,)).fetchall():
            maintenance.execute(setting_statement(candidate, role, setting))
        _carry_grants(maintenance, live, candidate)


def setting_statement(database: str, role: str | None, setting: str) -> sql.Composed:
    """``setting`` is name=value as pg_db_role_setting holds it; without a role it is the database's own."""
    if role is None:
        head = sql.SQL("ALTER DATABASE {}").format(sql.Identifier(database))
    else:
        head = sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), sql.Identifier(database))
    return sql.SQL("{} SET {}").format(head, render_assignment(setting))


def render_assignment(setting: str) -> sql.Composed:
    """name=value, as pg_db_role_setting holds it → what follows SET."""
    name, _, value = setting.partition("=")
    values = _listed_names(value) if name.lower() in _LISTS_OF_NAMES else [value]
    return sql.SQL("{} TO {}").format(
        sql.SQL(".").join(map(sql.Identifier, name.split("."))),
        sql.SQL(", ").join(map(sql.Literal, values)),
    )


def _listed_names(value: str) -> list[str]:
    found = [
        match[1].replace('""', '"') if match[2] is None else match[2]
        for match in _LISTED_NAME.finditer(value)
    ]
    return found or [""]


def _carry_grants(maintenance: Connection, live: str, candidate: str) -> None:
    row = maintenance.execute(_HAS_ACL, (live,)).fetchone()
    if row is None:
        return
    has_acl, limit = row
    name = sql.Identifier(candidate)
    if limit >= _NO_LIMIT:  # less says that it is being dropped: the swap will see
        maintenance.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(name, sql.Literal(limit)))
    if not has_acl:
        return
    maintenance.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for grantee, privilege, grantable, is_public in maintenance.execute(_GRANTS, (live,)).fetchall():
        to = sql.SQL("PUBLIC") if is_public else sql.SQL(grantee)  # regrole has quoted it
        option = sql.SQL(" WITH GRANT OPTION") if grantable else sql.SQL("")
        maintenance.execute(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(sql.SQL(privilege), name, to, option)
        )


# Its session keeps others from writing to what was copied: ended before theirs, they would write on for a moment, and lose it.
ENDED_LAST = "dbtool refresh preserve"
_SESSIONS = """
SELECT pid FROM (
    SELECT pid, coalesce(application_name, '') = %s AS is_last, bool_and(coalesce(application_name, '') = %s) OVER () AS is_alone
    FROM pg_catalog.pg_stat_activity
    WHERE datname = ANY(%s) AND pid <> pg_catalog.pg_backend_pid()
) AS session
WHERE is_alone OR NOT is_last
"""


@contextmanager
def _sessions_ended(
    url: str, maintenance_database: str, names: Sequence[str], pause_s: float = 0.1
) -> Iterator[list[str]]:
    """End the sessions of ``names`` again and again, beside what the body does, until it is done. The list is of what keeps
    us from it altogether.

    Sessions that may not be ended (a superuser's) are left; the rename's own failure tells of them.
    """
    done = threading.Event()
    failures: list[str] = []

    def end_them() -> None:
        try:
            end_until_done()
        except DbtoolError as error:
            failures.append(str(error))
        except psycopg.Error as error:
            failures.append(describe_error(error))

    def end_until_done() -> None:
        with connect(url, database=maintenance_database, application_name="dbtool swap") as second:
            while not done.wait(pause_s):
                for (pid,) in second.execute(_SESSIONS, (ENDED_LAST, ENDED_LAST, list(names))).fetchall():
                    # One at a time: a session that we may not end fails the statement.
                    with suppress(psycopg.errors.InsufficientPrivilege):
                        second.execute("SELECT pg_catalog.pg_terminate_backend(%s)", (pid,))

    thread = threading.Thread(target=end_them, daemon=True)
    thread.start()
    try:
        yield failures
    finally:
        done.set()
        thread.join()


def rename_databases(
    url: str, maintenance_database: str, renames: Sequence[Rename], comments: Sequence[tuple[str, str | None]]
) -> None:
    """Do all renames and comments in one transaction, ending whatever sessions are in the way.

    :raises Busy: sessions stayed in the way for the server's 5 s; nothing was renamed.
    """
    names = [rename.old for rename in renames]
    with (
        connect(url, database=maintenance_database, application_name="dbtool swap") as connection,
        _sessions_ended(url, maintenance_database, names) as failures,
    ):
        try:
            with connection.transaction():
                for rename in renames:
                    connection.execute(
                        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                            sql.Identifier(rename.old), sql.Identifier(rename.new)
                        )
                    )
                for name, comment in comments:
                    connection.execute(
                        sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                            sql.Identifier(name), sql.Literal(comment)
                        )
                    )
        except psycopg.Error as error:
            if error.sqlstate == _DATABASE_IN_USE and failures:
                raise ServerFailed(
                    f"{names[0]} is still used by sessions, which could not be ended: {failures[0]}; nothing was swapped"
                ) from None
            if error.sqlstate == _DATABASE_IN_USE:
                raise Busy(
                    f"{names[0]} is still used by sessions that could not be ended; nothing was swapped. End them "
                    "(a superuser's sessions need a superuser, others pg_signal_backend) and refresh again."
                ) from None
            raise ServerFailed(
                f"{describe_error(error)} while renaming {names[0]}; nothing was swapped", error.sqlstate
            ) from None
