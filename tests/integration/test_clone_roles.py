"""Who may do what on a clone is who may do it on the target."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import PrivilegeMissing
from dbtool.migrate.clone.make import rehearsal_clone
from tests.databases import column_of, execute, query
from tests.integration.cloning import request_for

pytestmark = pytest.mark.one_major

P = f"dbtool_clone_role_{os.getpid()}"
OWNER, APP, GROUP, READER = f"{P}_owner", f"{P}_app", f"{P}_group", f'{P}_read"er'

ACCESS = """
SELECT 'table', c.relname, pg_get_userbyid(c.relowner), ARRAY(SELECT a::text FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))) a ORDER BY 1)::text FROM pg_class c
WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'schema', nspname, pg_get_userbyid(nspowner), ARRAY(SELECT a::text FROM unnest(nspacl) a ORDER BY 1)::text FROM pg_namespace WHERE nspname !~ '^pg_'
    AND nspname <> 'information_schema'
UNION ALL SELECT 'database', datname, pg_get_userbyid(datdba), ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1)::text FROM pg_database
    WHERE datname = current_database()
UNION ALL SELECT 'default', defaclobjtype::text, pg_get_userbyid(defaclrole), ARRAY(SELECT a::text FROM unnest(defaclacl) a ORDER BY 1)::text FROM pg_default_acl
UNION ALL SELECT 'policy', polname, polrelid::regclass::text, polroles::regrole[]::text FROM pg_policy
ORDER BY 1, 2, 3
"""
ROLES = (
    "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles "
    f"WHERE rolname ~ '^{P}' ORDER BY 1"
)
MEMBERS = (
    "SELECT roleid::regrole::text, member::regrole::text, bool_or(admin_option) FROM pg_auth_members "
    f"WHERE member::regrole::text ~ '{P}' GROUP BY 1, 2 ORDER BY 1, 2"
)
SETTINGS = (
    "SELECT coalesce(r.rolname, ''), setdatabase <> 0, setconfig FROM pg_db_role_setting s "
    "LEFT JOIN pg_roles r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase "
    "WHERE d.datname = current_database() OR r.rolname = '{}' ORDER BY 1, 2"
)


MAJORS = sorted(int(major) for major in os.environ.get("DBTOOL_TEST_MAJORS", "18,17").split(","))


@pytest.fixture(params=sorted({MAJORS[0], MAJORS[-1]}), ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest, server_of: Callable[[int], EmbeddedServer]) -> EmbeddedServer:
    """Memberships have learnt of options in 16."""
    return server_of(request.param)


@pytest.fixture
def roles(server: EmbeddedServer) -> Iterator[None]:
    execute(
        server.url(),
        f"""CREATE ROLE {OWNER} CREATEDB NOINHERIT; CREATE ROLE {GROUP} CREATEROLE BYPASSRLS;
        CREATE ROLE {APP} LOGIN PASSWORD 'app' NOINHERIT IN ROLE {OWNER}; GRANT {GROUP} TO {OWNER} WITH ADMIN OPTION;
        CREATE ROLE "{READER.replace('"', '""')}" LOGIN; GRANT pg_read_all_data TO {GROUP}""",
    )
    yield
    for role in (APP, OWNER, GROUP, READER):
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f'DROP ROLE "{role.replace(chr(34), chr(34) * 2)}"'.encode())


@pytest.fixture
def owned(roles: None, make_database: Callable[[], str]) -> str:  # noqa: ARG001  dropped before the roles are
    url = make_database()
    name = urlsplit(url).path[1:]
    reader = READER.replace('"', '""')
    execute(
        url,
        f"""ALTER DATABASE {name} OWNER TO {OWNER};
        REVOKE CONNECT ON DATABASE {name} FROM PUBLIC; GRANT CONNECT ON DATABASE {name} TO {APP};
        GRANT CREATE ON SCHEMA public TO {APP};
        CREATE TABLE ours (id int PRIMARY KEY, who text); ALTER TABLE ours OWNER TO {OWNER};
        GRANT SELECT ON ours TO "{reader}" WITH GRANT OPTION; GRANT UPDATE (who) ON ours TO {GROUP};
        ALTER TABLE ours ENABLE ROW LEVEL SECURITY; ALTER TABLE ours FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON ours TO "{reader}" USING (who = current_user);
        CREATE TABLE theirs (id int); CREATE TABLE apps (id int); ALTER TABLE apps OWNER TO {APP};
        ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT ON TABLES TO "{reader}";
        ALTER DATABASE {name} SET search_path TO "$user", public, "Odd Name";
        ALTER ROLE {APP} SET lock_timeout TO '3s'; ALTER ROLE {APP} IN DATABASE {name} SET statement_timeout TO '7min';
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO {APP}""",
    )
    return url


