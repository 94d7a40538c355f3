"""What is told of a subset: as a plan, with a result, and as JSON."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from rich.console import Console, RenderableType

from dbtool.catalog.relations import RelationName
from dbtool.refresh.manifest import result_as_json, subset_as_json
from dbtool.refresh.plan import ColumnPlanned, RefreshPlan, TablePlanned
from dbtool.refresh.result import RefreshResult, SnapshotTaken, Verification
from dbtool.report.refresh import print_to, render_plan, render_result
from dbtool.report.refresh_json import plan_as_json
from dbtool.subset.plan import Advice, EdgePull, Share, SubsetPlan, TableShare


def table(name: str) -> RelationName:
    return RelationName("public", name)


CUSTOMER = "public.orders.customer_id → public.customers"
PRODUCT = "public.orders.product_id → public.products"
COMPOSITE = "[public.notes.a, public.notes.b] → public.orders"
SUBSET = SubsetPlan(
    profile="dev",
    roots=(("5 % of public.customers, where …", 1_000), ("2 ids of public.orders", 2)),
    tables=(
        TableShare(table("archive"), "skip", 0, 900, 0),
        TableShare(table("countries"), "all", 250, 250, 8192, (Share("all", "all", 250),)),
        TableShare(
            table("customers"),
            "rows",
            1_001,
            20_000,
            100 << 10,
            (
                Share("root", "5 % of public.customers, where …", 1_000),
                Share("referenced", CUSTOMER, 1),
            ),
        ),
        TableShare(table("drafts"), "rows", 0, 5, 0),
        TableShare(table("notes"), "rows", 40, -1, 900, (Share("referencing", COMPOSITE, 40),), nulled=7),
        TableShare(
            table("orders"),
            "rows",
            12_002,
            240_000,
            3 << 20,
            (Share("referencing", CUSTOMER, 12_000), Share("root", "2 ids of public.orders", 2)),
        ),
        TableShare(table("products"), "rows", 300, 300, 4096, (Share("referenced", PRODUCT, 300),)),
        TableShare(table("sessions"), "empty", 0, 5_000, 0),
        TableShare(table("towns"), "unreached", 0, 70, 0),
    ),
    pulls=(
        EdgePull(
            CUSTOMER, "public.orders.customer_id", "referencing", table("orders"), 1_000, 12_000, 3 << 20, 1
        ),
        EdgePull(
            COMPOSITE,
            "[public.notes.a, public.notes.b]",
            "referencing",
            table("notes"),
            12_002,
            40,
            900,
            1,
            5,
        ),
        EdgePull(CUSTOMER, "public.orders.customer_id", "referenced", table("customers"), 2, 1, 102, 1),
        EdgePull(PRODUCT, "public.orders.product_id", "referenced", table("products"), 12_002, 300, 4096, 2),
    ),
    orphans=((PRODUCT, 3),),
    advice=Advice(
        table("orders"),
        0.964,
        "public.orders.customer_id",
        12.0,
        "subset:\n  referencing:\n    edges:\n      public.orders.customer_id: {max_per_row: 6}",
    ),
    seconds=1.5,
)
PLAN = RefreshPlan(
    source="production",
    target="staging",
    live="shop",
    live_exists=True,
    needs_adoption=False,
    tables=(
        TablePlanned(
            table("orders"),
            240_000,
            60 << 20,
            2,
            binary=False,
            masked=(ColumnPlanned("note", "text", "text"),),
            chosen=12_002,
        ),
    ),
    findings=(),
    programs=("psql of 18.6",),
    subset=SUBSET,
)
RESULT = RefreshResult(
    source="production",
    target="staging",
    status="ok",
    live="shop",
    previous=(),
    made_at="20260102030405678",
    snapshot=SnapshotTaken("3-1B-1", "0/1A2B3C", "2026-01-02T03:04:05.000000Z"),
    tables=(),
    verification=Verification(),
    findings=(),
    sequences=(),
    key_id="0123456789abcdef",
    rules_digest="fedcba9876543210fedcba98",
    pools_digest="aaaa",
    programs=(),
    stages=(),
    seconds=1.0,
    subset=SUBSET,
)


_WIDE = 100


def lines_of(renderable: RenderableType, width: int = _WIDE) -> list[str]:
    out = io.StringIO()
    print_to(Console(file=out, width=width, force_terminal=width < _WIDE, color_system=None), renderable)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_subset_reads_as_a_table_with_the_reasons_and_what_dominates() -> None:
    assert lines_of(render_plan(PLAN)) == [
        "table               rows       of   size ≈  why",
        "public.orders     12,002  240,000  3.0 MiB  customer_id → public.customers (12,000); root 2 ids (2)",
        "public.customers   1,001   20,000  100 KiB  root 5 %, where … (1,000); ← public.orders.customer_id (1)",
        "public.countries     250      250  8.0 KiB  all",
        "public.products      300      300  4.0 KiB  ← public.orders.product_id (300)",
        "public.notes          40  unknown    900 B  [a, b] → public.orders (40); NULL for a reference in 7",
        "no rows (empty by the rules): public.sessions",
        "no rows (none was chosen): public.drafts",
        "no rows (skipped by the rules): public.archive",
        "no rows (no way leads there from a root): public.towns",
        "column → table (rows): they refer to rows of the subset; ← column (rows): rows of the subset refer to them",
        "",
        "subset dev: 13,593 of more than 266,565 rows, about 3.1 MiB; chosen in 1.5 s",
        "  root 5 % of public.customers, where …: 1,000 rows",
        "  root 2 ids of public.orders: 2 rows",
        "  public.orders.product_id → public.products: 3 rows of the source refer to nothing, and do so in the copy",
        "  public.orders makes 96% of its size: public.orders.customer_id brings 12.0 rows for each. To take fewer:",
        "    subset:",
        "      referencing:",
        "        edges:",
        "          public.orders.customer_id: {max_per_row: 6}",
        "",
        "production → staging: 1 table, about 3.1 MiB plus indexes",
        "  psql of 18.6",
        "  a candidate is built and verified beside shop, then swapped in by rename",
        "nothing was written",
    ]


def test_masked_columns_come_with_more_words() -> None:
    assert "note (text)" not in "\n".join(lines_of(render_plan(PLAN)))
    assert lines_of(render_plan(PLAN, verbose=True))[1] == (
        "public.orders          240,000  60.0 MiB       2  note (text)"
    )


def test_many_tables_without_rows_are_counted_and_named_only_when_asked() -> None:
    many = tuple(TableShare(table(f"t{number}"), "unreached", 0, 1, 0) for number in range(500))
    plan = replace(PLAN, subset=replace(SUBSET, tables=(*SUBSET.tables[1:2], *many)))
    assert "no rows (no way leads there from a root): 500 tables, which -v names" in lines_of(
        render_plan(plan)
    )
    assert any(
        "public.t0, public.t1, public.t10" in line for line in lines_of(render_plan(plan, verbose=True))
    )


def test_no_more_than_three_reasons_of_a_table_are_told_unless_asked() -> None:
    shares = tuple(Share("referenced", PRODUCT, rows) for rows in (50, 40, 30, 20, 10))
    plan = replace(
        PLAN, subset=replace(SUBSET, tables=(TableShare(table("products"), "rows", 150, 1, 1, shares),))
    )
    brief, whole = (lines_of(render_plan(plan, verbose=verbose)) for verbose in (False, True))
    assert brief[1].endswith(
        "(50); ← public.orders.product_id (40); ← public.orders.product_id (30); 2 more (30)"
    )
    assert whole[4].endswith("(20); ← public.orders.product_id (10)")


def test_a_small_subset_is_given_no_advice_and_one_that_no_cap_helps_only_the_dominance() -> None:
    assert SUBSET.advice is not None
    none = replace(PLAN, subset=replace(SUBSET, advice=None))
    assert not any("makes" in line for line in lines_of(render_plan(none)))
    bare = replace(PLAN, subset=replace(SUBSET, advice=replace(SUBSET.advice, edge="", yaml="")))
    assert "  public.orders makes 96% of its size" in lines_of(render_plan(bare))


def test_a_result_says_which_subset_it_is() -> None:
    line = (
        "subset dev of 5 % of public.customers, where … (1,000); 2 ids of public.orders (2): "
        "13,593 of more than 266,565 rows"
    )
    assert line in lines_of(render_result(RESULT))
    known = replace(SUBSET, profile=None, tables=SUBSET.tables[1:3])
    assert (
        "subset of 5 % of public.customers, where … (1,000); 2 ids of public.orders (2): 1,251 of about 20,250 rows"
    ) in lines_of(render_result(replace(RESULT, subset=known)))


DOCUMENT: dict[str, Any] = {
    "profile": "dev",
    "roots": [
        {"root": "5 % of public.customers, where …", "rows": 1_000},
        {"root": "2 ids of public.orders", "rows": 2},
    ],
    "tables": [
        {
            "name": "public.notes",
            "state": "rows",
            "rows": 40,
            "of_rows_estimated": -1,
            "bytes": 900,
            "nulled": 7,
            "why": [{"reason": "referencing", "what": COMPOSITE, "rows": 40}],
        },
        {
            "name": "public.sessions",
            "state": "empty",
            "rows": 0,
            "of_rows_estimated": 5_000,
            "bytes": 0,
            "nulled": 0,
            "why": [],
        },
    ],
    "edges": [
        {
            "edge": COMPOSITE,
            "direction": "referencing",
            "table": "public.notes",
            "from_rows": 12_002,
            "rows": 40,
            "bytes": 900,
            "rounds": 1,
            "max_per_row": 5,
        }
    ],
    "orphans": [{"edge": PRODUCT, "rows": 3}],
    "advice": {
        "table": "public.orders",
        "share": 0.964,
        "edge": "public.orders.customer_id",
        "mean_rows": 12.0,
        "yaml": "subset:\n  referencing:\n    edges:\n      public.orders.customer_id: {max_per_row: 6}",
    },
    "seconds": 1.5,
}


def test_a_subset_as_json_is_the_contract() -> None:
    fewer = replace(SUBSET, tables=(SUBSET.tables[4], SUBSET.tables[7]), pulls=SUBSET.pulls[1:2])
    assert subset_as_json(fewer) == DOCUMENT
    assert subset_as_json(replace(fewer, advice=None))["advice"] is None
    assert plan_as_json(replace(PLAN, subset=fewer))["subset"] == DOCUMENT
    assert result_as_json(replace(RESULT, subset=fewer))["subset"] == DOCUMENT


def test_a_planned_table_as_json_has_its_exact_rows_beside_the_estimate() -> None:
    planned = plan_as_json(PLAN)["tables"][0]
    assert (planned["rows_estimated"], planned["rows"]) == (240_000, 12_002)


def test_in_a_narrow_terminal_each_reason_begins_a_line_and_keeps_its_arrow() -> None:
    lines = lines_of(render_plan(PLAN), width=72)
    start = next(at for at, line in enumerate(lines) if line.startswith("public.customers"))
    assert [line[44:] for line in lines[start : start + 3]] == [
        "root 5 %, where … (1,000)",
        "← public.orders.customer_id",
        "  (1)",
    ]
