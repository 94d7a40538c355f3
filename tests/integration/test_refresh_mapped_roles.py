"""Who may do what in the copy: the source's grants, default privileges and policies, by the roles that staging has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import FindingsRefuse, PrivilegeMissing
from dbtool.findings import Finding
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for

TwoDatabases = tuple[str, str]

# The role app is also a table, a column, a policy and a word in a text; app_two begins with it.
_SOURCE = """
CREATE TABLE {app} (id int PRIMARY KEY, "{app}" text DEFAULT '{app} TO {app}', secret text);
INSERT INTO {app} VALUES (1, 'GRANT ALL ON {app} TO {app};', 'x');
CREATE SCHEMA "Odd ""one";
CREATE TABLE "Odd ""one"."T; t" (id serial PRIMARY KEY);
CREATE FUNCTION f(a int, VARIADIC b text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE agg (float8 ORDER BY float8) (sfunc = pg_catalog.ordered_set_transition, stype = internal,
    finalfunc = pg_catalog.percentile_cont_float8_final);
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
CREATE TYPE mood AS ENUM ('ok');
CREATE VIEW v AS SELECT id FROM {app};
REVOKE ALL ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO {app};
GRANT EXECUTE ON FUNCTION agg(float8, float8) TO {app};
GRANT EXECUTE ON PROCEDURE p TO "{app} two";
REVOKE USAGE ON TYPE mood FROM PUBLIC;
GRANT USAGE ON TYPE mood TO {app};
GRANT SELECT, INSERT ON {app} TO {app};
GRANT UPDATE (id, "{app}") ON {app} TO {app} WITH GRANT OPTION;
GRANT SELECT ON v TO PUBLIC;
GRANT SELECT ON {app} TO "{app} two" WITH GRANT OPTION;
GRANT USAGE ON SCHEMA "Odd ""one" TO {app};
GRANT SELECT ON ALL TABLES IN SCHEMA "Odd ""one" TO {app};
GRANT USAGE ON SEQUENCE "Odd ""one"."T; t_id_seq" TO "{app} two";
REVOKE DELETE ON {app} FROM CURRENT_USER;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {app};
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER TABLE {app} ENABLE ROW LEVEL SECURITY;
CREATE POLICY "{app}" ON {app} FOR SELECT TO {app}, "{app} two" USING ("{app}" <> '{app}');
COMMENT ON POLICY "{app}" ON {app} IS 'for {app}';
CREATE POLICY everybody ON {app} AS RESTRICTIVE FOR ALL TO PUBLIC USING (id > 0) WITH CHECK (id > 0);
CREATE POLICY two ON {app} TO "{app} two" USING (secret IS NULL);
COMMENT ON POLICY two ON {app} IS 'second';
"""
_RIGHTS = """
SELECT 'relation', c.relname::text, a.grantee::regrole::text, a.privilege_type, a.is_grantable FROM pg_class c, aclexplode(relacl) a
WHERE relnamespace IN ('public'::regnamespace, '"Odd ""one"'::regnamespace)
UNION ALL SELECT 'column', attname, a.grantee::regrole::text, a.privilege_type, a.is_grantable FROM pg_attribute, aclexplode(attacl) a
WHERE attrelid >= 16384
UNION ALL SELECT 'routine', proname, a.grantee::regrole::text, a.privilege_type, a.is_grantable FROM pg_proc, aclexplode(proacl) a
WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'type', typname, a.grantee::regrole::text, a.privilege_type, a.is_grantable FROM pg_type, aclexplode(typacl) a
WHERE typname = 'mood'
UNION ALL SELECT 'schema', nspname, a.grantee::regrole::text, a.privilege_type, a.is_grantable FROM pg_namespace, aclexplode(nspacl) a
WHERE nspname LIKE 'Odd%' OR nspname = 'public'
UNION ALL SELECT 'default ' || defaclobjtype::text, defaclnamespace::regnamespace::text, a.grantee::regrole::text, a.privilege_type,
    a.is_grantable FROM pg_default_acl, aclexplode(defaclacl) a
ORDER BY 1, 2, 3, 4
"""
_POLICIES = """
SELECT polname::text, polcmd::text, polpermissive, polroles::oid[]::regrole[]::text, pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid), obj_description(oid, 'pg_policy') FROM pg_policy ORDER BY 1
"""


def name_of(url: str) -> str:
    return url.rsplit("/", 1)[1]


@pytest.fixture
def app(two_databases: TwoDatabases) -> Iterator[str]:
    """A role of the source, beside one whose name begins with its; for it stands app's staging_ one."""
    source, target = two_databases
    name = f"dbtool_app_{name_of(target)}"
    execute(source, f'CREATE ROLE {name}; CREATE ROLE "{name} two"; CREATE ROLE "{name}\'s ""staging"')
    yield name
    for url in (source, target):
        execute(url, f'DROP OWNED BY {name}, "{name} two", "{name}\'s ""staging"')
    execute(source, f'DROP ROLE {name}, "{name} two", "{name}\'s ""staging"')


def staging_app(app: str) -> str:
    return f"{app}'s \"staging"


def test_every_grant_and_policy_of_a_role_goes_to_the_one_that_stands_for_it(
    two_databases: TwoDatabases, tmp_path: Path, app: str
) -> None:
    source, target = two_databases
    execute(source, _SOURCE.format(app=app))
    refresh(request_for(source, target, tmp_path, grants="source", roles={app: staging_app(app)}))
    spelt = '"' + staging_app(app).replace('"', '""') + '"'

    def mapped(value: object) -> object:
        return spelt if value == app else value

    expected = [(*row[:2], mapped(row[2]), *row[3:]) for row in query(source, _RIGHTS)]
    assert sorted(query(target, _RIGHTS)) == sorted(expected)
    policies = query(target, _POLICIES)
    assert [row[:1] + row[4:] for row in policies] == [row[:1] + row[4:] for row in query(source, _POLICIES)]
    in_array = '"' + spelt.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert policies[0][3] == "{" + in_array + ',"\\"' + app + ' two\\""}'
    assert query(target, f'SELECT "{app}" FROM {app}') == [(f"GRANT ALL ON {app} TO {app};",)]


