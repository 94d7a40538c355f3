"""Every statement of a revision, told to the parent before and after it ran, by listeners on SQLAlchemy's Engine class."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, Optional, Tuple

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from .channel import Channel
from .host import find_message, find_sqlstate
from .parameters import digest
from .sources import Sources, driver_connection

_ROWS = "SELECT FROM pg_catalog.generate_series(1, %d)"
_UNSEEN = "-- not sent through SQLAlchemy"
_PSYCOPG2_BEGUN = 2  # psycopg2.extensions.STATUS_BEGIN: it takes a transaction for begun, and sends no BEGIN
_IDLE = 0
_PG8000_IDLE = b"I"


class Stopped(RuntimeError):
    """The overseer does not want the statement to run."""


class StatementEvents:
    def __init__(self, channel: Channel, *, trace: bool) -> None:
        self.seconds: Dict[str, float] = {}
        self.stopped = ""
        self._channel = channel
        self._sources = Sources() if trace else None
        self._revision = ""
        self._ordinal = 0
        self._running: Optional[Dict[str, Any]] = None
        self._used: Any = None  # the connection of the revision's last statement, or else the one last begun
        self._is_fresh = False  # nothing was done in its transaction yet
        self._committing = False

    def install(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._before, retval=True)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "handle_error", self._failed)
        event.listen(Engine, "begin", self._begun)
        event.listen(Engine, "commit", self._commits)
        event.listen(Engine, "rollback", self._rolled_back)
        self._watch_commits()

    @contextmanager
    def of_revision(self, revision: str) -> Iterator[None]:
        """Work that was done past SQLAlchemy is looked for at the end, unless the transaction is aborted."""
        self._revision, self._ordinal = revision, 0
        if self._sources and self._used is not None and not self._is_fresh:
            self._sources.settle(self._used)
        try:
            yield
            self._tell_unseen()
        finally:
            self._revision = ""

    def execute(self, connection: Any, text: str) -> None:
        """SQL of the parent's, on the same connection and in its transaction, unseen by the listeners."""
        _execute(connection.connection, text)

    def _before(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> Tuple[str, Any]:
        self._is_fresh = False
        if not self._revision:
            return statement, parameters
        dbapi = self._used = conn.connection
        self._tell_unseen()
        self._ordinal += 1
        in_transaction = not _commits_by_itself(dbapi)
        sql = _as_sent(statement, conn.dialect, context)
        answer = self._ask_before(self._ordinal, sql, find_line(self._revision), in_transaction, parameters)
        if answer["answer"] == "stop":
            self.stopped = answer["reason"]
            raise Stopped(answer["reason"])
        for text in answer.get("first", ()):
            _execute(dbapi, text)
        if answer["answer"] == "skip":
            # Whoever counts rows, as a loop over batches does, hears the number of the run that committed.
            return _ROWS % max(answer["rowcount"], 0), type(parameters)() if parameters else parameters
        in_block = bool(answer.get("in_block")) and not in_transaction
        if in_block:
            _execute(dbapi, "BEGIN")
        if self._sources:
            self._sources.start()
        self._running = {"in_block": in_block, "began": time.monotonic(), "dbapi": dbapi}
        return statement, parameters

    def _after(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        ended = time.monotonic()
        found = self._sources.after(running["dbapi"], statement) if self._sources else {}
        if running["in_block"]:
            self._commit_block(running, ended, cursor.rowcount)
        self._tell_end(self._ordinal, running["began"], ended, rowcount=cursor.rowcount, sources=found)

    def _commit_block(self, running: Dict[str, Any], ended: float, rowcount: int) -> None:
        """A deferred constraint may fail here."""
        for text in self._channel.ask("committing", rowcount=rowcount)["sql"]:
            _execute(running["dbapi"], text)
        try:
            _execute(running["dbapi"], "COMMIT")
        except Exception as error:
            self._tell_failure(running["began"], ended, error)
            raise

    def _failed(self, context: Any) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        ended = time.monotonic()
        if running["in_block"]:
            _execute(running["dbapi"], "ROLLBACK")
        self._tell_failure(running["began"], ended, context.original_exception)

    def _tell_failure(self, began: float, ended: float, error: Any) -> None:
        self._tell_end(
            self._ordinal,
            began,
            ended,
            failed=True,
            sqlstate=find_sqlstate(error),
            message=find_message(error),
            sources=self._sources.after_failure() if self._sources else {},
        )

    def _tell_unseen(self) -> None:
        """What the transaction holds though no statement of it was seen, as a statement of its own without an ordinal."""
        if not self._sources or self._used is None:
            return
        began = time.monotonic()
        found = self._sources.find_unexplained(self._used)
        if found is None:
            return
        self._ask_before(0, _UNSEEN, 0, not _commits_by_itself(self._used))
        self._tell_end(0, began, began, sources=found)

    def _ask_before(
        self, ordinal: int, sql: str, line: int, in_transaction: bool, parameters: Any = None
    ) -> Dict[str, Any]:
        start = {
            "revision": self._revision,
            "ordinal": ordinal,
            "sql": sql,
            "line": line,
            "in_transaction": in_transaction,
        }
        if not self._sources:
            return self._channel.ask("statement_begins", parameters=digest(parameters), **start)
        with self._sources.timed():
            return self._channel.ask("statement_begins", pid=self._sources.pid, **start)

    def _tell_end(self, ordinal: int, began: float, ended: float, **fields: Any) -> None:
        self._channel.tell(
            "statement_ended",
            revision=self._revision,
            ordinal=ordinal,
            began_at=began,
            ended_at=ended,
            **fields,
        )

    def _begun(self, conn: Any) -> None:
        if not self._revision:
            self._used, self._is_fresh = conn.connection, True

    def _commits(self, conn: Any) -> None:
        """Heard just before the COMMIT. What the parent wants done in the transaction goes with it, or not at all."""
        if not self._is_used(conn):
            return
        if self._revision:
            self._tell_unseen()
            if not _is_autocommit(conn.connection):
                for text in self._channel.ask("committing")["sql"]:
                    _execute(conn.connection, text)
        self._committing = True

    def _watch_commits(self) -> None:
        """SQLAlchemy tells of a COMMIT before it is sent; it may still fail, of a deferred constraint."""
        commit: Callable[..., None] = DefaultDialect.do_commit

        def do_commit(dialect: Any, dbapi_connection: Any) -> None:
            committing, self._committing = self._committing, False
            try:
                commit(dialect, dbapi_connection)
            except BaseException:
                if committing:
                    self._tell_transaction(committed=False)
                raise
            if committing:
                self._tell_transaction(committed=True)

        DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]

    def _rolled_back(self, conn: Any) -> None:
        if self._is_used(conn):
            self._tell_transaction(committed=False)

    def _tell_transaction(self, *, committed: bool) -> None:
        self._channel.tell("transaction_ended", committed=committed, at=time.monotonic())

    def _is_used(self, conn: Any) -> bool:
        """A revision may open other connections beside Alembic's; their transactions are not the revision's."""
        return self._used is None or driver_connection(conn.connection) is driver_connection(self._used)


def _as_sent(statement: str, dialect: Any, context: Any) -> str:
    """Drivers that mark parameters by % read %% as one, unless they are given none to look for."""
    bare = context is not None and getattr(context, "no_parameters", False)
    return statement.replace("%%", "%") if "format" in dialect.paramstyle and not bare else statement


def find_line(revision: str) -> int:
    """The line of the revision's file that is being run: the frame of ``upgrade`` or of what it calls in the same file."""
    frame = sys._getframe(1)  # noqa: SLF001  no public function walks the stack without reading sources
    while frame is not None:
        if frame.f_globals.get("revision") == revision and "down_revision" in frame.f_globals:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return 0


def _is_autocommit(dbapi: Any) -> bool:
    connection = getattr(dbapi, "dbapi_connection", None) or getattr(dbapi, "connection", dbapi)
    return bool(getattr(connection, "autocommit", False))


def _commits_by_itself(dbapi: Any) -> bool:
    """In autocommit, unless a transaction was begun before that, as Alembic does with pg8000; or under psycopg2 after a
    COMMIT sent as SQL, which it does not notice.
    """
    connection = driver_connection(dbapi)
    takes_itself_for_begun = getattr(connection, "status", None) == _PSYCOPG2_BEGUN
    return _is_idle(connection) and (_is_autocommit(dbapi) or takes_itself_for_begun)


def _is_idle(connection: Any) -> bool:
    """Whether the server has no transaction open, as psycopg2, asyncpg, psycopg and pg8000 know it."""
    if hasattr(connection, "get_transaction_status"):
        return bool(connection.get_transaction_status() == _IDLE)
    if hasattr(connection, "is_in_transaction"):
        return not connection.is_in_transaction()
    if hasattr(connection, "info"):
        return bool(connection.info.transaction_status == _IDLE)
    return getattr(connection, "_transaction_status", _PG8000_IDLE) == _PG8000_IDLE


def _execute(dbapi: Any, text: str) -> None:
    cursor = dbapi.cursor()
    try:
        cursor.execute(text)
    finally:
        cursor.close()
