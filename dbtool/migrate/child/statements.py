"""Every statement of a revision, told to the parent before and after it ran, by listeners on SQLAlchemy's Engine class."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional, Tuple

from sqlalchemy import event
from sqlalchemy.engine import Engine

from .channel import Channel
from .host import find_message, find_sqlstate
from .sources import Sources

_NOTHING = "SELECT 1 WHERE false"


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
        self._own = False

    def install(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._before, retval=True)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "handle_error", self._failed)
        event.listen(Engine, "commit", self._committed)
        event.listen(Engine, "rollback", self._rolled_back)

    @contextmanager
    def of_revision(self, revision: str) -> Iterator[None]:
        self._revision, self._ordinal = revision, 0
        try:
            yield
        finally:
            self._revision = ""

    def execute(self, connection: Any, text: str) -> None:
        """SQL of the parent's, on the same connection and in its transaction, unseen by the listeners."""
        _execute(connection.connection, text)

    def _before(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> Tuple[str, Any]:
        if not self._revision:
            return statement, parameters
        self._ordinal += 1
        dbapi = conn.connection
        in_transaction = not _is_autocommit(dbapi)
        if self._sources:
            self._sources.before(dbapi)
        answer = self._channel.ask(
            "statement_begins",
            revision=self._revision,
            ordinal=self._ordinal,
            sql=statement,
            line=find_line(),
            in_transaction=in_transaction,
        )
        if answer["answer"] == "stop":
            self.stopped = answer["reason"]
            raise Stopped(answer["reason"])
        if answer["answer"] == "skip":
            return _NOTHING, type(parameters)() if parameters else parameters
        for text in answer.get("first", ()):
            _execute(dbapi, text)
        in_block = bool(answer.get("in_block")) and not in_transaction
        if in_block:
            _execute(dbapi, "BEGIN")
        self._running = {"in_block": in_block, "began": time.monotonic(), "dbapi": dbapi, "cursor": cursor}
        return statement, parameters

    def _after(
        self, conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        ended = time.monotonic()
        found = self._sources.after(running["dbapi"]) if self._sources else {}
        if running["in_block"]:
            for text in self._channel.ask("committing")["sql"]:
                _execute(running["dbapi"], text)
            _execute(running["dbapi"], "COMMIT")
        self._tell_end(running, ended, rowcount=cursor.rowcount, sources=found)

    def _failed(self, context: Any) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        ended = time.monotonic()
        if running["in_block"]:
            _execute(running["dbapi"], "ROLLBACK")
        original = context.original_exception
        self._tell_end(
            running,
            ended,
            failed=True,
            sqlstate=find_sqlstate(original),
            message=find_message(original),
            sources=self._sources.after_failure(running["dbapi"]) if self._sources else {},
        )

    def _tell_end(self, running: Dict[str, Any], ended: float, **fields: Any) -> None:
        self._channel.tell(
            "statement_ended",
            revision=self._revision,
            ordinal=self._ordinal,
            began_at=running["began"],
            ended_at=ended,
            **fields,
        )

    def _committed(self, conn: Any) -> None:
        """Heard just before the COMMIT. What the parent wants done in the transaction goes with it, or not at all."""
        if self._revision and not _is_autocommit(conn.connection):
            for text in self._channel.ask("committing")["sql"]:
                _execute(conn.connection, text)
        self._channel.tell("transaction_ended", committed=True, at=time.monotonic())

    def _rolled_back(self, conn: Any) -> None:
        self._channel.tell("transaction_ended", committed=False, at=time.monotonic())


def find_line() -> int:
    """The line of the revision's file that is being run: the frame of ``upgrade`` or of what it calls in the same file."""
    frame = sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        if frame.f_globals.get("revision") and "down_revision" in frame.f_globals:
            return frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return 0


def _is_autocommit(dbapi: Any) -> bool:
    connection = getattr(dbapi, "dbapi_connection", None) or getattr(dbapi, "connection", dbapi)
    return bool(getattr(connection, "autocommit", False))


def _execute(dbapi: Any, text: str) -> None:
    cursor = dbapi.cursor()
    try:
        cursor.execute(text)
    finally:
        cursor.close()
