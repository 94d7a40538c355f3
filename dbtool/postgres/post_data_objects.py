"""What a schema has besides its relations: indexes, checks, triggers, rules, and foreign keys as text."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.postgres.introspect_relations import name_of
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows


@dataclass(frozen=True, slots=True)
class KeyDefinition:
    """``definition`` as pg_get_constraintdef spells it."""

    relation: RelationName
    name: str
    definition: str


@dataclass(frozen=True, slots=True)
class PostDataObject:
    """``kind`` is index, check, trigger or rule; ``place`` as SQL spells it, with schema and table."""

    kind: str
    place: str


def read_post_data_objects(connection: Connection) -> tuple[PostDataObject, ...]:
    return tuple(PostDataObject(**row) for row in read_rows(connection, "post_data_objects"))


def read_key_definitions(connection: Connection) -> tuple[KeyDefinition, ...]:
    return tuple(
        KeyDefinition(name_of(row), row["key"], row["definition"])
        for row in read_rows(connection, "key_definitions")
    )


def add_unvalidated(connection: Connection, key: KeyDefinition) -> None:
    """For what will be written, if not for the rows that are there.

    :raises ServerFailed: what it refers to is not unique there, or it is a partitioned table's before 18.
    """
    definition = key.definition.removesuffix(" NOT VALID")
    statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {} NOT VALID").format(
        sql.Identifier(key.relation.schema, key.relation.name),
        sql.Identifier(key.name),
        sql.SQL(definition),  # the server's own text
    )
    with translated(f"adding the foreign key {key.name}"):
        connection.execute(statement)