def as_role(url: str, role: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}").geturl()


def test_owners_grants_policies_and_members_are_those_of_the_target(owned: str) -> None:
    with rehearsal_clone(request_for(owned)) as clone:
        assert query(clone.superuser_url, ACCESS) == query(owned, ACCESS)
        assert query(clone.superuser_url, ROLES) == query(owned, ROLES)
        assert query(clone.superuser_url, MEMBERS) == query(owned, MEMBERS)
        assert query(clone.superuser_url, SETTINGS.format(APP)) == query(owned, SETTINGS.format(APP))


def test_the_migrating_role_may_do_on_the_clone_what_it_may_on_the_target(owned: str) -> None:
    app = as_role(owned, APP, "app")
    with rehearsal_clone(request_for(app)) as clone:
        assert clone.role == APP
        assert column_of(clone.url, "SELECT current_user") == [APP]
        for url in (app, clone.url):
            execute(url, "ALTER TABLE apps ADD COLUMN IF NOT EXISTS a int")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                execute(url, "ALTER TABLE theirs ADD COLUMN a int")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                execute(url, "CREATE EXTENSION pg_stat_statements")


def test_other_roles_cannot_log_in(owned: str) -> None:
    with (
        rehearsal_clone(request_for(owned)) as clone,
        pytest.raises(psycopg.OperationalError, match="authentication failed"),
    ):
        psycopg.connect(as_role(clone.url, APP, "app"))


def test_a_session_of_the_migrating_role_begins_as_on_the_target(owned: str) -> None:
    app = (
        as_role(owned, APP, "app")
        + "?options=-c%20DateStyle%3DSQL%20-c%20default_transaction_isolation%3Dserializable"
    )
    shown = (
        "SELECT name, setting FROM pg_settings WHERE name = ANY (ARRAY['search_path', 'lock_timeout', 'DateStyle', "
        "'TimeZone', 'default_transaction_isolation', 'max_locks_per_transaction']) ORDER BY 1"
    )
    with rehearsal_clone(request_for(app)) as clone:
        with psycopg.connect(app) as target, psycopg.connect(clone.url) as session:
            expected = target.execute(shown.encode()).fetchall()
            assert session.execute(shown.encode()).fetchall() == expected
        assert ("lock_timeout", "3000") in expected
        assert ("search_path", '"$user", public, "Odd Name"') in expected
        assert clone.findings == ()


def test_a_role_that_becomes_another_as_it_logs_in_does_so_on_the_clone(owned: str) -> None:
    execute(
        owned, f"ALTER ROLE {APP} SET role TO {OWNER}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {OWNER}"
    )
    app = as_role(owned, APP, "app")
    with rehearsal_clone(request_for(app)) as clone:
        who = "SELECT session_user, current_user"
        assert query(clone.url, who) == query(app, who) == [(APP, OWNER)]
        execute(clone.url, "ALTER TABLE ours ADD COLUMN a int")


def test_a_role_that_may_only_read_suffices(owned: str) -> None:
    execute(owned, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {GROUP}")
    execute(
        owned,
        f"ALTER ROLE {GROUP} LOGIN PASSWORD 'group'; GRANT CONNECT ON DATABASE {urlsplit(owned).path[1:]} TO {GROUP}",
    )
    reading = as_role(owned, GROUP, "group")
    with rehearsal_clone(request_for(reading, role=APP)) as clone:
        assert clone.role == APP
        assert column_of(clone.url, "SELECT current_user") == [APP]


def test_what_the_role_may_not_read_is_granted_by_the_message(owned: str) -> None:
    execute(owned, f"REVOKE SELECT ON theirs FROM {APP}")
    with (
        pytest.raises(PrivilegeMissing, match=rf"GRANT SELECT ON TABLE public.theirs TO {APP};"),
        rehearsal_clone(request_for(as_role(owned, APP, "app"))),
    ):
        pytest.fail("it may not read all")


def test_the_name_of_the_clones_superuser_takes_nobodys_place(server: EmbeddedServer, database: str) -> None:
    """A role called postgres is no superuser everywhere."""
    with rehearsal_clone(request_for(database)) as clone:
        assert urlsplit(clone.superuser_url).username not in (None, "postgres")
        assert query(
            clone.url, "SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user"
        ) == [("postgres", True)]
        assert server.password not in clone.url


def test_the_database_called_postgres_can_be_cloned(server: EmbeddedServer) -> None:
    with rehearsal_clone(request_for(server.url())) as clone:
        assert clone.database == "postgres"
        assert (
            clone.nonce
            in column_of(
                clone.url,
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'postgres'",
            )[0]
        )
