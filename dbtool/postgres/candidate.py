"""Inside the candidate: dbtool's own schema, sequences, statistics, views and scripts.

All of dbtool's own is in schema ``dbtool``, which is never copied from a source.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import Sequence as SequenceDefinition
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection, connect
from dbtool.targets import Target

_SCHEMA = """
CREATE SCHEMA dbtool;
COMMENT ON SCHEMA dbtool IS 'dbtool''s own: never copied from a source';
CREATE TABLE dbtool.loaded_chunk (
    schema_name text NOT NULL, relation text NOT NULL, chunk integer NOT NULL, loaded_rows bigint NOT NULL,
    PRIMARY KEY (schema_name, relation, chunk)
);
CREATE TABLE dbtool.forced_row_security AS
    SELECT oid FROM pg_class WHERE relforcerowsecurity;
CREATE TABLE dbtool.refresh (
    made_at text PRIMARY KEY, source text NOT NULL, key_id text NOT NULL, rules_digest text NOT NULL,
    snapshot_lsn text NOT NULL, snapshot_taken_at text NOT NULL, manifest jsonb
);
COMMENT ON TABLE dbtool.refresh IS 'which masked refresh this database is';
"""


@contextmanager
def candidate_session(target: Target, database: str) -> Iterator[Connection]:
    """A session in the candidate, acting as the environment's owner role where it names one."""
    with connect(target.url(), database=database, application_name="dbtool refresh load") as connection:
        with translated("preparing a session in the candidate"):
            connection.execute("SET synchronous_commit = off")  # the stamp's own commit flushes all before it
            if target.owner:
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(target.owner)))
        yield connection


def prepare_candidate(connection: Connection) -> None:
    with translated("creating schema dbtool in the candidate"):
        connection.execute(_SCHEMA.encode())
        _force_row_security(connection, sql.SQL("NO FORCE"))


def lift_row_security(connection: Connection) -> None:
    """Also from tables that came after ``prepare_candidate``."""
    with translated("lifting row security for the load"):
        connection.execute(
            "INSERT INTO dbtool.forced_row_security SELECT oid FROM pg_class WHERE relforcerowsecurity"
        )
        _force_row_security(connection, sql.SQL("NO FORCE"))


def _force_row_security(connection: Connection, force: sql.SQL) -> None:
    """Policies that bind a table's owner, too, would hide its rows from us; until the stamp they do not."""
    names = connection.execute(
        "SELECT n.nspname, c.relname FROM dbtool.forced_row_security f JOIN pg_class c ON c.oid = f.oid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace"
    ).fetchall()
    for name in names:
        connection.execute(
            sql.SQL("ALTER TABLE {} {} ROW LEVEL SECURITY").format(sql.Identifier(*name), force)
        )


def count_rows(connection: Connection, relation: RelationName) -> int:
    query = sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(relation.schema, relation.name))
    with translated(f"counting {relation}"):
        row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class SequenceValue:
    value: int
    is_called: bool


_NUMBERS = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8"})
# ORD-2025-00017 was 17 in its sequence. More than 18 digits may be too large for a bigint.
_LAST_DIGITS = sql.SQL("(regexp_match({}::text, '([0-9]{{1,18}})[^0-9]*$'))[1]::bigint")


def find_extreme(connection: Connection, sequence: SequenceDefinition, catalog: Catalog) -> int | None:
    """The furthest value that the columns fed by a sequence hold, in its own direction; None without rows.

    Only what the sequence could have given counts: a column may hold numbers beyond it, or texts made from it.
    """
    function = sql.SQL("max") if sequence.increment > 0 else sql.SQL("min")
    found: list[int] = []
    for relation, column in sequence.feeds:
        value: sql.Composable = sql.Identifier(column)
        if catalog.relations[relation].get_column(column).type.base not in _NUMBERS:
            value = _LAST_DIGITS.format(value)
        # Literals: beside parameters a % in a name would be taken for a placeholder.
        query = sql.SQL(
            "SELECT {function}({value})::bigint FROM {relation} WHERE {value} BETWEEN {minimum} AND {maximum}"
        ).format(
            function=function,
            value=value,
            relation=sql.Identifier(relation.schema, relation.name),
            minimum=sql.Literal(sequence.minimum),
            maximum=sql.Literal(sequence.maximum),
        )
        with translated(f"reading the end of {relation}"):
            row = connection.execute(query).fetchone()
        if row and row[0] is not None:
            found.append(int(row[0]))
    if not found:
        return None
    return max(found) if sequence.increment > 0 else min(found)


def set_sequence(connection: Connection, name: RelationName, value: SequenceValue) -> None:
    with translated(f"setting {name}"):
        connection.execute("SELECT setval(%s::regclass, %s, %s)", (str(name), value.value, value.is_called))


def analyze(connection: Connection, relations: Sequence[Relation]) -> None:
    for relation in relations:
        name = sql.Identifier(relation.name.schema, relation.name.name)
        # ONLY: an ANALYZE of a partitioned table would analyse every leaf once more.
        only = (
            sql.SQL("ONLY ")
            if relation.kind is RelationKind.PARTITIONED_TABLE and _knows_only(connection)
            else sql.SQL("")
        )
        with translated(f"analysing {relation.name}"):
            connection.execute(sql.SQL("ANALYZE {}{}").format(only, name))


def _knows_only(connection: Connection) -> bool:
    return connection.info.server_version >= 180000  # noqa: PLR2004  ANALYZE ONLY came with PostgreSQL 18


def refresh_materialized_view(connection: Connection, name: RelationName) -> None:
    statement = sql.SQL("REFRESH MATERIALIZED VIEW {}").format(sql.Identifier(name.schema, name.name))
    with translated(f"refreshing the materialised view {name}"):
        connection.execute(statement)


def run_script(connection: Connection, text: str, name: str) -> None:
    """Run a SQL file of the project's own (``after_load``) in one transaction."""
    with translated(f"running {name}"), connection.transaction():
        connection.execute("SET LOCAL search_path TO DEFAULT")  # what the project's own sessions have
        connection.execute(text.encode())


def end_load(connection: Connection) -> None:
    """Policies bind owners again, and what served the load alone is gone."""
    with translated("ending the load"):
        _force_row_security(connection, sql.SQL("FORCE"))
        connection.execute("DROP TABLE dbtool.loaded_chunk, dbtool.forced_row_security")


def drop_own_schema(connection: Connection) -> None:
    """Where no stamp is to be written: the loaded database has nothing of ours in it then."""
    with translated("dropping schema dbtool"):
        connection.execute("DROP SCHEMA dbtool CASCADE")


def holds_tables(connection: Connection) -> bool:
    with translated("looking for tables"):
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN "
            "('r', 'p', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
            "AND n.nspname NOT LIKE 'pg\\_toast%' AND n.nspname NOT LIKE 'pg\\_temp%')"
        ).fetchone()
    return bool(row and row[0])
