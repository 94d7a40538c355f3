"""Whole databases on a target server: made, stamped, listed, locked, renamed and dropped.

dbtool knows its own databases by a stamp in COMMENT ON DATABASE, which can be read from any other database of
the server and survives a kill -9. A stamp is ``dbtool:`` and one line of JSON.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from psycopg import sql

from dbtool.errors import Busy
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection, connect

_STAMP_PREFIX = "dbtool:"
_MAXIMUM_NAME_BYTES = 63


@dataclass(frozen=True, slots=True)
class Stamp:
    """``role`` is candidate or previous; ``target`` the live database's name; ``made_at`` UTC, compact ISO 8601.

    ``comment`` is the comment that the stamp displaced, put back when it goes.
    """

    role: str
    target: str
    made_at: str
    comment: str | None = None

    def render(self) -> str:
        return _STAMP_PREFIX + json.dumps(asdict(self), separators=(",", ":"))


def parse_stamp(comment: str | None) -> Stamp | None:
    if not comment or not comment.startswith(_STAMP_PREFIX):
        return None
    try:
        stamp = Stamp(**json.loads(comment.removeprefix(_STAMP_PREFIX)))
    except (ValueError, TypeError):
        return None
    texts = (stamp.role, stamp.target, stamp.made_at, stamp.comment or "")
    return stamp if all(isinstance(text, str) for text in texts) else None


@dataclass(frozen=True, slots=True)
class DatabaseEntry:
    """``connection_limit`` -1 means none, ``tablespace`` None the server's own, to name which takes a privilege. ``oid`` stays
    when a database is renamed, and no other one gets it.
    """

    name: str
    owner: str
    comment: str | None
    connection_limit: int
    encoding: str
    bytes: int
    oid: int = 0
    tablespace: str | None = None

    @property
    def stamp(self) -> Stamp | None:
        return parse_stamp(self.comment)

    @property
    def own_comment(self) -> str | None:
        """What people wrote: the comment itself, or the one that our stamp displaced."""
        return self.stamp.comment if self.stamp else self.comment


def name_beside(live: str, role: str, made_at: str) -> str:
    """A name for a candidate or previous database: readable, unique by time, within 63 bytes.

    A live name too long for it is cut between characters and told from its like by six digits of its digest.
    """
    tail = f"_dbtool_{role}_{made_at}"
    if len(live.encode()) + len(tail) > _MAXIMUM_NAME_BYTES:
        tail = f"_{hashlib.sha256(live.encode()).hexdigest()[:6]}{tail}"
    head = live.encode()[: _MAXIMUM_NAME_BYTES - len(tail)].decode(errors="ignore")
    return head + tail


_NAME_BESIDE = re.compile(r"_dbtool_(candidate|previous)_(\d+)\Z")


def _role_by_name(live: str, name: str) -> str | None:
    found = _NAME_BESIDE.search(name)
    return found[1] if found and name == name_beside(live, found[1], found[2]) else None


def still_has_our_name(live: str, name: str) -> bool:
    """A stamp stays with a database that people rename, to keep it or to work with it: then it is theirs."""
    return _role_by_name(live, name) is not None


def _is_named_candidate_of(live: str, name: str) -> bool:
    return _role_by_name(live, name) == "candidate"


_ENTRIES = """
SELECT d.datname, pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.shobj_description(d.oid, 'pg_database'),
       d.datconnlimit, pg_catalog.pg_encoding_to_char(d.encoding),
       CASE WHEN NOT %(sized)s THEN 0
            WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT')
            THEN coalesce(pg_catalog.pg_database_size(d.oid), 0) -- NULL where its files are gone already
            ELSE 0 END,
       d.oid::pg_catalog.int8, nullif(t.spcname, 'pg_default')
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
WHERE NOT d.datistemplate AND (%(name)s::text IS NULL OR d.datname = %(name)s) ORDER BY d.datname
"""


def list_databases(maintenance: Connection, *, sized: bool = False) -> tuple[DatabaseEntry, ...]:
    """``bytes`` is 0 unless ``sized``: a server looks at every file of every database to tell."""
    with translated("listing databases"):
        return _read_entries(maintenance, None, sized=sized)


def find_database(maintenance: Connection, name: str) -> DatabaseEntry | None:
    """With its size."""
    with translated("looking for a database"):
        return next(iter(_read_entries(maintenance, name, sized=True)), None)


def _read_entries(maintenance: Connection, name: str | None, *, sized: bool) -> tuple[DatabaseEntry, ...]:
    return tuple(DatabaseEntry(*row) for row in maintenance.execute(_ENTRIES, {"name": name, "sized": sized}))


def is_visible(maintenance: Connection, name: str) -> bool:
    """Whether there is such a database at all, templates counted."""
    with translated("looking for a database"):
        row = maintenance.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", (name,)).fetchone()
    return row is not None


def find_oid(connection: Connection) -> int:
    """Of the connection's own database."""
    with translated("asking for the database's OID"):
        row = connection.execute(
            "SELECT oid::int8 FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
        ).fetchone()
    return int(row[0]) if row else 0


