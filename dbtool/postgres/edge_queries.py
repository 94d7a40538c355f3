"""An edge and what is asked of it → SQL text. ``g`` are the given rows, ``k`` their keys, ``a`` the rows answered with.

Parameters are $1 … for the ctids given, one array for each leaf, then the type's value of a polymorphic reference.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.readings import Reading, collect, collect_values, column, order_by, where
from dbtool.postgres.sql import spell
from dbtool.rules.subset_model import OrderTerm
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import Edge

_AS_TEXT = '::pg_catalog.text COLLATE pg_catalog."C"'
_EQUAL = "OPERATOR(pg_catalog.=)"
_AND = sql.SQL(" AND ")
_COMMA = sql.SQL(", ")


def referencing_query(edge: Edge, leaves: Sequence[RelationName], reading: Reading) -> sql.Composed:
    """The rows that refer to given rows of the referenced ``leaves``."""
    keys = _referenced_keys(edge, leaves)
    conditions = [*_matches(edge, "k", "a"), *_type_condition(edge, "a", len(leaves)), *reading.bounds("a")]
    source = reading.source("a", _read_columns(edge))
    return collect(reading, sql.SQL("({}) AS k JOIN {} ON {}").format(keys, source, _AND.join(conditions)))


def first_referencing_query(
    edge: Edge, leaves: Sequence[RelationName], reading: Reading, ties: Sequence[str]
) -> sql.Composed:
    """The first ``edge.follow.most`` that refer to each, in the edge's order and then that of ``ties``.

    With an index each row is asked for its own; OFFSET 0 keeps the planner from walking another index in the order
    wanted, past everybody else's rows. Without one all are numbered in one pass.
    """
    order = [*edge.follow.order, *(OrderTerm(name) for name in ties)]
    columns = _COMMA.join(
        map(sql.Identifier, ("tableoid", "ctid", *dict.fromkeys(term.column for term in order)))
    )
    conditions = [*_matches(edge, "k", "b"), *_type_condition(edge, "b", len(leaves))]
    source = reading.source("b", [*_read_columns(edge), *(term.column for term in order)])
    most = sql.SQL(str(edge.follow.most))
    parts = {
        "keys": _referenced_keys(edge, leaves, with_rows=not edge.referencing_indexed),
        "columns": columns,
        "source": source,
        "matches": _AND.join(conditions),
        "most": most,
    }
    if edge.referencing_indexed:
        query = sql.SQL(
            "({keys}) AS k CROSS JOIN LATERAL (SELECT a.tableoid, a.ctid FROM (SELECT {columns} FROM {source} "
            "WHERE {matches} OFFSET 0) AS a ORDER BY {order} LIMIT {most}) AS a"
        ).format(order=order_by(order, "a"), **parts)
    else:
        query = sql.SQL(
            "(SELECT b.tableoid, b.ctid, pg_catalog.row_number() OVER (PARTITION BY k.t, k.c ORDER BY {order}) AS n "
            "FROM ({keys}) AS k JOIN {source} ON {matches}) AS a WHERE a.n OPERATOR(pg_catalog.<=) {most}"
        ).format(order=order_by(order, "b"), **parts)
    return collect(reading, query)


def referenced_query(
    edge: Edge, leaves: Sequence[RelationName], reading: Reading, *, whole: bool
) -> sql.Composed:
    """The rows that given rows of the referencing ``leaves`` refer to, or, if ``whole``, all rows of these."""
    keys = _referencing_keys(edge, leaves, whole=whole)
    conditions = [*_matches(edge, "a", "k"), *reading.bounds("a")]
    source = reading.source("a", edge.referenced_columns)
    return collect(reading, sql.SQL("({}) AS k JOIN {} ON {}").format(keys, source, _AND.join(conditions)))


def pairs_query(edge: Edge, leaf: RelationName, reading: Reading) -> sql.Composed:
    """Who of the given rows of the referencing leaf refers to whom: the two tids on end, pair after pair."""
    tids = sql.SQL(
        "pg_catalog.string_agg(pg_catalog.tidsend(g.ctid) OPERATOR(pg_catalog.||) pg_catalog.tidsend(a.ctid), "
        "''::pg_catalog.bytea)"
    )
    conditions = [_given(1), *_matches(edge, "a", "g"), *_type_condition(edge, "g", 1)]
    source = reading.source("a", edge.referenced_columns)
    joined = sql.SQL("ONLY {} AS g JOIN {} ON {}").format(spell(leaf), source, _AND.join(conditions))
    return collect_values(reading, tids, joined, "a")


def orphans_query(edge: Edge, leaf: RelationName, referenced: Reading, *, whole: bool) -> sql.Composed:
    """How many of the given rows of the referencing leaf make a reference that nothing answers to."""
    conditions = [
        *([] if whole else [_given(1)]),
        *_are_not_null("g", edge.columns),
        *_type_condition(edge, "g", 0 if whole else 1),
        sql.SQL("NOT EXISTS (SELECT FROM {}{})").format(
            referenced.source("a", edge.referenced_columns), where(_matches(edge, "a", "g"))
        ),
    ]
    return sql.SQL("SELECT pg_catalog.count(*) FROM ONLY {} AS g{}").format(spell(leaf), where(conditions))


def unmapped_query(
    leaf: RelationName, columns: Sequence[str], type_column: str, *, whole: bool
) -> sql.Composed:
    """(type, rows) of references whose type is none of the last parameter's."""
    text = sql.SQL("{}::pg_catalog.text").format(column("g", type_column))
    conditions = [
        *([] if whole else [_given(1)]),
        *_are_not_null("g", [*columns, type_column]),
        sql.SQL("{} OPERATOR(pg_catalog.<>) ALL (${}::pg_catalog.text[])").format(
            text, sql.SQL("1" if whole else "2")
        ),
    ]
    counted = sql.SQL("SELECT {}, pg_catalog.count(*) FROM ONLY {} AS g{} GROUP BY 1")
    return counted.format(text, spell(leaf), where(conditions))


