"""The rows that a root selects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, Relation, RelationName
from dbtool.digest import Digest, ProjectKey
from dbtool.errors import DbtoolError, ServerFailed, UsageError
from dbtool.postgres.readings import Reading, collect, column, order_by, page_ranges, where
from dbtool.postgres.root_keys import parse_keys, tell_keys
from dbtool.postgres.sql import spell
from dbtool.postgres.subset_operators import ColumnPair, choose_operators, value_types
from dbtool.postgres.tid_arrays import decode_tids
from dbtool.postgres.tid_session import TidSession
from dbtool.rules.subset_model import OrderTerm, Root
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import BoundRoot
from dbtool.subset.row_set import RowIds, Rows
from dbtool.subset.seeds import Fewest, Places, are_within, seed_digest

SAMPLED_PAGES = 2_048  # 16 MB of heap: keys of half a million rows at most, some 100 MB of memory

_ALL = 100
_DATA_EXCEPTION = "22"
_COMMA = sql.SQL(", ")


def read_root(
    session: TidSession, catalog: Catalog, facts: SourceFacts, key: ProjectKey, root: BoundRoot
) -> Iterator[Rows]:
    """Each row once."""
    rule = root.rule
    if rule.ids:
        return _rows_by_id(session, root)
    if rule.limit is not None and rule.order:
        return _first_rows(session, facts, root)
    if rule.limit is not None or (rule.percent is not None and rule.percent < _ALL):
        return _sampled_rows(session, catalog, key, root)
    return _rows_where(session, catalog, root)


def root_parts(catalog: Catalog, root: BoundRoot) -> tuple[Reading, ...]:
    """The page ranges whose rows are chosen without a look at the others; () where there is no such choice."""
    rule = root.rule
    return () if rule.ids or rule.limit is not None else tuple(_page_ranges(catalog, root.leaves))


def read_root_part(
    session: TidSession, catalog: Catalog, key: ProjectKey, root: BoundRoot, part: Reading
) -> Iterator[Rows]:
    """Those of ``read_root`` on the pages of one of ``root_parts``."""
    if root.rule.percent is None or root.rule.percent >= _ALL:
        for _, tids in session.ask(_rows_query(root, part), (), _doing(root)):
            yield {part.relation: decode_tids(tids)}
        return
    relation, digest = catalog.relations[part.relation], seed_digest(key, root.rule.table)
    ((block,),) = session.ask(_keys_query(relation, root, part), (), _doing(root))
    ids, places = parse_keys(relation, root.key, block, digest)
    yield {part.relation: ids[are_within(places, root.rule.percent)]}


def _doing(root: BoundRoot) -> str:
    return f"choosing {root.description}"


def _alias(root: BoundRoot) -> str:
    """The table's bare name, as a condition may spell it; so do a partition's rows answer to its root's."""
    return root.rule.table.name


def condition_of(rule: Root) -> list[sql.Composable]:
    """The condition was parsed alone, so that it is one within brackets, too; on lines of its own for its comments."""
    return [sql.SQL("(\n{}\n)").format(sql.SQL(rule.where.text))] if rule.where is not None else []


def _rows_where(session: TidSession, catalog: Catalog, root: BoundRoot) -> Iterator[Rows]:
    for reading in _page_ranges(catalog, root.leaves):
        for _, tids in session.ask(_rows_query(root, reading), (), _doing(root)):
            yield {reading.relation: decode_tids(tids)}


def _rows_query(root: BoundRoot, reading: Reading) -> sql.Composed:
    return collect(reading, _selected(root, reading), _alias(root))


def _selected(root: BoundRoot, reading: Reading) -> sql.Composed:
    alias = _alias(root)
    conditions = [*reading.bounds(alias), *condition_of(root.rule)]
    return sql.SQL("{}{}").format(reading.source(alias), where(conditions))


def _page_ranges(catalog: Catalog, leaves: Sequence[RelationName]) -> Iterator[Reading]:
    for leaf in leaves:
        firsts = range(SAMPLED_PAGES, catalog.relations[leaf].pages, SAMPLED_PAGES)
        for pages in page_ranges(firsts):
            yield Reading(leaf, leaf, pages=pages)


def _first_rows(session: TidSession, facts: SourceFacts, root: BoundRoot) -> Iterator[Rows]:
    """All partitions together; ties by the key."""
    order = [*root.rule.order, *(OrderTerm(name) for name in root.key)]
    parts = [_with_columns(root, leaf, [term.column for term in order]) for leaf in root.leaves]
    if not parts:
        return
    first = sql.SQL("(SELECT u.tableoid, u.ctid FROM ({}) AS u ORDER BY {} LIMIT {}) AS a").format(
        sql.SQL(" UNION ALL ").join(parts), order_by(order, "u"), sql.Literal(root.rule.limit)
    )
    answer = session.ask(collect(Reading(root.rule.table), first), (), _doing(root))
    yield _by_leaf(facts, root, answer)


