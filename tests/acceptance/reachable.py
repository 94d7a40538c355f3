"""What a subset should hold, by Python of the tests' own that reads whole tables: nothing of dbtool is trusted with the answer."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from tests.acceptance.inspection import Table, find_columns, reading

Row = tuple[Table, int]  # the leaf, and its row's place in what was read
Values = tuple[Any, ...]

_KEYS = """
SELECT f.nspname, f.relname, array_agg(fa.attname::text ORDER BY u.place), t.nspname, t.relname, array_agg(ta.attname::text ORDER BY u.place)
FROM (SELECT k.oid, k.conrelid, k.confrelid, n.place, n.num, k.confkey[n.place] AS refnum
      FROM pg_constraint k, unnest(k.conkey) WITH ORDINALITY AS n(num, place) WHERE k.contype = 'f' AND k.conparentid = 0) u
JOIN (SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) f ON f.oid = u.conrelid
JOIN (SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) t ON t.oid = u.confrelid
JOIN pg_attribute fa ON (fa.attrelid, fa.attnum) = (u.conrelid, u.num)
JOIN pg_attribute ta ON (ta.attrelid, ta.attnum) = (u.confrelid, u.refnum)
GROUP BY u.oid, f.nspname, f.relname, t.nspname, t.relname
"""
_LEAVES = """
SELECT n.nspname, c.relname FROM pg_partition_tree(%s::text::regclass) p
JOIN pg_class c ON c.oid = p.relid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE p.isleaf
"""


@dataclass(frozen=True)
class Reference:
    referencing: tuple[Table, ...]
    columns: tuple[str, ...]
    referenced: tuple[Table, ...]
    referenced_columns: tuple[str, ...]


@dataclass
class Content:
    """Every row of a database, by column, and every reference among them."""

    columns: dict[Table, list[str]]
    rows: dict[Table, list[Values]]
    references: list[Reference]
    _down: dict[Row, list[Row]] = field(default_factory=lambda: defaultdict(list))
    _up: dict[Row, list[Row]] = field(default_factory=lambda: defaultdict(list))

    def values(self, row: Row, columns: Sequence[str]) -> Values:
        leaf, place = row
        return tuple(self.rows[leaf][place][self.columns[leaf].index(column)] for column in columns)

    def select(self, leaves: Iterable[Table], column: str, wanted: set[Any]) -> set[Row]:
        return {
            (leaf, place)
            for leaf in leaves
            for place in range(len(self.rows[leaf]))
            if self.values((leaf, place), (column,))[0] in wanted
        }

    def links(self, reference: Reference) -> list[tuple[Row, Row]]:
        """Every (referencing, referenced) pair of rows; a reference with a NULL in it is none."""
        keys: dict[Values, list[Row]] = defaultdict(list)
        for row in self._rows_of(reference.referenced):
            keys[self.values(row, reference.referenced_columns)].append(row)
        return [
            (row, target)
            for row in self._rows_of(reference.referencing)
            if None not in (value := self.values(row, reference.columns))
            for target in keys.get(value, ())
        ]

    def _rows_of(self, leaves: Iterable[Table]) -> Iterable[Row]:
        return ((leaf, place) for leaf in leaves for place in range(len(self.rows[leaf])))

    def reach(self, roots: set[Row]) -> set[Row]:
        """The roots, what refers to them and so on, and whatever all of that refers to and so on."""
        if not self._up:
            for reference in self.references:
                for row, target in self.links(reference):
                    self._down[target].append(row)
                    self._up[row].append(target)
        return _spread(_spread(roots, self._down), self._up)

    def counted(self, chosen: set[Row], kept: Mapping[Table, Sequence[str]]) -> dict[Table, Counter[Values]]:
        """The kept values of the rows chosen, by table, as often as they are there."""
        found: dict[Table, Counter[Values]] = {leaf: Counter() for leaf in kept}
        for row in chosen:
            if row[0] in kept:
                found[row[0]][self.values(row, kept[row[0]])] += 1
        return found

    def every_row(self) -> set[Row]:
        return set(self._rows_of(self.rows))


def _spread(start: set[Row], links: Mapping[Row, list[Row]]) -> set[Row]:
    reached, waiting = set(start), list(start)
    while waiting:
        for row in links.get(waiting.pop(), ()):
            if row not in reached:
                reached.add(row)
                waiting.append(row)
    return reached


def read_content(url: str, *virtual: Reference) -> Content:
    """Of tables and partitions. ``virtual`` are references that the database does not declare."""
    columns = find_columns(url)
    with reading(url) as connection:
        rows = {table: _read_rows(connection, table, names) for table, names in columns.items()}
        declared = [
            Reference(
                _leaves(connection, (schema, name)),
                tuple(own),
                _leaves(connection, (other_schema, other)),
                tuple(others),
            )
            for schema, name, own, other_schema, other, others in connection.execute(_KEYS).fetchall()
        ]
    return Content(columns, rows, [*declared, *virtual])


def _read_rows(
    connection: psycopg.Connection[tuple[Any, ...]], table: Table, columns: Sequence[str]
) -> list[Values]:
    """As texts: what is equal to PostgreSQL is spelt alike in these data sets."""
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
    query = sql.SQL("SELECT {} FROM ONLY {}").format(texts, sql.Identifier(*table))
    return connection.execute(query).fetchall()


def _leaves(connection: psycopg.Connection[tuple[Any, ...]], table: Table) -> tuple[Table, ...]:
    quoted = sql.Identifier(*table).as_string(connection)
    return tuple((schema, name) for schema, name in connection.execute(_LEAVES, [quoted])) or (table,)
