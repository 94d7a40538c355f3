"""The source's answers by several sessions of one snapshot: a question is one processor's work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from queue import SimpleQueue
from typing import Generic, TypeVar

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.postgres.subset_source import SubsetSource
from dbtool.postgres.tid_session import FEW_ROWS
from dbtool.refresh.request import Cancellation
from dbtool.subset.graph import BoundRoot, Edge, PolymorphicCheck
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.row_source import Pairs, Question, answer
from dbtool.waiting import POLL_S, result_of

# Below it, telling two sessions takes longer than the answer; above what an index is asked for, two sessions would scan
# everything twice.
_WORTH_SHARING = range(2_000, FEW_ROWS + 1)
_HELD_ROWS = 5_000_000  # of answers that wait for one before them: 40 MB

_About = TypeVar("_About")


@dataclass(frozen=True, slots=True)
class _Task(Generic[_About]):
    """Something to ask one session; ``alone``: when nobody else asks."""

    about: _About
    ask: Callable[[SubsetSource], Iterator[Rows]]
    alone: bool = False


_Asked = deque[tuple[_About, "Future[list[Rows]]"]]


class SharedSource:
    """``sources`` are of one snapshot, each on a connection of its own. The first answers what is not shared."""

    def __init__(self, sources: Sequence[SubsetSource], cancellation: Cancellation) -> None:
        self._first, self._number, self._cancellation = sources[0], len(sources), cancellation
        self._free = SimpleQueue[SubsetSource]()
        for source in sources:
            self._free.put(source)

    def root_rows(self, root: BoundRoot) -> Iterator[Rows]:
        parts = self._first.root_parts(root) if self._number > 1 else ()
        if len(parts) < 2:  # noqa: PLR2004  one for each of several sessions
            return self._first.root_rows(root)
        tasks = (_Task(root, partial(SubsetSource.root_part, root=root, part=part)) for part in parts)
        return (found for _, found in self._answer_together(tasks))

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        return self._first.referencing_rows(edge, rows)

    def referenced_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        return self._first.referenced_rows(edge, rows)

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Rows]]:
        """As many at a time as there are sessions, each of which the server gives one processor; what is asked alone may have
        several of them.
        """
        questions = iter(questions)
        ahead = list(islice(questions, self._number))
        if len(ahead) < self._number:
            ahead = [share for question in ahead for share in share_question(question, self._number)]
        if len(ahead) > 1:
            yield from self._answer_together(self._tasks(chain(ahead, questions)))
        else:
            self._first.share_processors(with_others=False)
            yield from self._first.answers(chain(ahead, questions))

    def _tasks(self, questions: Iterator[Question]) -> Iterator[_Task[Question]]:
        """A scan that takes far longer than those beside it would leave their sessions idle: it is cut by pages."""
        for question in questions:
            alone = self._first.scans_in_pieces(question)
            parts = () if alone else self._first.scan_parts(question, self._number)
            for part in parts:
                yield _Task(question, partial(SubsetSource.scan_part, question=question, part=part))
            if not parts:
                yield _Task(question, partial(answer, question=question), alone)

    def _answer_together(self, tasks: Iterator[_Task[_About]]) -> Iterator[tuple[_About, Rows]]:
        asked: _Asked[_About] = deque()
        with ThreadPoolExecutor(self._number, thread_name_prefix="dbtool") as pool:
            try:
                while (task := self._ask_next(pool, asked, tasks)) or asked:
                    while asked and (task or asked[0][1].done()):
                        before, future = asked.popleft()
                        for found in result_of(future):
                            yield before, found
                    if task:
                        for found in self._alone(task):
                            yield task.about, found
                    elif asked:
                        wait([future for _, future in asked if not future.done()], POLL_S, FIRST_COMPLETED)
            except BaseException:
                # Whoever still asks is not waited for: a scan goes on for as long as it takes.
                self._cancellation.request()
                raise

    def _ask_next(
        self, pool: ThreadPoolExecutor, asked: _Asked[_About], tasks: Iterator[_Task[_About]]
    ) -> _Task[_About] | None:
        """Ask as many as there is room for; returns one that is to be asked alone, after all of these."""
        while self._has_room(asked) and (task := next(tasks, None)) is not None:
            if task.alone:
                return task
            asked.append((task.about, pool.submit(self._answer, task)))
        return None

    def _has_room(self, asked: _Asked[_About]) -> bool:
        """:raises DbtoolError: one of them has failed, whoever still works on those before it."""
        finished = [future for _, future in asked if future.done()]
        held = sum(len(ids) for future in finished for ids in _all_ids(future))
        return len(asked) - len(finished) < self._number and held < _HELD_ROWS

    def _answer(self, task: _Task[_About]) -> list[Rows]:
        with self._lend() as source:
            source.share_processors(with_others=True)
            return list(self._until_ended(task.ask(source)))

    def _until_ended(self, answers: Iterator[Rows]) -> Iterator[Rows]:
        """An end that is asked for between two queries finds nothing to cancel."""
        self._cancellation.check()
        for found in answers:
            yield found
            self._cancellation.check()

    @contextmanager
    def _lend(self) -> Iterator[SubsetSource]:
        """A session that nobody else asks meanwhile: it has one cursor."""
        source = self._free.get()
        try:
            yield source
        finally:
            self._free.put(source)

    def _alone(self, task: _Task[_About]) -> Iterator[Rows]:
        self._first.share_processors(with_others=False)
        return task.ask(self._first)

    def referenced_by_whole(self, edge: Edge, leaf: RelationName) -> Iterator[Rows]:
        return self._first.referenced_by_whole(edge, leaf)

    def pairs(self, edge: Edge, leaf: RelationName, rows: RowIds) -> Iterator[Pairs]:
        return self._first.pairs(edge, leaf, rows)

    def all_rows(self, leaf: RelationName) -> Iterator[RowIds]:
        return self._first.all_rows(leaf)

    def count(self, leaf: RelationName) -> int:
        """Also between questions, while those before are being answered."""
        with self._lend() as source:
            return source.count(leaf)

    def count_orphans(self, edge: Edge, leaf: RelationName, rows: RowIds | None = None) -> int:
        return self._first.count_orphans(edge, leaf, rows)

    def unmapped(
        self, check: PolymorphicCheck, leaf: RelationName, rows: RowIds | None = None
    ) -> Mapping[str, int]:
        return self._first.unmapped(check, leaf, rows)


def _all_ids(future: Future[list[Rows]]) -> Iterator[RowIds]:
    return (ids for found in future.result() for ids in found.values())


def share_question(question: Question, number: int) -> Iterator[Question]:
    """Pure. Only what an index answers is worth it: a scan would be made as often as there are shares."""
    edge = question.edge
    indexed = edge.referencing_indexed if question.direction == "referencing" else edge.referenced_indexed
    shares = share_rows(question.rows, number) if indexed else [question.rows]
    return (replace(question, rows=rows) for rows in shares)


def share_rows(rows: Rows, number: int) -> list[Rows]:
    """Pure. As many shares as there are, of neighbouring rows each; or all rows as the only one."""
    count = sum(map(len, rows.values()))
    if number == 1 or count not in _WORTH_SHARING:
        return [rows]
    cut = {leaf: np.array_split(ids, number) for leaf, ids in rows.items()}
    return [{leaf: parts[at] for leaf, parts in cut.items() if len(parts[at])} for at in range(number)]