def _with_columns(root: BoundRoot, leaf: RelationName, columns: Sequence[str]) -> sql.Composed:
    alias = _alias(root)
    names = ("tableoid", "ctid", *dict.fromkeys(columns))
    return sql.SQL("SELECT {} FROM ONLY {} AS {}{}").format(
        _COMMA.join(column(alias, name) for name in names),
        spell(leaf),
        sql.Identifier(alias),
        where(condition_of(root.rule)),
    )


def _by_leaf(facts: SourceFacts, root: BoundRoot, answer: Sequence[tuple[Any, ...]]) -> Rows:
    leaf_of = {facts.oids[leaf]: leaf for leaf in root.leaves}
    return {leaf_of[oid]: np.unique(decode_tids(tids)) for oid, tids in answer}


def _sampled_rows(session: TidSession, catalog: Catalog, key: ProjectKey, root: BoundRoot) -> Iterator[Rows]:
    """Those whose key has a small keyed hash; the hash is made here, since the key never goes to a server."""
    rule = root.rule
    percent = _ALL if rule.percent is None else rule.percent
    digest = seed_digest(key, rule.table)
    fewest = Fewest(rule.limit) if rule.limit is not None else None
    for leaf, ids, places in _read_places(session, catalog, root, digest):
        within = are_within(places, percent)
        if fewest is None:
            yield {leaf: ids[within]}
        else:
            fewest.add(leaf, places[within], ids[within])
    if fewest is not None:
        yield fewest.rows()


def _read_places(
    session: TidSession, catalog: Catalog, root: BoundRoot, digest: Digest
) -> Iterator[tuple[RelationName, RowIds, Places]]:
    relations = {leaf: catalog.relations[leaf] for leaf in root.leaves}
    queries = (
        (_keys_query(relations[reading.relation], root, reading), reading)
        for reading in _page_ranges(catalog, root.leaves)
    )
    for ((block,),), reading in session.ask_ahead(queries, _doing(root)):
        yield reading.relation, *parse_keys(relations[reading.relation], root.key, block, digest)


def _keys_query(relation: Relation, root: BoundRoot, reading: Reading) -> sql.Composed:
    told = tell_keys(relation, root.key, _alias(root))
    return sql.SQL("SELECT {} FROM {}").format(told, _selected(root, reading))


def _rows_by_id(session: TidSession, root: BoundRoot) -> Iterator[Rows]:
    """The ids' texts are cast by the server, so that 07 finds 7 in a column of numbers."""
    columns = [ColumnRef(root.rule.table, name) for name in root.key]
    types = value_types(session.connection, columns)
    operators = choose_operators(session.connection, [ColumnPair(one, one) for one in columns])
    numbers = range(len(columns))
    values = _COMMA.join(
        sql.SQL("u.v{0}::{1} AS k{0}").format(sql.SQL(str(n)), sql.SQL(types[n])) for n in numbers
    )
    arrays = _COMMA.join(
        sql.SQL("pg_catalog.unnest(${}::pg_catalog.text[])").format(sql.SQL(str(n + 1))) for n in numbers
    )
    names = _COMMA.join(sql.SQL(f"v{n}") for n in numbers)
    keys = sql.SQL("SELECT {} FROM ROWS FROM ({}) AS u ({}) OFFSET 0").format(values, arrays, names)
    matches = sql.SQL(" AND ").join(
        sql.SQL("{}{} {} k.k{}").format(
            column("a", root.key[n]),
            sql.SQL(operators[n].referenced_as),
            sql.SQL(operators[n].sql),
            sql.SQL(str(n)),
        )
        for n in numbers
    )
    for leaf in root.leaves:
        joined = sql.SQL("({}) AS k JOIN ONLY {} AS a ON {}").format(keys, spell(leaf), matches)
        query = collect(Reading(leaf, leaf), joined)
        try:
            with session.apart():
                answer = session.ask(query, _turned(root.rule.ids), _doing(root))
        except ServerFailed as error:
            raise _misfit(session, root, types, error) from None
        for _, tids in answer:
            yield {leaf: np.unique(decode_tids(tids))}


def _turned(ids: Sequence[tuple[str, ...]]) -> list[list[str]]:
    return [list(texts) for texts in zip(*ids, strict=True)]


def _misfit(session: TidSession, root: BoundRoot, types: Sequence[str], error: ServerFailed) -> DbtoolError:
    """Which id is not of its column's type; the failure itself where it is of another kind. No message quotes an id."""
    if not (error.sqlstate or "").startswith(_DATA_EXCEPTION):
        return error
    for number, texts in enumerate(root.rule.ids, 1):
        for name, type_name, text in zip(root.key, types, texts, strict=True):
            if not _fits(session, type_name, text):
                where_it_is = ColumnRef(root.rule.table, name)
                return UsageError(
                    f"{root.rule.at}: id number {number} of this root does not fit the type of {where_it_is}; nothing "
                    "was copied. Correct it in the rules."
                )
    return error


def _fits(session: TidSession, type_name: str, text: str) -> bool:
    query = sql.SQL("SELECT $1::pg_catalog.text::{} IS NULL").format(sql.SQL(type_name))
    try:
        with session.apart():
            session.ask(query, [text], "checking an id")
    except ServerFailed:
        return False
    return True