def test_without_a_map_the_copy_has_the_rights_of_the_source(
    two_databases: TwoDatabases, tmp_path: Path, app: str
) -> None:
    source, target = two_databases
    execute(source, _SOURCE.format(app=app))
    refresh(request_for(source, target, tmp_path, grants="source"))
    assert query(target, _RIGHTS) == query(source, _RIGHTS)
    assert query(target, _POLICIES) == query(source, _POLICIES)


def test_without_grants_policies_are_mapped_all_the_same(
    two_databases: TwoDatabases, tmp_path: Path, app: str
) -> None:
    source, target = two_databases
    execute(source, _SOURCE.format(app=app))
    refresh(request_for(source, target, tmp_path, roles={app: f"{app} two"}))
    assert [row[2] for row in query(target, _RIGHTS) if app in str(row[2])] == []
    assert query(target, _POLICIES)[0][3] == f'{{"\\"{app} two\\""}}'


def test_a_role_without_superuser_grants_what_others_granted_in_the_source(
    two_databases: TwoDatabases, tmp_path: Path, app: str, server: EmbeddedServer
) -> None:
    """pg_dump would write SET SESSION AUTHORIZATION for the second grantor, and grant to the source's owner."""
    source, target = two_databases
    name = name_of(target)
    owner, writer = f"dbtool_owner_{name}", f"dbtool_writer_{name}"
    execute(source, f"CREATE ROLE {owner}; CREATE ROLE {writer} LOGIN CREATEDB PASSWORD 'writer'")
    execute(source, f"ALTER DATABASE {name} OWNER TO {writer}")
    execute(
        source,
        f"CREATE TABLE t (id int); ALTER TABLE t OWNER TO {owner}; REVOKE TRUNCATE ON t FROM {owner};"
        f'GRANT SELECT ON t TO {app} WITH GRANT OPTION; SET ROLE {app}; GRANT SELECT ON t TO "{app} two"',
    )
    url = f"postgresql://{writer}:writer@127.0.0.1:{server.port}/{name}"
    try:
        refresh(request_for(source, url, tmp_path, grants="source"))
        assert query(
            target,
            f"SELECT has_table_privilege('{app} two', 't', 'SELECT'), has_table_privilege('{writer}', 't', 'TRUNCATE'),"
            f" has_table_privilege('{writer}', 't', 'INSERT')",
        ) == [(True, False, True)]
    finally:
        execute(source, f"DROP OWNED BY {owner}; DROP ROLE {owner}")


def test_all_roles_that_are_missing_are_told_at_once(
    two_databases: TwoDatabases, tmp_path: Path, app: str
) -> None:
    source, target = two_databases
    execute(source, _SOURCE.format(app=app))
    roles = {app: "dbtool_nobody", f"{app} two": "dbtool nobody either"}
    with pytest.raises(PrivilegeMissing) as refused:
        refresh(request_for(source, target, tmp_path, grants="source", roles=roles))
    errors = [one for one in refused.value.findings if isinstance(one, Finding) and one.is_error]
    assert sorted(one.remedy for one in errors) == [
        'CREATE ROLE "dbtool nobody either"',
        "CREATE ROLE dbtool_nobody",
    ]


def test_a_role_of_the_map_that_the_source_has_not_is_refused(
    two_databases: TwoDatabases, tmp_path: Path, app: str
) -> None:
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int)")
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(source, target, tmp_path, roles={f"{app}x": app}))
    (finding,) = (one for one in refused.value.findings if isinstance(one, Finding) and one.is_error)
    assert f"has no role {app}x; did you mean {app}?" in str(finding)


def test_a_source_of_which_policies_hide_rows_is_refused_by_name(
    two_databases: TwoDatabases, tmp_path: Path, app: str, server: EmbeddedServer
) -> None:
    source, target = two_databases
    execute(
        source,
        f"ALTER ROLE {app} LOGIN PASSWORD 'reader'; CREATE TABLE t (id int); CREATE TABLE u (id int);"
        f"GRANT SELECT ON t, u TO {app}; ALTER TABLE u ENABLE ROW LEVEL SECURITY",
    )
    reader = f"postgresql://{app}:reader@127.0.0.1:{server.port}/{name_of(source)}"
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(reader, target, tmp_path))
    told = [str(one) for one in refused.value.findings if isinstance(one, Finding) and one.is_error]
    assert len(told) == 1
    assert "rows-hidden" in told[0]
    assert "public.u" in told[0]
    with psycopg.connect(target) as connection:
        assert connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'u'").fetchone() == (0,)


def test_default_privileges_serve_what_is_made_in_the_copy(
    two_databases: TwoDatabases, tmp_path: Path, app: str
) -> None:
    source, target = two_databases
    execute(
        source,
        f"CREATE TABLE t (id int); ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {app}",
    )
    refresh(request_for(source, target, tmp_path, grants="source", roles={app: staging_app(app)}))
    execute(target, "CREATE TABLE later (id int)")
    granted = "SELECT grantee FROM information_schema.role_table_grants WHERE table_name = 'later' AND privilege_type = 'SELECT'"
    assert sorted(column_of(target, granted)) == sorted([staging_app(app), "postgres"])
