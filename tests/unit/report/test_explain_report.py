"""Why a row is in the subset, as people and as programs read it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import FindingsRefuse, ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.refresh.explain_row import Explanation, RowShown
from dbtool.report.explain import (
    describe_hindrance,
    explanation_as_json,
    failure_as_json,
    render_explanation,
)
from dbtool.subset.explain import Hindrance, HindranceKind


def table(name: str) -> RelationName:
    return RelationName("public", name)


FOUND = Explanation(
    table("products"),
    ("id",),
    ("9",),
    None,
    way=(
        RowShown(table("tenants"), ("id",), ("3",), "root", "5 % of public.tenants"),
        RowShown(table("customers"), ("id",), (None,), "referencing", "public.customers.tenant_id"),
        RowShown(table("lines"), ("order", "number"), (None, "2"), "referencing", "public.lines.customer_id"),
        RowShown(table("products"), ("id",), ("9",), "referenced", "public.lines.product_id"),
    ),
)
NOT_FOUND = Explanation(
    table("orders"),
    ("id",),
    ("42",),
    "dev",
    hindrances=(
        Hindrance("no-root", "public.orders"),
        Hindrance("over-the-cap", "public.orders.customer_id", 50),
        Hindrance("unreferenced", "public.refunds.order_id"),
    ),
)


def test_a_way_is_told_from_the_root_and_masked_keys_are_not_shown() -> None:
    assert render_explanation(FOUND).splitlines() == [
        "public.products id 9 is in the subset",
        "  public.tenants id 3                  root: 5 % of public.tenants",
        "  └ public.customers id …              refers to it by public.customers.tenant_id",
        "    └ public.lines order …, number 2   refers to it by public.lines.customer_id",
        "      └ public.products id 9           it refers to this by public.lines.product_id",
    ]


def test_a_row_outside_is_told_with_everything_that_did_not_bring_it() -> None:
    assert render_explanation(NOT_FOUND).splitlines() == [
        "public.orders id 42 is not in the subset dev",
        "  no root selects rows of public.orders",
        "  public.orders.customer_id: the row that it refers to has 50 others before it, the most that follow (max_per_row)",
        "  public.refunds.order_id: nothing refers to it",
    ]


def test_a_table_that_is_copied_whole_is_a_way_of_one_row() -> None:
    whole = replace(FOUND, way=(RowShown(table("products"), ("id",), ("9",), "all", "all"),))
    assert render_explanation(whole).splitlines()[1:] == [
        "  public.products id 9   every row of its table is copied"
    ]


def test_without_a_subset_every_row_is_copied() -> None:
    every = replace(FOUND, way=(), copies_all=True)
    assert every.is_copied
    assert (
        render_explanation(every)
        == "public.products id 9 is copied: the rules have no subset, so every row is"
    )
    assert explanation_as_json("production", every)["path"] is None


def test_of_a_long_way_both_ends_are_told() -> None:
    steps = [
        RowShown(table("nodes"), ("id",), (str(number),), "referencing", "public.nodes.parent")
        for number in range(10_000)
    ]
    lines = render_explanation(replace(FOUND, way=tuple(steps))).splitlines()
    assert len(lines) == 14
    assert lines[7].strip() == "… 9,988 rows between"
    assert "public.nodes id 5 " in lines[6]
    assert "public.nodes id 9994 " in lines[8]
    assert max(map(len, lines)) < 120


def test_what_would_move_a_cursor_is_not_printed() -> None:
    assert "\x1b" not in render_explanation(replace(FOUND, ids=("\x1b[2J",)))


@pytest.mark.parametrize("kind", get_args(HindranceKind))
def test_every_hindrance_has_its_words(kind: HindranceKind) -> None:
    words = describe_hindrance(Hindrance(kind, "public.a.b", 7))
    assert "public.a.b" in words
    assert "{" not in words


def test_json_is_the_contract() -> None:
    assert explanation_as_json("production", replace(FOUND, way=FOUND.way[1:2])) == {
        "schema": 1,
        "command": "rules explain",
        "status": "ok",
        "environment": "production",
        "table": "public.products",
        "key": ["id"],
        "ids": ["9"],
        "profile": None,
        "in_subset": True,
        "path": [
            {
                "table": "public.customers",
                "key": {"id": None},
                "reason": "referencing",
                "what": "public.customers.tenant_id",
            }
        ],
        "why_not": [],
    }
    outside = explanation_as_json("production", NOT_FOUND)
    assert (outside["in_subset"], outside["path"], outside["profile"]) == (False, [], "dev")
    assert outside["why_not"][1] == {
        "reason": "over-the-cap",
        "what": "public.orders.customer_id",
        "max_per_row": 50,
        "message": "public.orders.customer_id: the row that it refers to has 50 others before it, the most that follow "
        "(max_per_row)",
    }


def test_a_failure_as_json_tells_whether_anything_broke() -> None:
    finding = Finding("subset-table", Severity.ERROR, "rules.yaml:3:1", "m", "r")
    refused = failure_as_json("rules explain", "production", FindingsRefuse("m", [finding]))
    assert (refused["status"], refused["error"]) == ("refused", {"message": "m", "exit_code": 1})
    assert [each["check"] for each in refused["findings"]] == ["subset-table"]
    assert failure_as_json("rules explain", "production", ServerFailed("m"))["status"] == "failed"
