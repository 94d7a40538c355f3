"""pg_catalog → Catalog, in a handful of queries whatever the number of tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.errors import Busy, ServerFailed
from dbtool.postgres.introspect_constraints import read_constraints
from dbtool.postgres.introspect_relations import Relations, read_relations
from dbtool.postgres.introspect_views import decide_refresh_order
from dbtool.postgres.left_out import describe_left_out
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.snapshots import LOCK_NOT_AVAILABLE
from dbtool.postgres.sql import read_rows

LOCK_TIMEOUT_S = 10
_SETTINGS = {
    "search_path": "pg_catalog, pg_temp",  # names are spelt without the schemas that are in it
    "jit": "off",  # compiling took ten times as long as running (0.3 s of 0.35 s on 15)
    "lock_timeout": f"{LOCK_TIMEOUT_S}s",  # sizes and expressions are read under ACCESS SHARE
}


def read_catalog(connection: Connection) -> Catalog:
    """Describe the database as the connection's transaction sees it, or as it is now without one.

    Nothing is written, nothing is locked above ACCESS SHARE, a standby will do, and pg_catalog is all that is
    read, so any role may. The session's settings must be those of ``connect``: literals are spelt by them.

    :raises Busy: DDL in another session held a table in ACCESS EXCLUSIVE for longer than 10 s.
    """
    with settings_for_reading(connection):
        (database,) = read_rows(connection, "database")
        relations = read_relations(connection, is_standby=database["is_standby"])
        constraints = read_constraints(connection, relations)
        never_restored = read_rows(connection, "never_restored")
        refreshable = decide_refresh_order(relations.rows, read_rows(connection, "view_dependencies"))
    return build_catalog(
        database["server_version"],
        relations.by_oid.values(),
        foreign_keys=constraints.foreign_keys,
        unique_indexes=constraints.unique_indexes,
        checks=constraints.checks,
        sequences=constraints.sequences,
        materialized_views=tuple(relations.by_oid[oid].name for oid in refreshable),
        extensions=tuple((name, version) for name, version in database["extensions"]),
        alembic_version=_find_alembic_version(relations),
        large_objects=database["large_objects"],
        not_copied=describe_left_out(
            relations, constraints, refreshable, database["large_objects"], never_restored
        ),
    )


@contextmanager
def settings_for_reading(connection: Connection) -> Iterator[None]:
    """Local to the transaction, so that nothing stays behind on a pooled connection."""
    try:
        with translated("reading the catalog"), connection.transaction():
            before = {name: _setting(connection, name) for name in _SETTINGS}
            _set_locally(connection, _SETTINGS)
            yield
            _set_locally(connection, before)
    except ServerFailed as error:
        if error.sqlstate != LOCK_NOT_AVAILABLE:
            raise
        raise Busy(
            f"a table of {connection.info.dbname} is locked by DDL and was not released within {LOCK_TIMEOUT_S} s; "
            "nothing was changed. Run this again when the DDL has ended."
        ) from None


def _setting(connection: Connection, name: str) -> str:
    row = connection.execute("SELECT pg_catalog.current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""


def _set_locally(connection: Connection, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", [name, value])


def _find_alembic_version(relations: Relations) -> RelationName | None:
    """The one in public where there are several: Alembic writes where search_path points first."""
    found = [relation.name for relation in relations.by_oid.values() if _is_alembic_version(relation)]
    return min(found, key=lambda name: (name.schema != "public", name), default=None)


def _is_alembic_version(relation: Relation) -> bool:
    return (
        relation.name.name == "alembic_version"
        and relation.kind is RelationKind.TABLE
        and [column.name for column in relation.columns] == ["version_num"]
    )
