"""Servers, roles and databases that do not allow a refresh: what is missing, and what to do about it."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance.conftest import PEOPLE_RULES
from tests.acceptance.project import Project, wait_until

MakeRole = Callable[[str, str], str]


@pytest.fixture(scope="session")
def role_numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def make_role(role_numbers: Iterator[int]) -> MakeRole:
    """A role on the server of a URL, with some attributes; returns the URL with it and its password in it."""

    def make(url: str, attributes: str) -> str:
        name = f"dbtool_role_{os.getpid()}_{next(role_numbers)}"
        password = f"secret-of-{name}"
        with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} {}").format(
                    sql.Identifier(name), sql.Literal(password), sql.SQL(attributes)
                )
            )
        parts = urlsplit(url)
        return parts._replace(netloc=f"{name}:{password}@{parts.hostname}:{parts.port}").geturl()

    return make


def role_of(url: str) -> str:
    return str(urlsplit(url).username)


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nothing listens, and which nobody else is given meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("end", ["PRODUCTION", "STAGING"])
def test_says_which_server_cannot_be_reached(people: Project, closed_port: int, end: str) -> None:
    people.environ[f"{end}_URL"] = f"postgresql://someone:the-password@127.0.0.1:{closed_port}/shop"
    done = people.refuse(3)
    assert f"{end.lower()}: cannot connect to 127.0.0.1:{closed_port}/" in done.last_message
    assert "Connection refused" in done.last_message
    assert "nothing was done" in done.last_message


@pytest.mark.parametrize("end", ["PRODUCTION", "STAGING"])
def test_says_which_password_is_wrong_without_repeating_it(people: Project, end: str) -> None:
    parts = urlsplit(people.environ[f"{end}_URL"])
    people.environ[f"{end}_URL"] = parts._replace(
        netloc=f"postgres:wrong-secret@127.0.0.1:{parts.port}"
    ).geturl()
    done = people.refuse(3)
    assert f"{end.lower()}: cannot connect to" in done.last_message
    assert "password authentication failed" in done.last_message


def test_says_that_a_source_does_not_exist(people: Project) -> None:
    people.environ["PRODUCTION_URL"] = people.source + "missing"
    done = people.refuse(3)
    assert "production: cannot connect to" in done.last_message
    assert "does not exist" in done.last_message


def test_a_target_that_holds_tables_is_adopted_once(people: Project, newest_server: EmbeddedServer) -> None:
    name = people.target.rsplit("/", 1)[1]
    people.execute(newest_server.url(), f"CREATE DATABASE {name}")
    people.execute(people.target, "CREATE TABLE precious (id int); INSERT INTO precious VALUES (1)")
    done = people.refuse(5)
    assert "staging holds tables and was never refreshed by dbtool; nothing was done" in done.last_message
    assert "dbtool refresh production staging --yes" in done.last_message
    assert people.query(people.target, "SELECT * FROM precious") == [(1,)]

    assert people.refresh("--yes", "-q").code == 0
    assert people.query(people.target, "SELECT count(*) FROM person") == [(60,)]
    previous = [name for name in people.databases() if "_previous_" in name]
    assert people.query(newest_server.url(previous[0]), "SELECT * FROM precious") == [(1,)]

    assert people.refresh("-q").code == 0


def test_an_empty_target_needs_no_consent(people: Project, newest_server: EmbeddedServer) -> None:
    people.execute(newest_server.url(), f"CREATE DATABASE {people.target.rsplit('/', 1)[1]}")
    assert people.refresh().code == 0


def test_a_plan_tells_that_consent_is_needed(people: Project, newest_server: EmbeddedServer) -> None:
    people.execute(newest_server.url(), f"CREATE DATABASE {people.target.rsplit('/', 1)[1]}")
    people.execute(people.target, "CREATE TABLE precious (id int)")
    done = people.refresh("--plan")
    assert done.code == 0
    assert "the first run needs --yes" in done.output


def test_a_second_refresh_of_the_same_target_is_refused_meanwhile(people: Project) -> None:
    (people.folder / "wait.sql").write_text("SELECT pg_catalog.pg_sleep(600)", encoding="utf-8")
    people.configure(staging='after_load = ["wait.sql"]')
    with people.start() as first:
        wait_until(people.is_dawdling, "the first run has loaded its rows")
        before = people.databases()
        done = people.refresh()
        assert done.code == 6
        assert "is running; nothing was changed. Run this one again when it has ended" in done.last_message
        assert done.output == ""
        assert people.databases() == before
        first.process.terminate()
        assert first.finish().code == 143


def test_names_every_missing_grant_at_once_and_they_suffice(people: Project, make_role: MakeRole) -> None:
    owner = people.source
    people.environ["PRODUCTION_URL"] = make_role(owner, "")
    people.execute(owner, 'CREATE SCHEMA hidden; CREATE TABLE hidden."Odd" (id int)')
    people.rules.write_text(
        PEOPLE_RULES + "  'hidden.\"Odd\"':\n    id: {keep: a number}\n", encoding="utf-8"
    )
    done = people.refuse(3)
    role = role_of(people.source)
    grants = [line.strip() for line in done.last_message.splitlines() if line.strip().startswith("GRANT")]
    assert f"the role {role} may not read all of production; nothing was copied" in done.last_message
    assert f"GRANT USAGE ON SCHEMA hidden TO {role};" in grants
    people.execute(owner, "\n".join(grants))
    assert people.refresh().code == 0


def test_refuses_a_source_whose_rows_are_hidden_from_the_role(people: Project, make_role: MakeRole) -> None:
    owner = people.source
    people.environ["PRODUCTION_URL"] = make_role(owner, "")
    people.execute(
        owner,
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role_of(people.source)};"
        "ALTER TABLE person ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON person USING (id < 10)",
    )
    done = people.refuse(1)
    assert "public.person: row-level security hides rows" in done.messages
    assert "BYPASSRLS" in done.messages


def test_refuses_a_target_role_that_may_not_create_databases(people: Project, make_role: MakeRole) -> None:
    people.environ["STAGING_URL"] = make_role(people.target, "NOCREATEDB")
    done = people.refuse(3)
    assert f"ALTER ROLE {role_of(people.target)} CREATEDB" in done.messages


def test_refuses_a_live_database_that_the_target_role_may_not_rename(
    people: Project, make_role: MakeRole, newest_server: EmbeddedServer
) -> None:
    """Found out before an hour of copying, not after it."""
    people.execute(newest_server.url(), f"CREATE DATABASE {people.target.rsplit('/', 1)[1]}")
    people.environ["STAGING_URL"] = make_role(people.target, "CREATEDB")
    done = people.refuse(3)
    assert "ALTER DATABASE" in done.messages
    assert role_of(people.target) in done.messages


def test_a_role_that_owns_no_more_than_it_must_can_refresh(people: Project, make_role: MakeRole) -> None:
    """Twice, since the second run has a live database to swap."""
    owner = people.source
    people.environ["PRODUCTION_URL"] = make_role(owner, "")
    people.execute(owner, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role_of(people.source)}")
    people.environ["STAGING_URL"] = make_role(people.target, "CREATEDB")
    for _ in range(2):
        done = people.refresh()
        assert done.code == 0, done.messages
    assert people.query(people.target, "SELECT count(*) FROM person") == [(60,)]


def test_refuses_an_owner_that_does_not_exist(people: Project) -> None:
    people.configure(staging='owner = "dbtool_nobody"')
    done = people.refuse(3)
    assert "no role dbtool_nobody: dbtool.toml names it as the owner" in done.messages
    assert "CREATE ROLE dbtool_nobody" in done.messages


def test_refuses_an_owner_that_the_role_is_no_member_of(people: Project, make_role: MakeRole) -> None:
    owner = role_of(make_role(people.target, ""))
    people.environ["STAGING_URL"] = make_role(people.target, "CREATEDB")
    people.configure(staging=f'owner = "{owner}"')
    assert f"GRANT {owner} TO {role_of(people.target)}" in people.refuse(3).messages


def test_another_role_does_not_make_another_database(people: Project, make_role: MakeRole) -> None:
    people.environ["STAGING_URL"] = make_role(people.source, "CREATEDB")
    assert "production and staging are the same database" in people.refuse(2, "--yes").last_message


def test_refuses_a_source_that_is_a_masked_copy_itself(people: Project) -> None:
    assert people.refresh().code == 0
    people.environ |= {"PRODUCTION_URL": people.target, "STAGING_URL": people.target + "_second"}
    done = people.refresh()
    assert done.code == 1
    assert "the source is itself a masked copy of production" in done.messages
    assert not any("_second" in name for name in people.databases())


@pytest.fixture
def older_server(server_of: Callable[[int], EmbeddedServer]) -> EmbeddedServer:
    majors = sorted(int(major) for major in os.environ.get("DBTOOL_TEST_MAJORS", "18,17").split(","))
    if len(majors) == 1:
        pytest.skip(
            "cannot run here: DBTOOL_TEST_MAJORS names one PostgreSQL, and this needs an older one beside it"
        )
    return server_of(majors[-2])


def test_refuses_a_target_older_than_the_source(
    people: Project,
    newest_server: EmbeddedServer,
    older_server: EmbeddedServer,
    name_on: Callable[[EmbeddedServer], str],
) -> None:
    people.connect(people.source, name_on(older_server))
    done = people.refuse(1)
    told = f"the source is PostgreSQL {newest_server.major}, the target {older_server.major}"
    assert told in done.messages


def test_refuses_a_target_without_the_roles_that_policies_name(
    people: Project,
    older_server: EmbeddedServer,
    make_on: Callable[[EmbeddedServer], str],
    make_role: MakeRole,
) -> None:
    """PostgreSQL would find out when all is loaded."""
    source = make_on(older_server)
    role = role_of(make_role(source, "")) + "_here_only"
    people.execute(
        source,
        f"CREATE ROLE {role}; CREATE TABLE person (id int, email text, full_name text, note text);"
        "CREATE TABLE visit (id int, person_id int, email text, seen_at date);"
        f"ALTER TABLE visit ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON visit TO {role} USING (true)",
    )
    people.connect(source, people.target)
    people.rules.write_text(PEOPLE_RULES + "    person_id: {keep: a number}\n", encoding="utf-8")
    done = people.refuse(3)
    assert f"the target's server has no role {role}: a policy of the source names it" in done.messages
    assert f"CREATE ROLE {role}" in done.messages


def test_refuses_a_source_without_tables(people: Project) -> None:
    people.execute(people.source, "DROP TABLE visit, person")
    people.rules.write_text("version: 1\ntables: {}\n", encoding="utf-8")
    assert "no table that could be copied" in people.refuse(1).messages


def test_refuses_a_state_folder_that_cannot_be_written(people: Project) -> None:
    """Where the manifest goes when the refreshed database is live, and it is too late to refuse."""
    (people.folder / ".dbtool").write_text("no folder", encoding="utf-8")
    done = people.refuse(3)
    assert "the state folder" in done.last_message
    assert "nothing was done" in done.last_message
