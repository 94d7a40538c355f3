import pytest

from dbtool.postgres.rights import (
    DefaultGrant,
    Grant,
    Policy,
    Rights,
    render_default_grant,
    render_grant,
    render_policy,
)

ROLES = {"app": 'staging "app', "ops": 'staging "app'}


def role_of(role: str) -> str:
    return ROLES.get(role, role)


def grant(**changed: object) -> Grant:
    known: dict[str, object] = {
        "keyword": "TABLE",
        "schema": "public",
        "name": "app",
        "arguments": None,
        "column_name": None,
        "grantee": "app",
        "is_owner": False,
        "privileges": ("SELECT",),
    }
    return Grant(**{**known, **changed})  # type: ignore[arg-type]  # each is a field's


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 'GRANT SELECT ON TABLE "public"."app" TO "staging ""app"'),
        ({"grantee": "application"}, 'GRANT SELECT ON TABLE "public"."app" TO "application"'),
        ({"grantee": None}, 'GRANT SELECT ON TABLE "public"."app" TO PUBLIC'),
        ({"is_owner": True}, 'GRANT SELECT ON TABLE "public"."app" TO CURRENT_USER'),
        (
            {"is_owner": True, "grantee": "pg_database_owner", "keyword": "SCHEMA", "name": None},
            'GRANT SELECT ON SCHEMA "public" TO "pg_database_owner"',
        ),
        (
            {"is_revoked": True, "privileges": ("INSERT", "SELECT")},
            'REVOKE INSERT, SELECT ON TABLE "public"."app" FROM "staging ""app"',
        ),
        (
            {"column_name": "TO app", "is_grantable": True, "privileges": ("SELECT", "UPDATE")},
            'GRANT SELECT ("TO app"), UPDATE ("TO app") ON TABLE "public"."app" TO "staging ""app" WITH GRANT OPTION',
        ),
        (
            {"keyword": "ROUTINE", "arguments": 'integer, public."{}"', "privileges": ("EXECUTE",)},
            'GRANT EXECUTE ON ROUTINE "public"."app"(integer, public."{}") TO "staging ""app"',
        ),
        (
            {"keyword": "FOREIGN SERVER", "schema": None, "name": "far", "privileges": ("USAGE",)},
            'GRANT USAGE ON FOREIGN SERVER "far" TO "staging ""app"',
        ),
    ],
)
def test_only_the_grantee_is_mapped(changed: dict[str, object], expected: str) -> None:
    assert render_grant(grant(**changed), role_of).as_string(None) == expected


def test_default_privileges_are_granted_to_who_stands_for_a_role() -> None:
    one = DefaultGrant("maker", "app", "TABLES", "app", ("SELECT",))
    assert render_default_grant(one, role_of).as_string(None) == (
        'ALTER DEFAULT PRIVILEGES IN SCHEMA "app" GRANT SELECT ON TABLES TO "staging ""app"'
    )
    everywhere = DefaultGrant("maker", None, "ROUTINES", None, ("EXECUTE",), is_revoked=True)
    assert render_default_grant(everywhere, role_of).as_string(None) == (
        "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC"
    )


def test_a_policy_names_each_role_once_and_its_expressions_stay() -> None:
    policy = Policy(
        1,
        "public",
        "app",
        "app",
        "SELECT",
        is_permissive=False,
        roles=("app", None, "ops", "x"),
        visible="owner = 'app {}'",
        allowed=None,
        comment=None,
    )
    assert render_policy(policy, role_of).as_string(None) == (
        'CREATE POLICY "app" ON "public"."app" AS RESTRICTIVE FOR SELECT TO "staging ""app", PUBLIC, "x" '
        "USING (owner = 'app {}')"
    )


def test_roles_that_are_asked_for_are_those_that_are_named_and_not_the_objects_owners() -> None:
    rights = Rights(
        (grant(), grant(grantee=None), grant(grantee="owner", is_owner=True)),
        (DefaultGrant("maker", None, "TABLES", "reader", ("SELECT",)),),
    )
    assert rights.roles_in_grants == ("app", "maker", "reader")
    assert rights.makers == ("maker",)
    assert rights.roles_in_policies == ()
