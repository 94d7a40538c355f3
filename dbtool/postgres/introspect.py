"""pg_catalog → Catalog, in a handful of queries whatever the number of tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.postgres.introspect_constraints import read_constraints
from dbtool.postgres.introspect_relations import Relations, read_relations
from dbtool.postgres.introspect_views import decide_refresh_order
from dbtool.postgres.left_out import describe_left_out
from dbtool.postgres.session import Connection, translated
from dbtool.postgres.sql import read_rows


def read_catalog(connection: Connection) -> Catalog:
    """Describe the database as the connection's transaction sees it, or as it is now without one.

    Nothing is written, nothing is locked above ACCESS SHARE, a standby will do, and pg_catalog is all that is
    read, so any role may. Waits where another session holds ACCESS EXCLUSIVE on a table, since sizes are read.
    """
    with _names_qualified(connection):
        (database,) = read_rows(connection, "database")
        relations = read_relations(connection, is_standby=database["is_standby"])
        constraints = read_constraints(connection, relations)
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
        not_copied=describe_left_out(relations, constraints, refreshable, database["large_objects"]),
    )


@contextmanager
def _names_qualified(connection: Connection) -> Iterator[None]:
    """Have the server spell every name with its schema: it leaves out those of the search_path.

    The setting is local to the transaction, so that it cannot stay behind on a pooled connection.
    """
    with translated("reading the catalog"), connection.transaction():
        (before,) = connection.execute("SELECT pg_catalog.current_setting('search_path')").fetchone() or ("",)
        _set_search_path(connection, "pg_catalog")
        yield
        _set_search_path(connection, before)


def _set_search_path(connection: Connection, value: str) -> None:
    connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", [value])


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
