"""Who stands over the child while it runs revisions: told of everything as it happens, asked before each statement.

The child waits for the answer, so that whoever oversees may look at the server, write to the ledger, or hold
something open first. The tracer (a rehearsal) and the journal (an application) are overseers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StatementStart:
    """``ordinal`` counts from 1 within the revision. ``pid`` is the server's process of the child's connection.
    ``parameters`` is a digest of the parameters, empty where there are none.
    """

    revision: str
    ordinal: int
    sql: str
    line: int
    in_transaction: bool
    pid: int
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class StatementEnd:
    """``sources`` is what the child read on the same connection right afterwards, in the same transaction where there is
    one: the raw material of the tracer, empty where tracing is off. ``seconds`` is the driver's call alone.
    ``sqlstate`` and ``message`` are those of a failure; the message is PostgreSQL's primary one.
    """

    start: StatementStart
    seconds: float
    rowcount: int
    began_at: float  # time.monotonic() of the machine, which both processes share
    ended_at: float
    failed: bool = False
    sqlstate: str | None = None
    message: str = ""
    sources: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Go:
    """Run the statement. ``in_block``: within BEGIN and COMMIT of its own, where it would commit by itself, so that its
    locks can be seen. ``first`` is SQL to execute before it, on the same connection.
    """

    in_block: bool = False
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skip:
    """Do not run the statement: an earlier run has committed it, and had ``rowcount`` rows to tell of (-1: none).
    ``first`` is SQL to execute in its place, on the same connection.
    """

    rowcount: int = -1
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """Do not run the statement; end the revision as failed. ``reason`` is for people."""

    reason: str


Answer = Go | Skip | Stop


class Overseer(Protocol):
    def connected(self, pid: int) -> None:
        """The child has a session, proven to be where it should be."""

    def configured(self, transaction_mode: str) -> None:
        """env.py has said how it wants to run; nothing has been sent yet."""

    def revision_begins(self, revision: str) -> None: ...

    def statement_begins(self, start: StatementStart) -> Answer: ...

    def statement_ended(self, end: StatementEnd) -> None: ...

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:
        """All its statements are done and its version is stamped, in a transaction still open. The answer is SQL to
        execute in the same transaction.
        """

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None: ...

    def committing(self, rowcount: int) -> Sequence[str]:
        """A transaction of a revision is about to be committed before the revision has ended: the one before an
        ``autocommit_block``, or a block around one statement (``Go.in_block``). The answer is SQL to execute in it.
        ``rowcount`` is that of the block's statement, -1 for the other.
        """

    def transaction_ended(self, *, committed: bool, at: float) -> None:
        """``at`` is time.monotonic() of the machine."""


class Onlooker:
    """Lets everything happen."""

    def connected(self, pid: int) -> None: ...

    def configured(self, transaction_mode: str) -> None: ...

    def revision_begins(self, revision: str) -> None: ...

    def statement_begins(self, start: StatementStart) -> Answer:  # noqa: ARG002  the overseer's signature
        return Go()

    def statement_ended(self, end: StatementEnd) -> None: ...

    def revision_ends(self, revision: str, seconds: float) -> Sequence[str]:  # noqa: ARG002
        return ()

    def revision_failed(self, revision: str, sqlstate: str | None, message: str) -> None: ...

    def committing(self, rowcount: int) -> Sequence[str]:  # noqa: ARG002
        return ()

    def transaction_ended(self, *, committed: bool, at: float) -> None: ...
