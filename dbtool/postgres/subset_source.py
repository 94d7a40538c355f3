"""The source's answers to the walk, from one snapshot: which rows refer to which. Rows come and go as ctids.

Nothing is written: SELECT on the tables is all it takes, and a hot standby will do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.errors import ServerFailed
from dbtool.postgres import edge_queries
from dbtool.postgres.readings import Reading, collect, where
from dbtool.postgres.scans import SCAN_PAGES, Scans
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import spell
from dbtool.postgres.subset_roots import read_root, read_root_part, root_parts
from dbtool.postgres.tid_arrays import TidArray, decode_pairs, decode_pieces, decode_tids
from dbtool.postgres.tid_session import Scan, open_tid_session
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import BoundRoot, Edge, PolymorphicCheck
from dbtool.subset.keys import find_key
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.row_source import Pairs, Question, answer_in_turn

ANSWER_ROWS = 20_000_000  # that capped references may bring at once

# "invalid memory alloc request size" is an internal error.
_TOO_LARGE = frozenset(["54000", "53200", "XX000"])


class SubsetSource:
    """``connection`` is within a read-only transaction that has adopted the run's snapshot, in which ``catalog`` and
    ``facts`` were read. ``scan_pages`` is how much of a relation one answer is about where it could be all of it.
    """

    def __init__(
        self,
        connection: Connection,
        catalog: Catalog,
        facts: SourceFacts,
        key: ProjectKey,
        scan_pages: int = SCAN_PAGES,
    ) -> None:
        self._session = open_tid_session(connection)
        self._catalog, self._facts, self._key = catalog, facts, key
        self._scans = Scans(catalog, facts, scan_pages)
        self._leaf_of = {oid: leaf for leaf, oid in facts.oids.items()}
        self._not_whole = {
            root
            for relation in catalog.relations.values()
            if (root := relation.partition_root) is not None
            and relation.kind is not RelationKind.PARTITIONED_TABLE
            and not relation.holds_rows
        }

    def root_rows(self, root: BoundRoot) -> Iterator[Rows]:
        return read_root(self._session, self._catalog, self._facts, self._key, root)

    def root_parts(self, root: BoundRoot) -> Sequence[Reading]:
        """What can be asked one by one, by any of several sessions; () where the rows are chosen among all."""
        return root_parts(self._catalog, root)

    def root_part(self, root: BoundRoot, part: Reading) -> Iterator[Rows]:
        return read_root_part(self._session, self._catalog, self._key, root, part)

    def share_processors(self, *, with_others: bool) -> None:
        """Whether other sessions are asked at the same time, so that the server need not lend one question several processors."""
        self._session.with_others = with_others

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Rows]]:
        return answer_in_turn(self, questions)

    def scans_in_pieces(self, question: Question) -> bool:
        """The answer comes page range by page range, since it could be too much at once."""
        return question.direction == "referencing" and self._scans.is_in_pieces(question.edge)

    def scan_parts(self, question: Question, number: int) -> Sequence[Reading]:
        """The parts of a scan that ``number`` sessions may well make for the answer; () of any other question."""
        if question.direction == "referenced":
            return ()
        return self._scans.parts(question.edge, question.rows, number)

    def scan_part(self, question: Question, part: Reading) -> Iterator[Rows]:
        edge = question.edge
        leaves, parameters = _given(question.rows)
        query = self._spell(edge_queries.referencing_query, edge, leaves, part)
        doing = f"following {edge.where}"
        yield from self._ask(part, query, parameters, edge, doing, scan=self._scan_of(question.rows))

    def _scan_of(self, rows: Rows) -> Scan:
        return Scan.SPARSE if self._scans.are_sparse(rows) else Scan.DENSE

    def referencing_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        doing = f"following {edge.where}"
        if edge.follow.most is not None:
            yield from self._first_referencing(edge, rows, doing)
            return
        leaves, parameters = _given(rows)
        of = edge.referencing
        scan = self._scan_of(rows) if self._scans.is_scanned(edge, rows) else None
        for reading in self._readings(of, split=not edge.referencing_indexed):
            query = self._spell(edge_queries.referencing_query, edge, leaves, reading)
            if self._scans.may_be_too_large(edge):
                yield from self._ask_cautiously(edge, leaves, query, parameters, doing, scan=scan)
            else:
                yield from self._ask(reading, query, parameters, edge, doing, scan=scan)

    def _ask_cautiously(
        self,
        edge: Edge,
        leaves: tuple[RelationName, ...],
        query: bytes,
        parameters: Sequence[object],
        doing: str,
        *,
        scan: Scan | None,
    ) -> Iterator[Rows]:
        """A hundred thousand rows have a hundred million others behind them now and then: these are asked for by pages."""
        (reading,) = self._readings(edge.referencing, split=False)
        try:
            with self._session.apart():
                found = list(self._ask(reading, query, parameters, edge, doing, scan=scan))
        except ServerFailed as error:
            if error.sqlstate not in _TOO_LARGE:
                raise
        else:
            yield from found
            return
        for part in self._readings(edge.referencing, split=True):
            text = self._spell(edge_queries.referencing_query, edge, leaves, part)
            yield from self._ask(part, text, parameters, edge, doing, scan=scan)

    def _first_referencing(self, edge: Edge, rows: Rows, doing: str) -> Iterator[Rows]:
        """Each row's first ones are found among all that refer to it: only the rows given can be parted."""
        ties = find_key(self._catalog, edge.referencing)
        size = max(1, ANSWER_ROWS // max(1, edge.follow.most or 1))
        for reading in self._readings(edge.referencing, split=False):
            for batch in _parts(rows, size):
                leaves, parameters = _given(batch)
                query = self._spell(edge_queries.first_referencing_query, edge, leaves, reading, ties)
                yield from self._ask(reading, query, parameters, edge, doing)

    def referenced_rows(self, edge: Edge, rows: Rows) -> Iterator[Rows]:
        leaves, parameters = _given(rows)
        return self._referenced(edge, leaves, parameters, whole=False)

    def referenced_by_whole(self, edge: Edge, leaf: RelationName) -> Iterator[Rows]:
        return self._referenced(edge, (leaf,), (), whole=True)

    def _referenced(
        self, edge: Edge, leaves: tuple[RelationName, ...], parameters: Sequence[object], *, whole: bool
    ) -> Iterator[Rows]:
        doing = f"looking up what {edge.where} refers to"
        for reading in self._readings(edge.referenced, split=whole):
            query = self._spell(edge_queries.referenced_query, edge, leaves, reading, whole=whole)
            yield from self._ask(reading, query, parameters, edge, doing)

    def pairs(self, edge: Edge, leaf: RelationName, rows: RowIds) -> Iterator[Pairs]:
        doing = f"looking up what {edge.where} refers to"
        for reading in self._readings(edge.referenced, split=False):
            query = self._spell(edge_queries.pairs_query, edge, leaf, reading)
            parameters = [TidArray(rows), *_type_value(edge)]
            for oid, tids in self._session.ask(query, parameters, doing):
                referenced = reading.leaf or self._leaf_of.get(oid)
                if tids is not None and referenced is not None:
                    yield Pairs(leaf, referenced, *decode_pairs(tids))

    def all_rows(self, leaf: RelationName) -> Iterator[RowIds]:
        for reading in self._readings(leaf, split=True):
            from_where = sql.SQL("{}{}").format(reading.source("a"), where(reading.bounds("a")))
            query = collect(reading, from_where)
            for _, tids in self._session.ask(query, (), f"reading {leaf}"):
                yield decode_tids(tids)

    def count(self, leaf: RelationName) -> int:
        query = sql.SQL("SELECT pg_catalog.count(*) FROM ONLY {}").format(spell(leaf))
        return int(self._session.ask(query, (), f"counting {leaf}")[0][0])

    def count_orphans(self, edge: Edge, leaf: RelationName, rows: RowIds | None = None) -> int:
        """How many of the rows of a referencing leaf, None for all, make a reference that no row answers to.

        A temporal reference counts as answered where any row overlaps its range.
        """
        readings = self._readings(edge.referenced, split=False)
        reading = readings[0] if readings else Reading(edge.referenced)
        query = self._spell(edge_queries.orphans_query, edge, leaf, reading, whole=rows is None)
        parameters = [*([] if rows is None else [TidArray(rows)]), *_type_value(edge)]
        return int(self._session.ask(query, parameters, f"checking {edge.where}")[0][0])

    def unmapped(
        self, check: PolymorphicCheck, leaf: RelationName, rows: RowIds | None = None
    ) -> Mapping[str, int]:
        """How many of the rows of the leaf, None for all, have each type that the rules do not know."""
        query = edge_queries.unmapped_query(leaf, check.columns, check.type_column, whole=rows is None)
        parameters = [*([] if rows is None else [TidArray(rows)]), list(check.known)]
        return dict(self._session.ask(query, parameters, f"checking {check.where}"))

    def _ask(
        self,
        reading: Reading,
        query: bytes,
        parameters: Sequence[object],
        edge: Edge,
        doing: str,
        *,
        scan: Scan | None = None,
    ) -> Iterator[Rows]:
        answer = self._session.ask(query, [*parameters, *_type_value(edge)], doing, scan=scan)
        for oid, tids in answer:
            leaf = reading.leaf or self._leaf_of.get(oid)
            if leaf is not None:
                yield from ({leaf: ids} for ids in decode_pieces(tids))

    def _spell(self, make: Callable[..., sql.Composable], *values: object, **options: object) -> bytes:
        key = (make, values, tuple(options.items()))
        return self._session.spell(key, lambda: make(*values, **options))

    def _readings(self, relation: RelationName, *, split: bool) -> list[Reading]:
        """How a relation is read: at once, or page range by page range if it is large and to be ``split``."""
        leaves = self._facts.leaves.get(relation, ())
        if split and self._scans.pages(relation) > self._scans.scan_pages:
            return [Reading(leaf, leaf, pages=pages) for leaf in leaves for pages in self._scans.ranges(leaf)]
        if len(leaves) == 1:
            return [Reading(relation, leaves[0])]
        return [Reading(relation, leaves=leaves if self._has_strangers(relation) else ())] if leaves else []

    def _has_strangers(self, relation: RelationName) -> bool:
        """Some partitions of its tree cannot be read, or must not be."""
        return (self._catalog.relations[relation].partition_root or relation) in self._not_whole


def _given(rows: Rows) -> tuple[tuple[RelationName, ...], tuple[TidArray, ...]]:
    leaves = tuple(leaf for leaf, ids in sorted(rows.items()) if len(ids))
    return leaves, tuple(TidArray(rows[leaf]) for leaf in leaves)


def _type_value(edge: Edge) -> tuple[str, ...]:
    return () if edge.type_column is None else (edge.type_value or "",)


def _parts(rows: Rows, size: int) -> Iterator[Rows]:
    if sum(map(len, rows.values())) <= size:
        yield rows
        return
    for leaf, ids in rows.items():
        for part in np.array_split(ids, -(-len(ids) // size)):
            yield {leaf: part}
