"""What the rules decide for a column, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind
from dbtool.digest import ProjectKey
from dbtool.masking.compile import plan_masking
from dbtool.masking.explain import ColumnExplained, Explainer
from dbtool.masking.inheritance import find_way
from dbtool.masking.mask import Overlap, Uniqueness
from dbtool.masking.resolve import Workshop, resolve_masks
from dbtool.refresh.explain_rules import TableExplained
from dbtool.report.explain_rules import render_table_explained, table_explained_as_json
from dbtool.rules.loader import load_rules
from dbtool.rules.lockfile import KeptColumn, render_lock
from tests.unit.masking.coverage_cases import INT8, MASKS, key, name, ref, table

_KEY = ProjectKey(b"k" * 32)
_LOSSY = {
    **MASKS,
    "lossy": replace(MASKS["email"], name="lossy", uniqueness=Uniqueness.LOSSY),
    "one": replace(
        MASKS["email"], name="one", overlap=Overlap.NOT_READ, capacity=lambda _options, _context: 1
    ),
}
_CATALOG = build_catalog(
    180000,
    [
        table("customers", "id name email"),
        table("orders", "id customer_id"),
        table("lines", "order_customer"),
        Relation(
            name("places"),
            RelationKind.TABLE,
            (Column("a", INT8), Column("b", INT8, generated=True, default="(a + 1)")),
        ),
    ],
    foreign_keys=(
        key("orders.customer_id", "customers.id"),
        key("lines.order_customer", "orders.customer_id"),
    ),
    unique_indexes=(
        UniqueIndex("customers_pkey", name("customers"), ("id",), is_primary=True),
        UniqueIndex("customers_email", name("customers"), ("email",)),
    ),
)
_RULES = """version: 1
tables:
  public.customers:
    id: {keep: a key}
    name: {mask: lossy, domain: names}
    email: {mask: MASK}
  public.orders: {id: {keep: a key}}
"""


def told_of(folder: Path, rules: str, column: str) -> list[str]:
    """Of public.customers, under other rules."""
    return told(explain(folder, "customers", column, rules=rules))


def explain(
    folder: Path,
    table_name: str,
    *columns: str,
    mask: str = "email",
    catalog: Catalog = _CATALOG,
    rules: str = _RULES,
) -> tuple[ColumnExplained, ...]:
    (folder / "rules.yaml").write_text(rules.replace("MASK", mask))
    loaded = load_rules(folder)
    plan = plan_masking(catalog, loaded, _KEY, _LOSSY)
    shop = Workshop(_LOSSY, _KEY, loaded.locale)
    masked = resolve_masks(catalog, plan.coverage, shop)
    relation = catalog.relations[name(table_name)]
    explainer = Explainer(catalog, loaded, plan.coverage, masked, plan.findings, workshop=shop)
    return explainer.explain(relation, columns)


def told(columns: tuple[ColumnExplained, ...]) -> list[str]:
    relation = columns[0].column.relation
    return render_table_explained(TableExplained(relation, relation, columns)).splitlines()


def test_says_what_is_decided_and_where_that_is_written(tmp_path: Path) -> None:
    assert told(explain(tmp_path, "customers", "id")) == [
        "public.customers.id  bigint",
        "  kept: a key",
        f"  written at {tmp_path}/rules.yaml:4:10",
        "  primary key customers_pkey holds",
    ]


def test_says_what_a_mask_promises(tmp_path: Path) -> None:
    assert told(explain(tmp_path, "customers", "name")) == [
        "public.customers.name  bigint",
        "  masked by lossy in domain names",
        f"  written at {tmp_path}/rules.yaml:5:11",
        "  promise: unique: lossy; overlap: disjoint; space: private",
        "  canonical: trim",
    ]


_DOCUMENTS = """version: 1
domains: {names: {mask: lossy, canonical: [casefold]}}
tables:
  public.papers:
    body:
      json: {"$.name": {domain: names}, "$.to[*]": {mask: email}, "$.theme": keep}
      when: id > 3
      otherwise: {json: {"$.*": {mask: lossy}}}
