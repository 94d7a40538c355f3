"""What the session itself can tell of a statement, read on its own connection right after it.

No superuser is needed: locks of one's own backend, the catalog, and the transaction's own counters are everybody's to read.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

# Relations of PostgreSQL's own have lower OIDs than 16384; locks on them below SHARE are every statement's. Locks of one's
# own on temporary tables are nobody's concern. What a transaction has made itself is not looked at closely. Counters that
# were not sent when a transaction ended would count in the next one as well. The casts to text keep drivers from parsing;
# there is no percent sign and no colon alone, which some take for parameters.
_MARK = """
SELECT
    pg_catalog.date_part('epoch', pg_catalog.transaction_timestamp())::text AS began,
    (SELECT pg_catalog.max(c.oid)::text FROM pg_catalog.pg_class c) AS newest,
    pg_catalog.pg_current_wal_insert_lsn()::text AS written,
    (
        SELECT pg_catalog.sum(pg_catalog.hashtext(l.relation::text || l.mode))::text
        FROM pg_catalog.pg_lock_status() l
        WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.relation >= 16384
    ) AS locks,
    pg_catalog.to_json(pg_catalog.current_schemas(false))::text AS path,
    pg_catalog.pg_backend_pid()::text AS pid,
    pg_catalog.set_config('client_min_messages', 'debug1', false),
    pg_catalog.pg_stat_force_next_flush()::text
"""
_REPORT = """
WITH head AS MATERIALIZED (
{mark}
), held AS MATERIALIZED (
    SELECT l.relation AS oid, pg_catalog.max(pg_catalog.array_position(ARRAY[
        'AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock',
        'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
    ], l.mode)) AS mode
    FROM pg_catalog.pg_lock_status() l
    WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
        AND l.database IN (0, (
            SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
        ))
    GROUP BY l.relation
)
SELECT head.began, head.newest, head.written, head.locks, head.path, head.pid, (
    SELECT pg_catalog.string_agg(pg_catalog.json_build_array(
        held.oid::bigint,
        held.mode,
        n.nspname,
        c.relname,
        c.relkind,
        c.relfilenode::bigint,
        i.indrelid::bigint,
        CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.json_build_array(
            pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid),
            pg_catalog.pg_stat_get_xact_tuples_updated(c.oid),
            pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid),
            pg_catalog.pg_stat_get_xact_numscans(c.oid)
        ) END,
        CASE WHEN held.mode = 8 AND c.relkind IN ('r', 'm') AND c.oid <= {newest} THEN
            pg_catalog.pg_relation_size(c.oid)
        END,
        CASE WHEN held.mode = 8 AND c.relkind IN ('r', 'p', 'f', 'm', 'v', 'c') AND c.oid <= {newest} THEN (
            SELECT pg_catalog.json_agg(pg_catalog.json_build_array(
                a.attnum, a.attname, a.atttypid::bigint, a.atttypmod,
                pg_catalog.format_type(a.atttypid, a.atttypmod)
            ) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        ) END,
        CASE WHEN held.mode >= 4 AND c.relkind IN ('r', 'p') AND c.oid <= {newest} THEN (
            SELECT pg_catalog.json_agg(k.conname ORDER BY k.conname)
            FROM pg_catalog.pg_constraint k
            WHERE k.conrelid = c.oid AND k.contype = 'f'
        ) END
    )::text, pg_catalog.chr(10))
    FROM held
    LEFT JOIN pg_catalog.pg_class c ON c.oid = held.oid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
    WHERE (held.oid >= 16384 OR held.mode >= 5) AND c.relpersistence IS DISTINCT FROM 't'
) AS facts
FROM head
""".replace("{mark}", _MARK)


class Mark(NamedTuple):
    """``began`` is the transaction's start by the server's clock, ``newest`` the highest OID of a relation then. While
    neither ``written``, the end of the log, nor ``locks``, a sum over them, has moved, nobody has done anything.
    """

    began: str
    newest: str
    written: str
    locks: Optional[str]
    path: str  # the schemas in which names without one are looked up, as JSON
    pid: str

    def shows_the_same_as(self, other: Mark) -> bool:
        return (self.written, self.locks) == (other.written, other.locks)


class Report(NamedTuple):
    """``facts`` are JSON by OID on what the transaction has locked."""

    mark: Mark
    facts: Dict[str, str]


_NOTHING = Report(Mark("", "0", "", None, "[]", "0"), {})


class Sources:
    def __init__(self) -> None:
        self._last = _NOTHING
        self._told = _NOTHING
        self._heard: List[str] = []
        self._listened: List[Any] = []
        self._ours_s = self._before_s = 0.0

    @property
    def pid(self) -> int:
        """Of the server's process of the connection that was looked at last."""
        return int(self._last.mark.pid)

    def settle(self, dbapi: Any) -> None:
        """What is locked now, before a revision, is none of its work."""
        with self.timed():
            self._last = self._read(dbapi) or _NOTHING

    def find_unexplained(self, dbapi: Any) -> Optional[Dict[str, Any]]:
        """What has changed since the last look, though no statement was seen; also makes ready for the next one."""
        with self.timed():
            self._listen(dbapi)
            now = None if self._is_still(dbapi) else self._read(dbapi)
        before = self._baseline(now) if now else _NOTHING
        found = None
        if now is not None:
            self._last = now
            if now.facts != before.facts:
                found = self._describe(before, now)
        del self._heard[:]
        return found

    def _is_still(self, dbapi: Any) -> bool:
        """Whether nothing has happened since the last look, or in a transaction that has just begun."""
        rows = _query(dbapi, _MARK)
        if not rows:
            return True  # the transaction is aborted: nothing can happen
        mark = Mark(*rows[0][:6])
        if mark.began == self._last.mark.began:
            return mark.shows_the_same_as(self._last.mark)
        if mark.locks is None:
            self._last = Report(mark, {})
        return mark.locks is None

    def start(self) -> None:
        """The statement begins now: what looking took until here is not part of its time."""
        self._before_s, self._ours_s = self._before_s + self._ours_s, 0.0

    def after(self, dbapi: Any, statement: str) -> Dict[str, Any]:
        """Of a statement that has succeeded, still in its transaction (or in a block of its own, or after its commit).
        Reading the catalog, as Alembic's inspection does, leaves nothing to look at.
        """
        with self.timed():
            if statement.lstrip()[:6].upper() == "SELECT" and self._is_still(dbapi):
                return self._describe(self._last, self._last)
            now = self._read(dbapi) or _NOTHING
        before, self._last = self._baseline(now), now
        return self._describe(before, now)

    def after_failure(self) -> Dict[str, Any]:
        """The transaction is aborted: nothing can be asked of the server. ``before_s`` is what looking took since the last
        statement, ``ours_s`` since this one began.
        """
        found = {
            "notices": list(self._heard),
            "path": self._last.mark.path,
            "before_s": self._before_s,
            "ours_s": self._ours_s,
        }
        self._ours_s = self._before_s = 0.0
        del self._heard[:]
        return found

    def _baseline(self, now: Report) -> Report:
        """The last look, if it was in the same transaction: a new one begins with nothing locked."""
        return self._last if self._last.mark.began == now.mark.began else _NOTHING

    def _describe(self, before: Report, now: Report) -> Dict[str, Any]:
        """``before`` is the way there from what the parent was told last."""
        found = {
            "began": now.mark.began,
            "before": _difference(self._told, before),
            "after": _difference(before, now),
            **self.after_failure(),
        }
        self._told = now
        return found

    def _read(self, dbapi: Any) -> Optional[Report]:
        rows = _query(dbapi, _REPORT.replace("{newest}", self._last.mark.newest))
        if not rows:
            return None
        mark = Mark(*rows[0][:6])
        if mark.began == self._last.mark.began:
            mark = mark._replace(newest=self._last.mark.newest)
        facts = rows[0][6].split("\n") if rows[0][6] else []  # JSON spells every line end within it
        return Report(mark, {fact[1 : fact.index(",")]: fact for fact in facts})

    def _listen(self, dbapi: Any) -> None:
        connection = driver_connection(dbapi)
        if not any(connection is one for one in self._listened):
            self._listened.append(connection)
            _add_ear(connection, self._heard)

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """What is done within is ours, and is not counted as the project's."""
        began = time.monotonic()
        yield
        self._ours_s += time.monotonic() - began


