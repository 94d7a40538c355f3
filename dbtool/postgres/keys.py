"""Foreign keys taken away while tables are loaded, and made again; where one does not hold, how many rows are to blame."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows, spell

_CONSTRAINT_CATALOG = 2606  # pg_constraint's OID, the same in every version


@dataclass(frozen=True, slots=True)
class KeyText:
    """``definition`` is what follows ADD CONSTRAINT, ``operators`` what compares each referenced column with its referencing one."""

    oid: int
    table: RelationName
    name: str
    referenced: RelationName
    columns: tuple[str, ...]
    referenced_columns: tuple[str, ...]
    operators: tuple[str, ...]
    definition: str
    comment: str | None = None

    @property
    def is_validated(self) -> bool:
        """To make any other PostgreSQL looks at no row."""
        return not self.definition.endswith((" NOT VALID", " NOT ENFORCED"))

    @property
    def toc_key(self) -> tuple[int, int]:
        return _CONSTRAINT_CATALOG, self.oid


def as_parameters(names: Collection[RelationName]) -> dict[str, list[str]]:
    wanted = sorted(names)
    return {"schemas": [name.schema for name in wanted], "names": [name.name for name in wanted]}


def read_key_texts(connection: Connection, names: Collection[RelationName]) -> tuple[KeyText, ...]:
    """The keys from and to ``names``. The session's search_path must be pg_catalog, as ``connect`` sets it."""
    rows = read_rows(connection, "key_texts", as_parameters(names)) if names else []
    return tuple(
        KeyText(
            row["oid"],
            RelationName(row["schema"], row["table_name"]),
            row["name"],
            RelationName(row["referenced_schema"], row["referenced_name"]),
            tuple(row["columns"]),
            tuple(row["referenced_columns"]),
            tuple(row["operators"]),
            row["definition"],
            row["comment"],
        )
        for row in rows
    )


def drop_keys(connection: Connection, keys: Iterable[KeyText]) -> None:
    for key in keys:
        with translated(f"taking the foreign key {key.name} of {key.table} away for the load"):
            connection.execute(
                sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                    spell(key.table), sql.Identifier(key.name)
                )
            )


def add_key(connection: Connection, key: KeyText) -> int:
    """Returns how many rows refer to nothing: then there is no key."""
    table, name = spell(key.table), sql.Identifier(key.name)
    with translated(f"making the foreign key {key.name} of {key.table}"):
        try:
            connection.execute(
                sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} ").format(table, name) + sql.SQL(key.definition)
            )
        except psycopg.errors.ForeignKeyViolation:
            return max(1, _count_dangling(connection, key))
        if key.comment is not None:
            connection.execute(
                sql.SQL("COMMENT ON CONSTRAINT {} ON {} IS {}").format(name, table, sql.Literal(key.comment))
            )
    return 0


def _count_dangling(connection: Connection, key: KeyText) -> int:
    """Of a key over ranges (PERIOD) and of MATCH FULL some rows are not counted here."""
    matched = sql.SQL(" AND ").join(
        sql.SQL("r.{} {} t.{}").format(sql.Identifier(theirs), sql.SQL(operator), sql.Identifier(ours))
        for ours, theirs, operator in zip(key.columns, key.referenced_columns, key.operators, strict=True)
    )
    given = sql.SQL(" AND ").join(
        sql.SQL("t.{} IS NOT NULL").format(sql.Identifier(name)) for name in key.columns
    )
    row = connection.execute(
        sql.SQL("SELECT count(*) FROM {} AS t WHERE {} AND NOT EXISTS (SELECT FROM {} AS r WHERE {})").format(
            spell(key.table), given, spell(key.referenced), matched
        )
    ).fetchone()
    return int(row[0]) if row else 0
