"""What answers the walk: any source of rows that knows which refer to which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from dbtool.catalog.relations import RelationName
from dbtool.subset.graph import BoundRoot, Edge
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.selection import Direction


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows are at the other end of ``edge``: those that refer to ``rows``, or those that ``rows`` refer to?"""

    edge: Edge
    direction: Direction
    rows: Rows


@dataclass(frozen=True, slots=True)
class Pairs:
    """Row for row: ``referencing[i]`` of ``referencing_leaf`` refers to ``referenced[i]`` of ``referenced_leaf``."""

    referencing_leaf: RelationName
    referenced_leaf: RelationName
    referencing: RowIds
    referenced: RowIds


class RowSource(Protocol):
    """Answers from one snapshot. ``rows`` are never more than one batch; what comes back may be in several pieces, in any order, and
    name a row twice.
    """

    def root_rows(self, root: BoundRoot) -> Iterator[Rows]: ...

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Rows]]:
        """In the order of the questions; several may be asked at once. They are taken as they can be asked, by this thread."""
        ...

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        """The rows that refer to ``rows`` along the edge: all, or the first ``edge.follow.most`` of each."""
        ...

    def referenced_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]: ...

    def referenced_by_whole(self, edge: Edge, leaf: RelationName) -> Iterator[Rows]: ...

    def pairs(self, edge: Edge, leaf: RelationName, rows: RowIds) -> Iterator[Pairs]:
        """Who of ``rows`` of the referencing ``leaf`` refers to whom."""
        ...

    def all_rows(self, leaf: RelationName) -> Iterator[RowIds]: ...

    def count(self, leaf: RelationName) -> int: ...


def answer_in_turn(source: RowSource, questions: Iterable[Question]) -> Iterator[tuple[Question, Rows]]:
    for question in questions:
        for found in answer(source, question):
            yield question, found


def answer(source: RowSource, question: Question) -> Iterator[Rows]:
    """In pieces."""
    if question.direction == "referencing":
        return source.referencing_rows(question.edge, question.rows)
    return source.referenced_rows(question.edge, question.rows)