"""


def test_says_what_the_mask_of_each_path_promises_for_all_kinds_of_rows(tmp_path: Path) -> None:
    papers = Relation(
        name("papers"),
        RelationKind.TABLE,
        (Column("id", INT8), Column("body", ColumnType("jsonb", "jsonb"))),
    )
    columns = explain(tmp_path, "papers", "body", catalog=build_catalog(180000, [papers]), rules=_DOCUMENTS)
    promise = "promise: unique: {}; overlap: disjoint; space: private"
    assert told(columns)[1:-1] == [
        "  where id > 3",
        "    decided by path; what no path decides: error",
        "      $.name: masked by lossy in domain names",
        f"        {promise.format('lossy')}",
        "        canonical: casefold",
        "      $.to[*]: masked by email",
        f"        {promise.format('collision-free in practice')}, as many stand-ins as values",
        "        canonical: trim",
        "      $.theme: kept",
        "  otherwise, and where that is NULL",
        "    decided by path; what no path decides: error",
        "      $.*: masked by lossy",
        f"        {promise.format('lossy')}",
        "        canonical: trim",
    ]
    (document,) = table_explained_as_json(
        "production", TableExplained(name("papers"), name("papers"), columns)
    )["columns"]
    assert document["promise_by_path"].keys() == {"$.name", "$.to[*]"}
    assert document["promise_by_path"]["$.name"]["canonical"] == ["casefold"]
    assert document["promise_by_path_otherwise"]["$.*"]["unique"] == "lossy"


def test_says_by_which_keys_a_decision_is_inherited(tmp_path: Path) -> None:
    (column,) = explain(tmp_path, "lines", "order_customer")
    assert column.chain == (ref("lines.order_customer"), ref("orders.customer_id"), ref("customers.id"))
    assert "  inherited: public.lines.order_customer → public.orders.customer_id → public.customers.id" in (
        told((column,))
    )


def test_the_way_to_a_key_is_the_shortest_and_a_cycle_ends() -> None:
    catalog = build_catalog(
        180000,
        [table(one, "id") for one in "abcd"],
        foreign_keys=(
            key("a.id", "b.id"),
            key("b.id", "c.id"),
            key("c.id", "a.id"),
            key("a.id", "c.id"),
        ),
    )
    assert find_way(catalog, (), ref("a.id"), ref("c.id")) == (ref("a.id"), ref("c.id"))
    assert find_way(catalog, (), ref("b.id"), ref("a.id")) == (ref("b.id"), ref("c.id"), ref("a.id"))
    assert find_way(catalog, (), ref("a.id"), ref("d.id")) == ()


def test_an_index_that_would_not_hold_stops(tmp_path: Path) -> None:
    (column,) = explain(tmp_path, "customers", "email", mask="lossy")
    (index,) = column.indexes
    assert (str(index.name), index.kind, index.holds) == ("public.customers_email", "unique index", False)
    assert column.stops
    assert [line.endswith("[uniqueness-not-proved]") for line in told((column,))].count(True) == 1
    (other,) = explain(tmp_path, "customers", "name", mask="lossy")
    assert (other.indexes, other.stops) == ((), False)


def test_an_index_of_another_table_is_not_told(tmp_path: Path) -> None:
    (column,) = explain(tmp_path, "orders", "id")
    assert column.indexes == ()


def test_the_odds_of_an_index_are_a_note(tmp_path: Path) -> None:
    (column,) = explain(tmp_path, "customers", "email")
    assert not column.stops
    assert any(line.startswith("  note: unique index customers_email") for line in told((column,)))


def test_a_column_that_no_rule_decides_comes_with_the_rule_to_write(tmp_path: Path) -> None:
    (column,) = explain(tmp_path, "places", "a")
    assert column.stops
    lines = told((column,))
    assert lines[1] == "  undecided: no rule says what becomes of it"
    assert '        a: {keep: ""}' in lines


def test_documents_and_arrays_are_told_part_by_part(tmp_path: Path) -> None:
    rules = _RULES.replace("{mask: lossy, domain: names}", "{hstore: {a: keep, '*': {mask: lossy}}}").replace(
        "{mask: MASK}", "{each: {mask: email}}"
    )
    kept, columns = told_of(tmp_path, rules, "name"), told_of(tmp_path, rules, "email")
    assert kept[1:4] == [
        "  decided by key; what no key decides: error",
        "    a: kept",
        "    *: masked by lossy",
    ]
    assert columns[1] == "  masked element by element by email"


_XML = """version: 1
tables:
  public.papers:
    id: {mask: one}
    body: {xml: {"//s:name": {mask: lossy}, "/a/@id": keep}, namespaces: {s: "urn:s", "": "urn:t"}}
