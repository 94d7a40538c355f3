"""A clone without rows is what the target is: relations, owners, grants, roles, settings, and revisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dbtool import programs
from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import Busy, CloneImpossible, UsageError
from dbtool.findings import Finding
from dbtool.migrate.clone import Clone, rehearsal_clone
from dbtool.postgres import introspect
from dbtool.postgres.extensions import read_offered_extensions
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect, program_environment
from tests.acceptance import inspection
from tests.integration.cloning import request_for
from tests.integration.refreshing import column_of, execute, query

LoadSchema = Callable[[str], str]

SCHEMAS = (
    "composite_key",
    "domains_enums",
    "exotic",
    "fk_cycle",
    "generated_column",
    "inheritance",
    "left_out",
    "partitioned",
    "quoted_names",
    "self_reference",
    "sequences",
    "unique_indexes",
    "views",
)


def compare(url: str, clone: Clone) -> None:
    with connect(url) as connection:
        expected = read_catalog(connection)
    assert set(clone.catalog_before.description()) == set(expected.description())
    assert clone.catalog_before.fingerprint() == expected.fingerprint()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_hard_schema_is_cloned_as_it_is(name: str, server: EmbeddedServer, load_schema: LoadSchema) -> None:
    url = load_schema(name)
    with rehearsal_clone(request_for(url)) as clone:
        compare(url, clone)
        assert clone.version.startswith(f"{server.major}.")
        assert clone.database == clone.url.rpartition("/")[2] == url.rpartition("/")[2]
        if name != "exotic":  # the server spells one of its checks anew
            assert inspection.dump_schema(server, clone.superuser_url) == inspection.dump_schema(server, url)


def test_pagila_is_cloned_as_it_is(server: EmbeddedServer, database: str, shared_data: Path) -> None:
    script = str(shared_data / "pagila" / "pagila-schema.sql")
    psql = [str(server.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script]
    programs.run(psql, env=program_environment(database))
    with rehearsal_clone(request_for(database)) as clone:
        compare(database, clone)
        assert clone.findings == ()


def test_nothing_is_left_of_a_clone(load_schema: LoadSchema) -> None:
    with rehearsal_clone(request_for(load_schema("sequences"))) as clone:
        assert column_of(clone.url, "SELECT 1") == [1]
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(clone.url)


def test_the_clone_proves_itself_by_its_comment(load_schema: LoadSchema) -> None:
    url = load_schema("sequences")
    with rehearsal_clone(request_for(url)) as clone, rehearsal_clone(request_for(url)) as other:
        [(oid, comment)] = query(
            clone.url,
            "SELECT oid::int8, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()",
        )
        assert oid == clone.oid
        assert clone.nonce in comment
        assert other.nonce not in comment
        assert len(clone.nonce) == 32
        assert clone.system_identifier != other.system_identifier


def test_alembics_version_is_copied_with_its_rows(load_schema: LoadSchema) -> None:
    url = load_schema("left_out")
    with rehearsal_clone(request_for(url)) as clone:
        assert column_of(clone.url, "SELECT version_num FROM alembic_version") == ["abc123"]
        assert column_of(clone.url, "SELECT count(*) FROM measurement_near") == [0]
        assert column_of(clone.url, "SELECT nspname FROM pg_namespace WHERE nspname = 'dbtool'") == []


def test_a_version_table_that_is_named_is_copied_with_its_rows(load_schema: LoadSchema) -> None:
    url = load_schema("left_out")
    execute(url, "INSERT INTO other.alembic_version VALUES ('def456', 'b')")
    request = request_for(url, version_table=RelationName("other", "alembic_version"))
    with rehearsal_clone(request) as clone:
        assert query(clone.url, "SELECT * FROM other.alembic_version") == [("def456", "b")]


def test_data_that_cannot_be_had_is_refused(database: str) -> None:
    for data, message in (
        ("subset", "a clone cannot be filled with a subset yet; nothing was done. Use --data staging"),
        ("staging", "needs an environment of tier staging"),
        ("everything", "no such data as everything"),
    ):
        with (
            pytest.raises(UsageError, match=message),
            rehearsal_clone(replace(request_for(database), data=data)),
        ):
            pytest.fail("there is no such clone")


def test_event_triggers_are_left_out_and_said(database: str) -> None:
    execute(
        database,
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;"
        "CREATE EVENT TRIGGER never ON ddl_command_start EXECUTE FUNCTION refuse()",
    )
    with rehearsal_clone(request_for(database)) as clone:
        execute(clone.url, "CREATE TABLE made (id int)")
        assert [finding.check for finding in clone.findings] == ["event-triggers-left-out"]
        assert "1 event trigger, which" in clone.findings[0].message
    execute(database, "DROP EVENT TRIGGER never")


def test_ddl_that_holds_a_table_is_waited_for_no_longer_than_its_timeout(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(introspect._SETTINGS, "lock_timeout", "200ms")  # noqa: SLF001  10 s are long for a test
    execute(database, "CREATE TABLE t (id int PRIMARY KEY)")
    with psycopg.connect(database) as ddl:
        ddl.execute("ALTER TABLE t ADD COLUMN b int")
        with pytest.raises(Busy, match="locked by DDL"), rehearsal_clone(request_for(database)):
            pytest.fail("the table is locked")


def test_an_extension_that_nothing_stands_on_is_left_out_where_the_server_lacks_it(database: str) -> None:
    execute(database, "CREATE EXTENSION pg_trgm; CREATE TABLE t (a text)")
    with lacking("pg_trgm"), rehearsal_clone(request_for(database)) as clone:
        assert [finding.check for finding in clone.findings] == ["extension-left-out"]
        assert column_of(clone.url, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'") == [0]
        compare(database, clone)


def test_an_extension_that_the_schema_stands_on_and_no_server_has_is_refused(database: str) -> None:
    execute(
        database,
        "CREATE EXTENSION pg_trgm; CREATE TABLE t (a text); CREATE INDEX i ON t USING gin (a gin_trgm_ops)",
    )
    request = request_for(database, provider="embedded")
    with (
        lacking("pg_trgm"),
        pytest.raises(CloneImpossible, match=r"no server at hand can be a clone of production") as refused,
        rehearsal_clone(request),
    ):
        pytest.fail("there is no such server")
    findings = [finding for finding in refused.value.findings if isinstance(finding, Finding)]
    assert {finding.check for finding in findings if finding.is_error} == {"extension-missing"}
    assert "--clone container --image" in str(refused.value)
    assert refused.value.exit_code == 3


@contextmanager
def lacking(name: str) -> Iterator[None]:
    """No server of a clone offers the extension."""

    def without(connection: Connection) -> dict[str, str]:
        offered = read_offered_extensions(connection)
        return {each: version for each, version in offered.items() if each != name}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dbtool.migrate.clone_server.read_offered_extensions", without)
        yield
