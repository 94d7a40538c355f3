"""A statement where it stood: what its transaction held already, and which relations the target has. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dbtool.locks.lineage import Lineage
from dbtool.locks.modes import LockMode
from dbtool.locks.statements import Statement, parse_statements
from dbtool.locks.tokens import Name
from dbtool.locks.trace import HeldLock, Population, RelationSize, RevisionTrace, StatementTrace

_TABLES = frozenset(
    "rpmvf"
)  # relkinds that queries name; indexes, sequences and TOAST are locked with theirs


@dataclass(frozen=True, slots=True)
class EarlierLock:
    """A lock that an earlier statement of the same transaction took."""

    lock: HeldLock
    since: StatementTrace


@dataclass(frozen=True, slots=True)
class Situation:
    """``before`` are the names before the statement, ``lineage`` those after it.

    ``made_in_revision`` are relations that any of its statements creates, ``given_policies`` tables that one gives a policy.
    """

    trace: StatementTrace
    parsed: tuple[Statement, ...]
    revision: str
    file: str
    major: int
    population: Population
    before: Lineage
    lineage: Lineage
    earlier: tuple[EarlierLock, ...] = ()
    made_in_revision: frozenset[str] = frozenset()
    given_policies: tuple[Name, ...] = ()

    @property
    def where(self) -> str:
        return self.place(self.trace)

    def place(self, trace: StatementTrace) -> str:
        return f"{self.file}:{trace.line}" if trace.line else f"{self.revision}, statement {trace.ordinal}"

    def find_original(self, relation: str) -> str | None:
        """The target's name for it; a statement's locks may be spelt by the name before it or after."""
        found = self.before.find_original(relation)
        return self.lineage.find_original(relation) if found == relation else found

    def exists(self, relation: str) -> bool:
        return self.find_original(relation) is not None

    def find_target_size(self, relation: str) -> RelationSize | None:
        original = self.find_original(relation)
        return self.population.target.get(original) if original is not None else None

    def find_clone_size(self, relation: str) -> RelationSize | None:
        original = self.find_original(relation)
        return self.population.clone.get(original) if original is not None else None

    @property
    def locks(self) -> tuple[HeldLock, ...]:
        """Those on existing relations that make reads or writes wait."""
        return tuple(lock for lock in self.trace.locks if _keeps_waiting(lock) and self.exists(lock.relation))

    @property
    def is_about_known_relations(self) -> bool:
        """Whether the text names what it works on; a block of code or a function does not."""
        return bool(self.parsed) and not any(one.is_opaque for one in self.parsed)

    def is_about(self, relation: str) -> bool:
        return any(one.is_about(relation) for one in self.parsed)

    def find_named(self, one: Statement) -> str | None:
        """What a statement is about, with its schema, as far as its transaction's locks tell."""
        return next((lock.relation for lock in self._all_locks() if one.is_about(lock.relation)), None)

    def find_mode(self, relation: str, at_least: LockMode) -> LockMode:
        """The strongest lock on a relation, this statement's or an earlier one's: one held already is not new."""
        held = [lock.mode for lock in self._all_locks() if lock.relation == relation]
        return max([at_least, *held])

    def _all_locks(self) -> Iterator[HeldLock]:
        yield from self.trace.locks
        yield from (one.lock for one in self.earlier)


def read_situations(
    revision: RevisionTrace, population: Population, lineage: Lineage, *, major: int
) -> Iterator[Situation]:
    earlier: tuple[EarlierLock, ...] = ()
    parsed = [parse_statements(trace.sql) for trace in revision.statements]
    made = frozenset(relation for trace in revision.statements for relation in trace.created)
    policies = tuple(
        name for each in parsed for one in each if one.verb == "CREATE POLICY" for name in one.names
    )
    for trace, statements in zip(revision.statements, parsed, strict=True):
        after = lineage.after(trace)
        situation = Situation(
            trace=trace,
            parsed=statements,
            revision=revision.id,
            file=revision.file,
            major=major,
            population=population,
            before=lineage,
            lineage=after,
            earlier=earlier if trace.in_transaction else (),
            made_in_revision=made,
            given_policies=policies,
        )
        yield situation
        lineage = after
        earlier = _keep(situation) if trace.in_transaction else ()


def _keep(situation: Situation) -> tuple[EarlierLock, ...]:
    """The locks that last; a relation that the statement dropped keeps nobody waiting any longer than it does itself."""
    added = tuple(EarlierLock(lock, situation.trace) for lock in situation.locks)
    return tuple(
        one for one in (*situation.earlier, *added) if one.lock.relation not in situation.trace.dropped
    )


def _keeps_waiting(lock: HeldLock) -> bool:
    return lock.kind in _TABLES and lock.mode.blocks_writes
