"""What a role lacks, in GRANT statements that mend it, and the facts of a database."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.facts import database_facts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.privileges import missing_privileges, row_security_blocks, writable_relations
from dbtool.postgres.session import Connection, connect

LoadSchema = Callable[[str], str]


@dataclass
class Poor:
    """The same database as its owner and as a role that may only connect."""

    owner: Connection
    reader: Connection

    def catalog(self) -> Catalog:
        return read_catalog(self.owner)

    def grant(self, statement: str) -> None:
        self.owner.execute(statement.encode())


@pytest.fixture
def reader_role(server: EmbeddedServer, database_numbers: Iterator[int]) -> Iterator[str]:
    name = f"dbtool_reader_{next(database_numbers)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal("secret"))
        )
        yield name
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture
def poor(load_schema: LoadSchema, reader_role: str) -> Iterator[Callable[[str], Poor]]:
    opened: list[Poor] = []

    def load(name: str) -> Poor:
        url = load_schema(name)
        owner = connect(url)
        reader = connect(psycopg.conninfo.make_conninfo(url, user=reader_role, password="secret"))
        opened.append(Poor(owner, reader))
        return opened[-1]

    yield load
    for both in opened:
        both.reader.close()
        both.owner.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(reader_role)))
        both.owner.close()


def test_the_grants_named_are_those_that_mend_it(poor: Callable[[str], Poor]) -> None:
    both = poor("quoted_names")
    catalog = both.catalog()
    assert read_catalog(both.reader) == catalog  # pg_catalog alone is read
    lacking = missing_privileges(both.reader, catalog)
    assert len(lacking) == 2
    assert lacking[0].startswith('GRANT USAGE ON SCHEMA "select", "Über Schema.x" TO dbtool_reader_')
    for statement in lacking:
        both.grant(statement)
    assert missing_privileges(both.reader, catalog) == ()
    with both.reader.transaction():
        for relation in catalog.tables():
            table = sql.Identifier(relation.name.schema, relation.name.name)
            both.reader.execute(sql.SQL("LOCK TABLE {} IN ACCESS SHARE MODE").format(table))
            both.reader.execute(sql.SQL("SELECT * FROM {}").format(table))


def test_grants_on_columns_do_not_count_since_lock_table_wants_the_table(poor: Callable[[str], Poor]) -> None:
    both = poor("self_reference")
    both.grant(
        f"GRANT SELECT (id, email, manager_id, mentor_email) ON public.person TO {both.reader.info.user}"
    )
    both.grant(f"GRANT SELECT ON public.node TO {both.reader.info.user}")
    both.reader.execute("SELECT id, email, manager_id, mentor_email FROM public.person")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), both.reader.transaction():
        both.reader.execute("LOCK TABLE public.person IN ACCESS SHARE MODE")
    (statement,) = missing_privileges(both.reader, both.catalog())
    assert statement.startswith("GRANT SELECT ON TABLE public.person TO ")


def test_sequences_are_asked_for_only_where_they_are_dumped(poor: Callable[[str], Poor]) -> None:
    both = poor("sequences")
    both.grant(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {both.reader.info.user}")
    catalog = both.catalog()
    assert missing_privileges(both.reader, catalog) == ()
    (statement,) = missing_privileges(both.reader, catalog, with_sequences=True)
    assert statement.startswith("GRANT SELECT ON SEQUENCE public.by_hand, ")
    both.grant(statement)
    assert missing_privileges(both.reader, catalog, with_sequences=True) == ()


def test_membership_in_pg_read_all_data_is_enough(poor: Callable[[str], Poor]) -> None:
    both = poor("composite_key")
    assert missing_privileges(both.reader, both.catalog())
    both.grant(f"GRANT pg_read_all_data TO {both.reader.info.user}")
    assert missing_privileges(both.reader, both.catalog(), with_sequences=True) == ()


def test_row_security_blocks_those_to_whom_it_applies(poor: Callable[[str], Poor]) -> None:
    both = poor("exotic")
    both.grant(f"GRANT SELECT ON public.guarded TO {both.reader.info.user}")
    catalog = both.catalog()
    assert row_security_blocks(both.owner, catalog) == ()
    assert row_security_blocks(both.reader, catalog) == (RelationName("public", "guarded"),)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        both.reader.execute("SELECT * FROM public.guarded")
    both.grant(f"ALTER ROLE {both.reader.info.user} BYPASSRLS")
    assert row_security_blocks(both.reader, catalog) == ()


def test_writable_relations_are_counted(poor: Callable[[str], Poor]) -> None:
    both = poor("composite_key")
    assert writable_relations(both.owner) == len(both.catalog().tables())
    assert writable_relations(both.reader) == 0
    both.grant(f"GRANT UPDATE (code) ON public.tenant TO {both.reader.info.user}")
    both.grant(f"GRANT TRUNCATE ON public.orphan TO {both.reader.info.user}")
    assert writable_relations(both.reader) == 2


def test_facts_tell_a_superuser_from_a_reader(poor: Callable[[str], Poor], server: EmbeddedServer) -> None:
    both = poor("fk_cycle")
    both.grant(f"COMMENT ON DATABASE {both.owner.info.dbname} IS 'a stamp'")
    mine, theirs = database_facts(both.owner), database_facts(both.reader)
    assert (mine.name, mine.encoding, mine.major) == (both.owner.info.dbname, "UTF8", server.major)
    assert (mine.comment, mine.is_standby, mine.has_tls, mine.block_size) == ("a stamp", False, False, 8192)
    assert mine.bytes > 1_000_000
    assert mine.server_version.startswith(str(server.major))
    assert " " not in mine.server_version
    assert (mine.is_superuser, mine.can_createdb, mine.can_end_sessions) == (True, True, True)
    assert (theirs.is_superuser, theirs.can_createdb, theirs.can_end_sessions) == (False, False, False)
    assert theirs.current_user == both.reader.info.user
    assert theirs.system_identifier == mine.system_identifier


def test_a_system_identifier_that_may_not_be_read_is_unknown(poor: Callable[[str], Poor]) -> None:
    both = poor("fk_cycle")
    both.grant("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_control_system() FROM PUBLIC")
    both.reader.execute("BEGIN")
    assert database_facts(both.reader).system_identifier is None
    both.reader.execute("SELECT 1")  # the transaction lives on
    assert database_facts(both.owner).system_identifier is not None


def test_icu_databases_name_their_locale(server: EmbeddedServer, database_numbers: Iterator[int]) -> None:
    name = f"dbtool_test_icu_{next(database_numbers)}"
    with connect(server.url()) as connection:
        provider = "builtin" if server.major >= 17 else "icu"
        create = sql.SQL("CREATE DATABASE {} TEMPLATE template0 LOCALE_PROVIDER {} {} {}").format(
            sql.Identifier(name),
            sql.SQL(provider),
            sql.SQL("BUILTIN_LOCALE" if provider == "builtin" else "ICU_LOCALE"),
            sql.Literal("C.UTF-8" if provider == "builtin" else "de"),
        )
        connection.execute(create)
        try:
            with connect(server.url(), database=name) as other:
                facts = database_facts(other)
        finally:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    assert (facts.locale_provider, facts.icu_locale) == (
        ("b", "C.UTF-8") if provider == "builtin" else ("i", "de")
    )
