"""What a query of the walk reads, and what it answers: rows of (the oid of a leaf, its rows' tids on end)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.sql import spell
from dbtool.rules.subset_model import OrderTerm

_AND = sql.SQL(" AND ")
_COMMA = sql.SQL(", ")


@dataclass(frozen=True, slots=True)
class PageRange:
    """Pages ``first`` up to, not including, ``end``; None leaves that side open."""

    first: int | None = None
    end: int | None = None


EVERY_PAGE = PageRange()


def page_ranges(firsts: Iterable[int]) -> list[PageRange]:
    """All pages, cut before each of ``firsts``. The last range is open: the heap may have grown since it was measured."""
    return [PageRange(first, end) for first, end in pairwise([None, *firsts, None])]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a query reads: one table, or a partitioned table as a whole, or, where some of its partitions must not be
    read (they are foreign, or unlogged on a standby), the ``leaves`` one by one.
    """

    relation: RelationName
    leaf: RelationName | None = None
    leaves: tuple[RelationName, ...] = ()
    pages: PageRange = EVERY_PAGE

    def source(self, alias: str, columns: Sequence[str] = ()) -> sql.Composable:
        """FROM's item; ``columns`` are those that are asked of it."""
        name = sql.Identifier(alias)
        if self.leaf is not None:
            return sql.SQL("ONLY {} AS {}").format(spell(self.leaf), name)
        if not self.leaves:
            return sql.SQL("{} AS {}").format(spell(self.relation), name)
        wanted = _COMMA.join(map(sql.Identifier, ("tableoid", "ctid", *dict.fromkeys(columns))))
        parts = [sql.SQL("SELECT {} FROM ONLY {}").format(wanted, spell(leaf)) for leaf in self.leaves]
        return sql.SQL("({}) AS {}").format(sql.SQL(" UNION ALL ").join(parts), name)

    def bounds(self, alias: str) -> list[sql.Composable]:
        ends = ((">=", self.pages.first), ("<", self.pages.end))
        return [
            sql.SQL("{}.ctid OPERATOR(pg_catalog.{}) {}::pg_catalog.tid").format(
                sql.Identifier(alias), sql.SQL(operator), sql.Literal(f"({page},0)")
            )
            for operator, page in ends
            if page is not None
        ]


def column(alias: str, name: str) -> sql.Identifier:
    return sql.Identifier(alias, name)


def where(conditions: Sequence[sql.Composable]) -> sql.Composable:
    return sql.SQL(" WHERE {}").format(_AND.join(conditions)) if conditions else sql.SQL("")


def collect(reading: Reading, from_where: sql.Composable, alias: str = "a") -> sql.Composed:
    """The tids of a query's rows on end, by leaf. Without GROUP BY where there is one leaf: rows need no sorting."""
    tids = sql.SQL("pg_catalog.string_agg(pg_catalog.tidsend({}), ''::pg_catalog.bytea)").format(
        column(alias, "ctid")
    )
    return collect_values(reading, tids, from_where, alias)


def collect_values(
    reading: Reading, tids: sql.Composable, from_where: sql.Composable, alias: str
) -> sql.Composed:
    if reading.leaf is not None:
        return sql.SQL("SELECT 0::pg_catalog.oid, {} FROM {}").format(tids, from_where)
    oid = column(alias, "tableoid")
    return sql.SQL("SELECT {}, {} FROM {} GROUP BY {}").format(oid, tids, from_where, oid)


def order_by(terms: Sequence[OrderTerm], alias: str) -> sql.Composable:
    """Rows that are equal in all of it come as they lie: within a snapshot that is an order, too."""
    spelt = [_term(term, alias) for term in terms]
    return _COMMA.join([*spelt, column(alias, "tableoid"), column(alias, "ctid")])


def _term(term: OrderTerm, alias: str) -> sql.Composable:
    nulls = {None: "", True: " NULLS FIRST", False: " NULLS LAST"}[term.nulls_first]
    return sql.SQL("{}{}{}").format(
        column(alias, term.column), sql.SQL(" DESC" if term.descending else ""), sql.SQL(nulls)
    )
