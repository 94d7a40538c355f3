"""A clone of a server that lacks something, of a locked table, of what is left out: what is said, and what is there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import Busy, CloneImpossible, UsageError
from dbtool.findings import Finding
from dbtool.migrate.clone.make import rehearsal_clone
from dbtool.postgres import introspect
from dbtool.postgres.builds import Build, read_build
from dbtool.postgres.extensions import read_offered_extensions
from dbtool.postgres.facts import database_facts
from dbtool.postgres.session import Connection
from tests.databases import column_of, execute, own_database, query
from tests.integration.cloning import compare_catalogs, request_for

SCHEMAS_FOLDER = Path(__file__).parent.parent / "schemas"
LoadSchema = Callable[[str], str]


@pytest.fixture
def server(newest_server: EmbeddedServer) -> EmbeddedServer:
    """The major makes no difference here."""
    return newest_server


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
        ("subset", "--data subset needs the project's masking rules"),
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
    execute(
        database,
        "CREATE EXTENSION pg_stat_statements; CREATE TABLE t (a text);"
        "GRANT EXECUTE ON FUNCTION pg_stat_statements(boolean) TO pg_monitor; REVOKE SELECT ON pg_stat_statements FROM PUBLIC",
    )
    with lacking("pg_stat_statements"), rehearsal_clone(request_for(database)) as clone:
        assert [finding.check for finding in clone.findings] == ["extension-left-out"]
        assert column_of(clone.url, "SELECT extname FROM pg_extension ORDER BY 1") == ["plpgsql"]
        compare_catalogs(database, clone)


def test_publications_are_cloned_with_what_they_forbid(database: str) -> None:
    execute(
        database,
        "CREATE TABLE t (a int); CREATE TABLE u (a int); INSERT INTO t VALUES (1); CREATE PUBLICATION everything FOR TABLE t",
    )
    with rehearsal_clone(request_for(database)) as clone:
        execute(clone.url, "ALTER PUBLICATION everything ADD TABLE u")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="replica identity"):
            execute(clone.url, "UPDATE t SET a = 2")


def test_a_collation_that_the_server_came_without_is_refused(database: str) -> None:
    execute(database, 'CREATE TABLE t (a text COLLATE "C.utf8")')
    with (
        patched_build(lambda build: replace(build, collations=build.collations - {"C.utf8"})),
        pytest.raises(
            CloneImpossible, match=r'pg_catalog."C.utf8": the target.s schema names this collation'
        ),
        rehearsal_clone(request_for(database, provider="embedded")),
    ):
        pytest.fail("there is no such collation")
    with rehearsal_clone(request_for(database)) as clone:
        compare_catalogs(database, clone)


def test_what_is_built_without_icu_holds_none_of_its_collations(
    server_of: Callable[[int], EmbeddedServer],
) -> None:
    """The wheel of 18 is; Debian's 15 is not."""
    with own_database(server_of(15), f"dbtool_test_{os.getpid()}_icu") as url:
        execute(url, (SCHEMAS_FOLDER / "icu_collation.sql").read_text())
        with rehearsal_clone(request_for(url)) as clone:
            compare_catalogs(url, clone)
        with (
            patched_build(lambda build: replace(build, has_icu=False)),
            pytest.raises(CloneImpossible, match=r"public.careless: this collation of the target is ICU's"),
            rehearsal_clone(request_for(url, provider="embedded")),
        ):
            pytest.fail("it has no ICU")


def test_columns_of_xml_are_said_where_the_server_has_none(database: str) -> None:
    execute(database, "CREATE TABLE letter (id int, body xml)")
    with (
        patched_build(lambda build: replace(build, has_xml=False)),
        rehearsal_clone(request_for(database)) as clone,
    ):
        assert [(finding.check, finding.where) for finding in clone.findings] == [
            ("xml-missing", "public.letter")
        ]


def test_a_locale_that_the_machine_lacks_is_replaced_and_said(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def facts_from_elsewhere(connection: Connection) -> DatabaseFacts:
        return replace(database_facts(connection), collate="tlh_QO.UTF-8", ctype="tlh_QO.UTF-8")

    monkeypatch.setattr("dbtool.migrate.clone.target.database_facts", facts_from_elsewhere)
    with rehearsal_clone(request_for(database)) as clone:
        assert [(finding.check, finding.where) for finding in clone.findings] == [
            ("locale-differs", "tlh_QO.UTF-8")
        ]
        assert column_of(
            clone.url, "SELECT datcollate FROM pg_database WHERE datname = current_database()"
        ) == ["C.UTF-8"]


@contextmanager
def patched_build(change: Callable[[Build], Build]) -> Iterator[None]:
    """The servers of clones are built otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "dbtool.migrate.clone.server.read_build", lambda connection: change(read_build(connection))
        )
        yield


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
        patch.setattr("dbtool.migrate.clone.server.read_offered_extensions", without)
        yield
