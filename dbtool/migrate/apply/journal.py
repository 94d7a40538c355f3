"""What commits before its revision's end, written down as it happens, so that a later run can go on behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dbtool.migrate.apply.effects import Effect, EffectKind, describe_effect
from dbtool.migrate.apply.resume import IndexState, index_state, spell_effect, spell_rowcount
from dbtool.migrate.runner.overseer import StatementEnd, StatementStart
from dbtool.postgres.index_state import find_index_states
from dbtool.postgres.ledger import begin_statement, end_statement, fail_statement, render_done
from dbtool.postgres.session import Connection

# Whether what was sent last was committed nobody knows: a connection was lost, or a server was shut down.
_UNCERTAIN = ("08", "57P")


@dataclass(frozen=True, slots=True)
class _Alone:
    """A statement that no transaction can hold, on its way. ``is_first``: nothing of the revision stood before it."""

    number: int
    effect: Effect
    was_there: bool
    is_first: bool


@dataclass
class Journal:
    """Of one attempt. ``session`` is ours, in autocommit. ``touched`` are the revisions of which something was committed,
    or may have been, before their end.
    """

    session: Connection
    run_id: str
    touched: set[str] = field(default_factory=set)
    _revision: str = ""
    _waiting: dict[int, tuple[str, int]] = field(default_factory=dict)
    _alone: _Alone | None = None
    _is_unsure: bool = False

    def begin_revision(self, revision: str) -> None:
        self._revision, self._waiting, self._alone, self._is_unsure = revision, {}, None, False

    def wait(self, start: StatementStart, digest: str) -> None:
        """The statement stands when its transaction does."""
        self._waiting[start.ordinal] = (digest, -1)

    def wait_alone(self, start: StatementStart, digest: str) -> None:
        """The statement has a transaction of its own."""
        self._waiting = {}
        self.wait(start, digest)

    def begin_alone(self, start: StatementStart, digest: str, *, is_dropped: bool) -> None:
        """What no transaction can hold is noted before it is sent. ``is_dropped``: an index of its name goes first."""
        effect = describe_effect(start.sql)
        before = IndexState.ABSENT if is_dropped else self.look_for(effect)
        number = begin_statement(
            self.session,
            run_id=self.run_id,
            revision=start.revision,
            ordinal=start.ordinal,
            digest=digest,
            effect=spell_effect(effect, before),
        )
        was_there = before in {IndexState.VALID, IndexState.INVALID}
        self._alone = _Alone(number, effect, was_there, start.revision not in self.touched)
        self.touched.add(start.revision)

    def look_for(self, effect: Effect) -> IndexState | None:
        """The state of the index that the statement is about."""
        if not effect.index:
            return None
        return index_state(find_index_states(self.session, effect.index, effect.table))

    def end(self, end: StatementEnd) -> None:
        alone, self._alone = self._alone, None
        ordinal = end.start.ordinal
        if alone is not None:
            self._end_alone(alone, end)
        elif end.failed:
            self._waiting.pop(ordinal, None)  # what follows goes on from a savepoint
            self._settle(is_undone=is_certain(end.sqlstate))
        elif ordinal in self._waiting:
            self._waiting[ordinal] = (self._waiting[ordinal][0], end.rowcount)
        elif not end.start.in_transaction:
            self._is_unsure = False

    def _end_alone(self, alone: _Alone, end: StatementEnd) -> None:
        if not end.failed:
            end_statement(self.session, alone.number)
        elif is_certain(end.sqlstate) and not self._left_something(alone):
            fail_statement(self.session, alone.number)
            if alone.is_first and alone.effect.kind is not EffectKind.UNKNOWN:
                self.touched.discard(self._revision)

    def _left_something(self, alone: _Alone) -> bool:
        """A concurrent build that fails leaves an INVALID index."""
        if alone.effect.kind is EffectKind.INDEX_BUILT and alone.was_there:
            return False
        return self.look_for(alone.effect) in {IndexState.INVALID, IndexState.AMBIGUOUS}

    def commit(self, rowcount: int) -> Sequence[str]:
        """SQL for the transaction that is about to be committed. A statement's end is told after the commit of its block:
        its ``rowcount`` comes with the question.
        """
        if not self._waiting:
            return ()
        rows = [
            (ordinal, digest, spell_rowcount(rowcount if rowcount >= 0 else rows))
            for ordinal, (digest, rows) in self._waiting.items()
        ]
        self._waiting = {}
        self._is_unsure = self._revision not in self.touched
        self.touched.add(self._revision)
        return (render_done(self.run_id, self._revision, rows),)

    def transaction_ended(self, *, committed: bool) -> None:
        """Why a COMMIT failed, the revision's failure tells."""
        if committed:
            self._is_unsure = False
        else:
            self._waiting = {}

    def revision_failed(self, sqlstate: str | None) -> None:
        self._settle(is_undone=is_certain(sqlstate))

    def _settle(self, *, is_undone: bool) -> None:
        if self._is_unsure and is_undone:
            self.touched.discard(self._revision)
        self._is_unsure = False


def is_certain(sqlstate: str | None) -> bool:
    """Whether a failure of this kind leaves nothing of the transaction."""
    return sqlstate is not None and not sqlstate.startswith(_UNCERTAIN)
