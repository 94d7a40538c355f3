"""What one COPY gives: which columns, in whose place something else stands, of which rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.session import Connection
from dbtool.postgres.tid_arrays import TidArray, TidArrayDumper
from dbtool.subset.row_set import RowIds


@dataclass(frozen=True, slots=True)
class CopyOut:
    """One COPY … TO STDOUT of the rows on pages ``first_page`` up to, not including, ``end_page``; None is open.

    ``pushed`` replaces columns, by index, with SQL that dbtool made itself, a constant or NULL, or that the rules bring
    and the source has parsed alone: the originals never leave the source. ``beside`` is such SQL, too, whose values follow
    the columns'. With ``has_foreign_sql`` some is the rules', which have the relation ``called`` as the one that they name.
    With ``row_ids`` only these rows are meant, and the session must have been told them before (``tell_rows``): a COPY
    takes no parameters, and written into it they would fill the server's log.
    """

    relation: RelationName
    columns: tuple[str, ...]
    pushed: Mapping[int, str] = field(default_factory=dict)
    first_page: int | None = None
    end_page: int | None = None
    binary: bool = False
    row_ids: RowIds | None = None
    has_foreign_sql: bool = False
    called: str | None = None
    beside: tuple[str, ...] = ()

    def statement(self) -> sql.Composed:
        """Always a SELECT from ONLY: an inheritance parent's children are relations of their own."""
        expressions: list[sql.Composable] = [
            sql.SQL(self.pushed[index]) if index in self.pushed else sql.Identifier(name)
            for index, name in enumerate(self.columns)
        ]
        expressions += [sql.SQL(text) for text in self.beside]
        return sql.SQL("COPY (SELECT {} FROM ONLY {}{}{}) TO STDOUT{}").format(
            sql.SQL(", ").join(expressions),
            sql.Identifier(self.relation.schema, self.relation.name),
            sql.SQL(" AS {}").format(sql.Identifier(self.called)) if self.called else sql.SQL(""),
            self._where(),
            sql.SQL(" (FORMAT binary)") if self.binary else sql.SQL(""),
        )

    def _where(self) -> sql.Composable:
        if self.row_ids is not None:
            return _TOLD_ROWS
        bounds = [
            sql.SQL("ctid {} {}::pg_catalog.tid").format(sql.SQL(operator), sql.Literal(f"({page},0)"))
            for operator, page in ((">=", self.first_page), ("<", self.end_page))
            if page is not None
        ]
        return sql.SQL(" WHERE {}").format(sql.SQL(" AND ").join(bounds)) if bounds else sql.SQL("")


_TOLD_ROWS = sql.SQL(" WHERE ctid = ANY (pg_catalog.current_setting('dbtool.rows')::pg_catalog._tid)")


def tell_rows(connection: Connection, row_ids: RowIds) -> None:
    """Leave the rows that are meant in a setting of the transaction."""
    told = "SELECT pg_catalog.set_config('dbtool.rows', %s::pg_catalog.tid[]::pg_catalog.text, true) IS NULL"
    cursor = connection.cursor()
    cursor.adapters.register_dumper(TidArray, TidArrayDumper)
    cursor.execute(told, [TidArray(row_ids)])
