"""pg_type rows → ColumnType."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import TypeKind
from dbtool.postgres.column_types import forbids_null, read_modifier, resolve_type
from dbtool.postgres.sql import Row

_VARCHAR_80 = 84  # what pg_attribute.atttypmod says of varchar(80)


def _type(name: str, schema: str = "pg_catalog", **more: Any) -> Row:
    known: Row = {
        "schema": schema,
        "name": name,
        "kind": "b",
        "domain_of": 0,
        "domain_modifier": -1,
        "domain_not_null": False,
        "element": None,
        "extension": None,
        "labels": [],
        "checks": [],
        "parts": None,
    }
    return {**known, **more}


def _domain(name: str, of: int, **more: Any) -> Row:
    return _type(name, "public", kind="d", domain_of=of, **more)


_TYPES = {
    1: _type("varchar"),
    2: _type("_varchar", element=1),
    3: _domain("email", 1, domain_modifier=_VARCHAR_80, checks=["CHECK (a)"]),
    4: _domain("work email", 3, domain_not_null=True, checks=["CHECK (b)", "CHECK (c)"]),
    5: _type("_email", "public", element=3),
    6: _domain("emails", 5),
    7: _type("mood", "public", kind="e", labels=["sad", "ok"]),
    8: _type("int2vector"),
    9: _domain("tags", 2, domain_modifier=_VARCHAR_80),
    10: _type(
        "place", "public", kind="c", parts=[["At", 11, -1, "public.span"], ["town", 1, 84, "varchar(80)"]]
    ),
    11: _type("span", "public", kind="r", parts=[[None, 1, -1, "varchar"]]),
    12: _type("_place", "public", element=10),
}


def test_a_domain_over_a_domain_is_what_its_values_are_made_of() -> None:
    found = resolve_type(_TYPES, 4, -1, 'public."work email"')
    assert (found.base, found.length, found.is_array) == ("varchar", 80, False)
    assert found.domains == ('public."work email"', "public.email")
    assert found.domain_checks == ("CHECK (b)", "CHECK (c)", "CHECK (a)")
    assert found.sql == 'public."work email"'


def test_domains_are_found_inside_and_outside_of_an_array() -> None:
    found = resolve_type(_TYPES, 6, -1, "public.emails")
    assert (found.base, found.length, found.is_array) == ("varchar", 80, True)
    assert found.domains == ("public.emails", "public.email")


def test_a_domain_hands_its_limit_on_to_an_arrays_elements() -> None:
    assert resolve_type(_TYPES, 9, -1, "public.tags").length == 80
    assert resolve_type(_TYPES, 2, _VARCHAR_80, "character varying(80)[]").length == 80


def test_an_enum_brings_its_labels_in_order() -> None:
    found = resolve_type(_TYPES, 7, -1, "public.mood")
    assert (found.kind, found.labels, found.type_schema) == (TypeKind.ENUM, ("sad", "ok"), "public")


def test_int2vector_is_no_array() -> None:
    assert not resolve_type(_TYPES, 8, -1, "int2vector").is_array


def test_only_a_domain_of_the_column_itself_forbids_null() -> None:
    elements = {**_TYPES, 10: _type("_work email", "public", element=4)}
    assert forbids_null(_TYPES, 4)
    assert not forbids_null(_TYPES, 3)
    assert not forbids_null(elements, 10)


@pytest.mark.parametrize(
    ("base", "modifier", "expected"),
    [
        ("varchar", 84, (80, None, None)),
        ("bpchar", 7, (3, None, None)),
        ("bit", 8, (8, None, None)),
        ("varbit", 20, (20, None, None)),
        ("varchar", -1, (None, None, None)),
        ("numeric", -1, (None, None, None)),
        ("timestamptz", 3, (None, None, None)),
        ("interval", 2147418112, (None, None, None)),
    ],
)
def test_modifiers_are_read_by_type(base: str, modifier: int, expected: tuple[int | None, ...]) -> None:
    assert read_modifier(base, modifier) == expected


@given(precision=st.integers(1, 1000), scale=st.integers(-1000, 1000))
def test_numerics_modifier_unpacks_to_what_was_packed(precision: int, scale: int) -> None:
    packed = ((precision << 16) | (scale & 0x7FF)) + 4  # make_numeric_typmod in PostgreSQL's numeric.c
    assert read_modifier("numeric", packed) == (None, precision, scale)


@pytest.mark.parametrize("oid", [10, 12])
def test_a_composite_type_says_what_it_is_made_of_down_to_the_bounds_of_ranges(oid: int) -> None:
    found = resolve_type(_TYPES, oid, -1, "public.place")
    assert found.kind is TypeKind.COMPOSITE
    assert found.made_of == ('"At" public.span (varchar)', "town varchar(80)")