def _referenced_keys(
    edge: Edge, leaves: Sequence[RelationName], *, with_rows: bool = False
) -> sql.Composable:
    """Without a declared key referenced values may be there many times: once is enough, unless each row counts."""
    values: list[sql.Composable] = [
        sql.SQL("{}{} AS {}").format(column("g", name), _made(operator, "referenced"), _key(number))
        for number, (name, operator) in enumerate(zip(edge.referenced_columns, edge.operators, strict=True))
    ]
    if with_rows:
        values += [sql.SQL("g.tableoid AS t"), sql.SQL("g.ctid AS c")]
    selects = [
        sql.SQL("SELECT {} FROM ONLY {} AS g WHERE {}").format(
            _COMMA.join(values), spell(leaf), _given(number)
        )
        for number, leaf in enumerate(leaves, 1)
    ]
    return _all_of(selects) if edge.constraint is not None or with_rows else _distinct(selects)


def _referencing_keys(edge: Edge, leaves: Sequence[RelationName], *, whole: bool) -> sql.Composable:
    """Distinct: a million orders know a thousand products. A reference with a NULL in it refers to nothing."""
    values = [
        sql.SQL("{}{} AS {}").format(column("g", name), _made(operator, "referencing"), _key(number))
        for number, (name, operator) in enumerate(zip(edge.columns, edge.operators, strict=True))
    ]
    selects = [
        sql.SQL("SELECT {} FROM ONLY {} AS g{}").format(
            _COMMA.join(values),
            spell(leaf),
            where(
                [
                    *([] if whole else [_given(number)]),
                    *_are_not_null("g", edge.columns),
                    *_type_condition(edge, "g", 0 if whole else len(leaves)),
                ]
            ),
        )
        for number, leaf in enumerate(leaves, 1)
    ]
    return _distinct(selects)


def _all_of(selects: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" UNION ALL ").join(selects)


def _distinct(selects: Sequence[sql.Composable]) -> sql.Composable:
    """Materialised, or each parallel worker of the join would make them all for itself: it took twice as long."""
    distinct = sql.SQL("WITH u AS MATERIALIZED (SELECT DISTINCT * FROM ({}) AS u) SELECT * FROM u")
    return distinct.format(_all_of(selects))


def _matches(edge: Edge, referenced: str, referencing: str) -> list[sql.Composable]:
    """The conditions of the reference. Where one side is ``k`` its columns are made as the operator takes them already."""
    return [
        sql.SQL("{} {} {}").format(
            _side(edge, referenced, number, "referenced"),
            sql.SQL(_spelt(edge, number)),
            _side(edge, referencing, number, "referencing"),
        )
        for number in range(len(edge.columns))
    ]


def _side(edge: Edge, alias: str, number: int, end: str) -> sql.Composable:
    if alias == "k":
        return sql.Composed([sql.SQL("k."), _key(number)])
    name = (edge.referenced_columns if end == "referenced" else edge.columns)[number]
    return sql.Composed([column(alias, name), _made(edge.operators[number], end)])


def _spelt(edge: Edge, number: int) -> str:
    operator = edge.operators[number]
    return _EQUAL if operator.as_text else operator.sql


def _made(operator: EqualityOperator, end: str) -> sql.SQL:
    if operator.as_text:
        return sql.SQL(_AS_TEXT)
    return sql.SQL(operator.referenced_as if end == "referenced" else operator.referencing_as)


def _key(number: int) -> sql.Identifier:
    return sql.Identifier(f"k{number}")


def _given(number: int) -> sql.Composable:
    return sql.SQL("g.ctid OPERATOR(pg_catalog.=) ANY (${}::pg_catalog.tid[])").format(sql.SQL(str(number)))


def _are_not_null(alias: str, columns: Sequence[str]) -> list[sql.Composable]:
    return [sql.SQL("{} IS NOT NULL").format(column(alias, name)) for name in columns]


def _type_condition(edge: Edge, alias: str, arrays: int) -> list[sql.Composable]:
    if edge.type_column is None:
        return []
    condition = sql.SQL("{}::pg_catalog.text OPERATOR(pg_catalog.=) ${}::pg_catalog.text")
    return [condition.format(column(alias, edge.type_column), sql.SQL(str(arrays + 1)))]


def _read_columns(edge: Edge) -> list[str]:
    return [*edge.columns, *([edge.type_column] if edge.type_column is not None else [])]
