from __future__ import annotations

import pytest

from dbtool.postgres.roles import (
    Membership,
    Role,
    StoredSetting,
    render_membership,
    render_role,
    render_setting,
)


def test_a_role_is_made_with_its_attributes_and_without_a_login() -> None:
    made = render_role(Role('an "app"', frozenset({"createdb", "inherit"}))).as_string()
    assert made == (
        'CREATE ROLE "an ""app""" NOLOGIN NOSUPERUSER INHERIT NOCREATEROLE CREATEDB NOREPLICATION NOBYPASSRLS'
    )


@pytest.mark.parametrize(
    ("membership", "version", "text"),
    [
        (Membership("g", "m"), 150000, 'GRANT "g" TO "m"'),
        (Membership("g", "m", admin=True), 150000, 'GRANT "g" TO "m" WITH ADMIN OPTION'),
        (Membership("g", "m"), 160000, 'GRANT "g" TO "m" WITH ADMIN FALSE'),
        (
            Membership("g", "m", admin=True, inherit=False, set=True),
            180000,
            'GRANT "g" TO "m" WITH ADMIN TRUE, INHERIT FALSE, SET TRUE',
        ),
        (Membership("g", "m", inherit=False, set=False), 150000, 'GRANT "g" TO "m"'),
    ],
)
def test_a_membership_is_granted_with_the_options_that_the_server_knows(
    membership: Membership, version: int, text: str
) -> None:
    assert render_membership(membership, version).as_string() == text


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        (
            StoredSetting(None, in_database=True, setting="jit=off"),
            """ALTER DATABASE "d" SET "jit" TO 'off'""",
        ),
        (StoredSetting("r", in_database=False, setting="jit=off"), """ALTER ROLE "r" SET "jit" TO 'off'"""),
        (
            StoredSetting("r", in_database=True, setting="a.b=x=y"),
            """ALTER ROLE "r" IN DATABASE "d" SET "a"."b" TO 'x=y'""",
        ),
        (StoredSetting(None, in_database=False, setting="jit=off"), """ALTER ROLE ALL SET "jit" TO 'off'"""),
        (
            StoredSetting("r", in_database=False, setting='search_path="$user", public'),
            """ALTER ROLE "r" SET "search_path" TO '$user', 'public'""",
        ),
    ],
)
def test_a_setting_is_stored_for_whom_it_was(stored: StoredSetting, text: str) -> None:
    assert render_setting("d", stored).as_string() == text