"""


def test_xml_is_told_path_by_path(tmp_path: Path) -> None:
    columns = (Column("id", INT8), Column("body", ColumnType("xml", "xml")))
    papers = Relation(name("papers"), RelationKind.TABLE, columns)
    catalog = build_catalog(180000, [papers])
    (column,) = explain(tmp_path, "papers", "body", catalog=catalog, rules=_XML)
    assert told((column,))[1:-1] == [
        "  decided by path; what no path decides: error",
        "  prefixes: s is urn:s, none is urn:t",
        "    //s:name: masked by lossy",
        "      promise: unique: lossy; overlap: disjoint; space: private",
        "      canonical: trim",
        "    /a/@id: kept",
    ]
    document = table_explained_as_json("e", TableExplained(name("papers"), name("papers"), (column,)))
    (as_json,) = document["columns"]
    assert as_json["decision"] == "xml"
    assert as_json["namespaces"] == {"s": "urn:s", "": "urn:t"}
    assert as_json["paths"]["/a/@id"]["decision"] == "keep"


def test_one_value_for_all_rows_has_no_space(tmp_path: Path) -> None:
    papers = Relation(name("papers"), RelationKind.TABLE, (Column("id", INT8), Column("body", INT8)))
    catalog = build_catalog(180000, [papers])
    columns = explain(tmp_path, "papers", "id", catalog=catalog, rules=_XML)
    assert "  promise: unique: collision-free in practice; overlap: not read, 1 stand-in" in told(columns)


def test_a_generated_column_needs_no_decision(tmp_path: Path) -> None:
    (column,) = explain(tmp_path, "places", "b")
    assert not column.stops
    assert told((column,))[1:] == ["  generated, and computed by the target from what it depends on: (a + 1)"]


def test_a_finding_of_another_column_is_not_told(tmp_path: Path) -> None:
    longer = build_catalog(180000, [table("customers", "id name email id2 idx")])
    (column,) = explain(tmp_path, "customers", "id", catalog=longer)
    assert column.findings == ()


def test_says_what_was_accepted_of_a_kept_column(tmp_path: Path) -> None:
    lock = tmp_path / "dbtool.lock"
    lock.write_text(render_lock([KeptColumn(ref("customers.id"), "integer", is_key=True)]))
    assert f"  accepted: integer, part of a key ({lock}:4:1)" in told(explain(tmp_path, "customers", "id"))
    assert "  accepted: by nobody yet" in told(explain(tmp_path, "orders", "id"))


def test_json_has_the_same(tmp_path: Path) -> None:
    columns = explain(tmp_path, "customers", "id", "name", "email", mask="lossy")
    document = table_explained_as_json(
        "production", TableExplained(name("customers"), name("customers"), columns)
    )
    assert (document["command"], document["status"]) == ("rules explain", "refused")
    kept, lossy, email = document["columns"]
    assert (kept["decision"], kept["reason"], kept["key"]) == ("keep", "a key", True)
    assert (lossy["mask"], lossy["domain"], lossy["promise"]["unique"]) == ("lossy", "names", "lossy")
    assert [(one["index"], one["holds"]) for one in email["unique"]] == [("public.customers_email", False)]
