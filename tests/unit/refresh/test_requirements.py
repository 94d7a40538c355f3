from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from dbtool.catalog.catalog import build_catalog
from dbtool.postgres.requirements import NeededRoles, Offer
from dbtool.refresh.requirements import judge_requirements
from dbtool.targets import Target, Tier

STAGING = Target("staging", Tier.STAGING, lambda: "")
OFFER = Offer(
    roles=frozenset({"me", "reader", "owner", "stranger"}),
    ours=frozenset({"me", "owner"}),
    extensions=frozenset({"plpgsql", "citext", "file_fdw"}),
    for_anybody=frozenset({"plpgsql", "citext"}),
)


def judge(
    target: Target = STAGING, *, extensions: tuple[str, ...] = (), superuser: bool = False, **needed: Any
) -> list[str]:
    catalog = build_catalog(180000, [], extensions=tuple((name, "1.0") for name in extensions))
    source: Any = SimpleNamespace(catalog=catalog, needed_roles=NeededRoles(**needed))
    seen: Any = SimpleNamespace(offer=OFFER, facts=SimpleNamespace(current_user="me", is_superuser=superuser))
    return [f"{one.severity} {one.check} {one.remedy}" for one in judge_requirements(target, source, seen)]


def test_a_role_that_a_policy_names_must_be_there() -> None:
    assert judge(in_policies=("reader",)) == []
    assert judge(in_policies=("Only Here",)) == ['error role-missing CREATE ROLE "Only Here"']


def test_roles_that_were_granted_something_count_only_where_grants_are_restored() -> None:
    assert judge(in_grants=("gone",)) == []
    assert judge(replace(STAGING, grants="source"), in_grants=("gone", "reader")) == [
        "error role-missing CREATE ROLE gone"
    ]


def test_the_owner_must_be_there_and_ours() -> None:
    assert judge(replace(STAGING, owner="owner")) == []
    assert judge(replace(STAGING, owner="gone")) == ["error role-missing CREATE ROLE gone"]
    assert judge(replace(STAGING, owner="stranger")) == ["error not-member GRANT stranger TO me"]


def test_extensions_must_be_there_unless_they_are_expected() -> None:
    missing = ["error extension-missing install postgis there, or drop it from the source"]
    assert judge(extensions=("plpgsql", "citext", "postgis")) == missing
    assert judge(replace(STAGING, extensions="expect"), extensions=("postgis",)) == []


def test_an_extension_for_superusers_is_a_warning_to_others() -> None:
    assert judge(extensions=("file_fdw",), superuser=True) == []
    assert judge(extensions=("file_fdw",)) == [
        "warning extension-untrusted refresh as a superuser, or drop it from the source"
    ]