def _query(dbapi: Any, text: str) -> List[Tuple[Any, ...]]:
    """No rows where the transaction is aborted, or the connection closed. A project may have rows come as dictionaries."""
    try:
        cursor = dbapi.cursor()
        try:
            cursor.execute(text)
            rows = cursor.fetchall()
        finally:
            cursor.close()
    except Exception:  # noqa: BLE001  each driver has its own; what is wrong the project's next statement meets too
        return []
    return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in rows]


def _difference(before: Report, now: Report) -> Dict[str, Any]:
    """``facts`` are those that are new or others, ``released`` the OIDs that are no longer locked."""
    return {
        "facts": [fact for oid, fact in now.facts.items() if before.facts.get(oid) != fact],
        "released": [int(oid) for oid in before.facts if oid not in now.facts],
    }


def driver_connection(dbapi: Any) -> Any:
    """The driver's own connection below SQLAlchemy's proxy and, for asynchronous drivers, its adapter."""
    for name in ("driver_connection", "dbapi_connection", "connection"):
        found = getattr(dbapi, name, None)
        if found is not None:
            return found
    return dbapi


class _Ear(List[str]):
    """In the place of psycopg2's and pg8000's lists of notices, which keep the last ones alone."""

    def __init__(self, heard: List[str]) -> None:
        super().__init__()
        self._heard = heard

    def append(self, notice: Any) -> None:
        self._heard.append(_notice_text(notice))
        super().append(notice)


def _add_ear(connection: Any, heard: List[str]) -> None:
    if hasattr(connection, "add_notice_handler"):  # psycopg
        connection.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
    elif hasattr(connection, "add_log_listener"):  # asyncpg
        connection.add_log_listener(lambda _, notice: heard.append(str(notice.message)))
    elif hasattr(connection, "notices"):  # psycopg2, pg8000
        connection.notices = _Ear(heard)


def _notice_text(notice: Any) -> str:
    """psycopg2's begins with the level; pg8000's is a dictionary of the protocol's fields."""
    if isinstance(notice, dict):
        text = notice.get(b"M", b"")
        return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return str(notice).partition(":")[2].strip()
