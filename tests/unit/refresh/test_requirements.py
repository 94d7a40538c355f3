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
LOCALE = {
    "encoding": "UTF8",
    "collate": "C",
    "ctype": "C",
    "locale_provider": "c",
    "icu_locale": None,
}


def judge(
    target: Target = STAGING,
    *,
    extensions: tuple[str, ...] = (),
    superuser: bool = False,
    template: Any = None,
    used: dict[str, str] | None = None,
    **needed: Any,
) -> list[str]:
    catalog = build_catalog(180000, [], extensions=tuple((name, "1.0") for name in extensions))
    source: Any = SimpleNamespace(
        catalog=catalog,
        needed_roles=NeededRoles(**needed),
        used_extensions=used or {},
        facts=SimpleNamespace(**LOCALE),
    )
    seen: Any = SimpleNamespace(
        offer=OFFER, facts=SimpleNamespace(current_user="me", is_superuser=superuser), template=template
    )
    return [f"{one.severity} {one.check} {one.remedy}" for one in judge_requirements(target, source, seen)]


def template_with(extensions: dict[str, str], schemas: dict[str, bool] | None = None, **locale: Any) -> Any:
    facts = SimpleNamespace(**{**LOCALE, **locale})
    return SimpleNamespace(extensions=extensions, schemas=schemas or {}, facts=facts)


def test_a_role_that_a_policy_names_must_be_there() -> None:
    assert judge(in_policies=("reader",)) == []
    assert judge(in_policies=("Only Here",)) == [
        'error role-missing CREATE ROLE "Only Here", or name who stands for it in dbtool.toml: roles = { "Only Here" = "…" }'
    ]


def test_roles_that_were_granted_something_count_only_where_grants_are_restored() -> None:
    assert judge(in_grants=("gone",)) == []
    assert judge(replace(STAGING, grants="source"), in_grants=("gone", "reader")) == [
        'error role-missing CREATE ROLE gone, or name who stands for it in dbtool.toml: roles = { gone = "…" }'
    ]


def test_of_a_mapped_role_the_one_that_stands_for_it_must_be_there() -> None:
    known = frozenset({"app", "ops"})
    mapped = replace(STAGING, grants="source", roles={"app": "reader", "ops": "nobody"})
    assert judge(mapped, in_policies=("app",), in_grants=("app", "ops"), all_roles=known) == [
        "error role-missing CREATE ROLE nobody"
    ]


def test_a_mapped_role_that_the_source_has_not_is_told_with_the_nearest_spelling() -> None:
    mapped = replace(STAGING, roles={"ap": "reader"})
    assert judge(mapped, all_roles=frozenset({"app", "apple"})) == [
        "error role-unknown correct the name, as it is spelt in the source, or remove the line"
    ]


def test_the_owner_must_be_there_and_ours() -> None:
    assert judge(replace(STAGING, owner="owner")) == []
    assert judge(replace(STAGING, owner="gone")) == ["error role-missing CREATE ROLE gone"]
    assert judge(replace(STAGING, owner="stranger")) == ["error not-member GRANT stranger TO me"]


def test_default_privileges_are_set_only_for_roles_that_are_ours() -> None:
    granting = replace(STAGING, grants="source")
    assert judge(STAGING, makers=("stranger",)) == []
    assert judge(granting, makers=("owner",)) == []
    assert judge(granting, makers=("stranger",)) == ["error not-member GRANT stranger TO me"]
    mapped = replace(granting, roles={"stranger": "owner"})
    assert judge(mapped, makers=("stranger",), all_roles=frozenset({"stranger"})) == []


def test_extensions_must_be_there_to_be_made() -> None:
    missing = ["error extension-missing install postgis there, or drop it from the source"]
    assert judge(extensions=("plpgsql", "citext", "postgis")) == missing


def test_extensions_that_are_expected_must_be_in_the_template_where_they_are_in_the_source() -> None:
    expecting = replace(STAGING, extensions="expect")
    there = template_with({"postgis": "geo", "citext": "public"})
    assert judge(expecting, extensions=("cube",), template=there) == []
    assert judge(expecting, used={"postgis": "geo"}, template=there) == []
    assert judge(expecting, used={"postgis": "public", "hstore": "Odd one"}, template=there) == [
        "error extension-expected in template1: ALTER EXTENSION postgis SET SCHEMA public",
        (
            'error extension-expected in template1, as a role that may: CREATE SCHEMA IF NOT EXISTS "Odd one"; '
            'GRANT USAGE ON SCHEMA "Odd one" TO PUBLIC; '
            'CREATE EXTENSION hstore SCHEMA "Odd one"'
        ),
    ]


def test_the_schema_of_an_expected_extension_must_be_one_that_the_role_may_use() -> None:
    expecting = replace(STAGING, extensions="expect")
    closed = template_with({"postgis": "geo"}, schemas={"geo": False})
    assert judge(expecting, used={"postgis": "geo"}, template=closed) == [
        "error extension-expected in template1: GRANT USAGE ON SCHEMA geo TO PUBLIC"
    ]


def test_a_template_of_another_locale_cannot_become_the_copy() -> None:
    expecting = replace(STAGING, extensions="expect")
    assert judge(expecting, template=template_with({}, collate="de_DE")) == [
        'error template-locale make template1 anew with the source\'s locale, or set extensions = "create"'
    ]


def test_an_extension_for_superusers_is_a_warning_to_others() -> None:
    assert judge(extensions=("file_fdw",), superuser=True) == []
    assert judge(extensions=("file_fdw",)) == [
        (
            'warning extension-untrusted have a superuser make it in template1 and set extensions = "expect", refresh as a '
            "superuser, or drop file_fdw from the source"
        )
    ]