def may_rename(maintenance: Connection, name: str) -> bool:
    """Whether the role owns the database, itself or by membership; superusers own everything."""
    with translated("asking who owns a database"):
        row = maintenance.execute(
            "SELECT pg_catalog.pg_has_role(datdba, 'USAGE') FROM pg_catalog.pg_database WHERE datname = %s",
            (name,),
        ).fetchone()
    return bool(row and row[0])


@dataclass(frozen=True, slots=True)
class Locale:
    """How a database sorts and encodes: a copy must be made with its source's, or its indexes would differ."""

    encoding: str
    collate: str
    ctype: str
    provider: str = "c"  # c libc, i ICU, b builtin
    icu_locale: str | None = None
    icu_rules: str | None = None


def create_database(
    maintenance: Connection,
    name: str,
    locale: Locale,
    stamp: Stamp,
    owner: str | None,
    *,
    template: str = "template0",
    tablespace: str | None = None,
) -> None:
    """CREATE DATABASE and stamp it. A kill between the two leaves a name that says what it is.

    :raises PrivilegeMissing: such as that to use the ``tablespace``.
    """
    make_database(maintenance, name, locale, owner, template, tablespace=tablespace)
    set_comment(maintenance, name, stamp.render())


def make_database(
    maintenance: Connection,
    name: str,
    locale: Locale,
    owner: str | None,
    template: str = "template0",
    *,
    tablespace: str | None = None,
) -> None:
    """CREATE DATABASE. Only of template0 may the locale be another than the template's."""
    options: list[sql.Composable] = [
        sql.SQL("TEMPLATE {} ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            sql.Identifier(template),
            sql.Literal(locale.encoding),
            sql.Literal(locale.collate),
            sql.Literal(locale.ctype),
        )
    ]
    if locale.provider == "i" and locale.icu_locale:
        options.append(sql.SQL("LOCALE_PROVIDER icu ICU_LOCALE {}").format(sql.Literal(locale.icu_locale)))
        if locale.icu_rules:  # from 16 on
            options.append(sql.SQL("ICU_RULES {}").format(sql.Literal(locale.icu_rules)))
    if locale.provider == "b" and locale.icu_locale:
        options.append(
            sql.SQL("LOCALE_PROVIDER builtin BUILTIN_LOCALE {}").format(sql.Literal(locale.icu_locale))
        )
    if locale.provider == "c":
        options.append(sql.SQL("LOCALE_PROVIDER libc"))
    if owner:
        options.append(sql.SQL("OWNER {}").format(sql.Identifier(owner)))
    if tablespace:
        options.append(sql.SQL("TABLESPACE {}").format(sql.Identifier(tablespace)))
    with translated(f"creating the database {name}"):
        maintenance.execute(
            sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(name), sql.SQL(" ").join(options))
        )


def set_comment(maintenance: Connection, name: str, comment: str | None) -> None:
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(comment))
    with translated(f"stamping the database {name}"):
        maintenance.execute(statement)


def drop_database(maintenance: Connection, name: str) -> None:
    """Drop it with its sessions. Only ever called for a name that dbtool made."""
    with translated(f"dropping the database {name}"):
        maintenance.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _lock_key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"dbtool refresh {name}".encode()).digest()[:8], "big", signed=True)


@contextmanager
def refresh_lock(url: str, maintenance_database: str, live: str) -> Iterator[Connection]:
    """Hold the one refresh lock of a target, on a connection of its own to the maintenance database.

    Advisory locks are per database; one in the live database would block its rename.

    :raises Busy: another refresh holds it. It is asked for once and never waited for.
    """
    with connect(url, database=maintenance_database, application_name="dbtool refresh lock") as connection:
        with translated("asking for the refresh lock"):
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_lock_key(live),)).fetchone()
        if not row or not row[0]:
            raise Busy(
                f"another refresh of {live} is running; nothing was changed. Run this one again when it has ended."
            )
        yield connection


def leftovers(entries: tuple[DatabaseEntry, ...], live: str) -> tuple[str, ...]:
    """Candidates of ``live`` whose run has died. Only asked while holding the lock: no living run has one.

    A candidate without a stamp was killed between CREATE and COMMENT: its name tells.
    """
    stamped = {e.name for e in entries if _is_stamped(e, "candidate", live)}
    named = {e.name for e in entries if e.comment is None and _is_named_candidate_of(live, e.name)}
    return tuple(sorted(stamped | named))


def _is_stamped(entry: DatabaseEntry, role: str, live: str) -> bool:
    """Live itself is neither, whatever its comment says: somebody may have renamed a previous one back by hand."""
    stamp = entry.stamp
    return stamp is not None and (stamp.role, stamp.target) == (role, live) and entry.name != live


def previous_databases(entries: tuple[DatabaseEntry, ...], live: str) -> tuple[DatabaseEntry, ...]:
    """What ``live`` was before its refreshes, newest first."""
    previous = [e for e in entries if _is_stamped(e, "previous", live)]
    return tuple(sorted(previous, key=lambda e: e.stamp.made_at if e.stamp else "", reverse=True))


def outdated_previous(entries: tuple[DatabaseEntry, ...], live: str, keep: int) -> tuple[str, ...]:
    return tuple(entry.name for entry in previous_databases(entries, live)[keep:])
