"""Rows of a database explained: the way to each, what keeps it out, and questions that cannot be answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import FindingsRefuse, UsageError
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.refresh.explain_row import Explanation, explain_row
from dbtool.report.explain import render_explanation
from dbtool.rules.loader import load_rules
from dbtool.targets import Target, Tier
from tests.databases import execute
from tests.integration.refreshing import KEY

pytestmark = pytest.mark.one_major

_TABLES = """
CREATE TABLE tenant (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenant, email text NOT NULL UNIQUE);
CREATE TABLE product (id bigint PRIMARY KEY, replaces bigint REFERENCES product);
CREATE TABLE purchase (
    customer_id bigint NOT NULL REFERENCES customer, number int, product_id bigint NOT NULL REFERENCES product,
    PRIMARY KEY (customer_id, number)
) PARTITION BY RANGE (number);
CREATE TABLE purchase_low PARTITION OF purchase FOR VALUES FROM (0) TO (2);
CREATE TABLE purchase_high PARTITION OF purchase FOR VALUES FROM (2) TO (100);
CREATE TABLE audit (id bigint PRIMARY KEY, customer_id bigint REFERENCES customer);
CREATE TABLE country (code text PRIMARY KEY);
CREATE TABLE draft (id bigint PRIMARY KEY);
CREATE TABLE scratch (id bigint PRIMARY KEY);
CREATE TABLE note (text text);
INSERT INTO tenant VALUES (3, 'three'), (4, 'four');
INSERT INTO customer VALUES (17, 3, 'a@x.test'), (18, 3, 'b@x.test'), (19, 4, 'c@x.test');
INSERT INTO product VALUES (1, NULL);
INSERT INTO product SELECT n, n - 1 FROM generate_series(2, 30) n;
INSERT INTO purchase SELECT 17, n, n + 1 FROM generate_series(1, 3) n UNION ALL VALUES (18, 1, 20), (19, 1, 30);
INSERT INTO audit VALUES (1, 17), (2, NULL);
INSERT INTO country VALUES ('NL');
INSERT INTO draft VALUES (1);
INSERT INTO scratch VALUES (1)
"""
_RULES = """version: 1
tables:
  public.tenant: {id: {keep: surrogate}, name: {mask: redact}}
  public.customer: {id: {mask: permute_integer}, email: {mask: email}}
  public.product: {id: {keep: surrogate}}
  public.purchase: {number: {keep: counts}}
  public.audit: {id: {keep: surrogate}}
  public.country: {code: {keep: public}}
  public.draft: {id: {keep: surrogate}}
  public.scratch: {id: {keep: surrogate}}
  public.note: {text: {mask: redact}}
"""
_SUBSET = """
subset:
  roots: [{table: public.tenant, where: "id = 3"}]
  referencing:
    edges:
      public.purchase.customer_id: {max_per_row: 2}
      public.audit.customer_id: none
  tables: {public.country: all, public.draft: empty, public.scratch: skip}
profiles:
  other: {subset: {roots: [{table: public.tenant, ids: [4]}]}}
  everything: {subset: {roots: [{table: public.nothing, percent: 5}]}}
"""


@pytest.fixture
def source(source_url: str) -> str:
    execute(source_url, _TABLES)
    return source_url


def explained(
    source: str, folder: Path, table: str, *ids: str, profile: str | None = None, subset: str = _SUBSET
) -> Explanation:
    file = folder / "rules.yaml"
    file.write_text(_RULES + subset, encoding="utf-8")
    return explain_row(
        Target("production", Tier.PRODUCTION, lambda: source),
        load_rules(file, MASKS.keys(), OptionNames(MASKS)),
        KEY,
        profile=profile,
        table=RelationName("public", table),
        ids=ids,
    )


def told(explanation: Explanation) -> list[str]:
    return render_explanation(explanation).splitlines()


def test_the_way_to_a_row_begins_at_a_root_and_shows_no_masked_key(source: str, tmp_path: Path) -> None:
    assert told(explained(source, tmp_path, "product", "18")) == [
        "public.product id 18 is in the subset",
        "  public.tenant id 3                            root: public.tenant, where …",
        "  └ public.customer id …                        refers to it by public.customer.tenant_id",
        "    └ public.purchase customer_id …, number 1   refers to it by public.purchase.customer_id",
        "      └ public.product id 20                    it refers to this by public.purchase.product_id",
        "        └ public.product id 19                  it refers to this by public.product.replaces",
        "          └ public.product id 18                it refers to this by public.product.replaces",
    ]


def test_the_key_that_was_asked_for_is_shown_as_it_was_given(source: str, tmp_path: Path) -> None:
    assert told(explained(source, tmp_path, "customer", "017"))[-1].startswith("  └ public.customer id 017 ")


def test_another_profile_is_another_subset(source: str, tmp_path: Path) -> None:
    assert not explained(source, tmp_path, "product", "30").is_copied
    other = told(explained(source, tmp_path, "product", "30", profile="other"))
    assert other[:2] == [
        "public.product id 30 is in the subset other",
        "  public.tenant id 4                            root: 1 id of public.tenant",
    ]


@pytest.mark.parametrize(
    ("asked", "hindrances"),
    [
        (
            ("purchase", "17", "3"),
            [
                "no root selects rows of public.purchase",
                (
                    "public.purchase.customer_id: the row that it refers to has 2 others before it, the most that follow "
                    "(max_per_row)"
                ),
                (
                    "public.purchase.product_id: the row that it refers to is in the subset only because others refer to it or "
                    "its table is copied whole; nothing follows such a row"
                ),
            ],
        ),
        (
            ("product", "30"),
            [
                "no root selects rows of public.product",
                "public.product.replaces: the row that it refers to is not in the subset",
                "public.product.replaces: nothing refers to it",
                "public.purchase.product_id: no row of the subset refers to it",
            ],
        ),
        (
            ("audit", "1"),
            [
                "no root selects rows of public.audit",
                "public.audit.customer_id: by the rules nothing follows along this reference",
            ],
        ),
        (
            ("audit", "2"),
            ["no root selects rows of public.audit", "public.audit.customer_id: refers to nothing"],
        ),
        (("draft", "1"), ["the rules leave public.draft empty"]),
        (("scratch", "1"), ["the rules skip public.scratch"]),
        (
            ("tenant", "4"),
            [
                "the root public.tenant, where … does not select it",
                "public.customer.tenant_id: no row of the subset refers to it",
            ],
        ),
    ],
)
def test_a_row_outside_is_told_what_did_not_bring_it(
    asked: tuple[str, ...], hindrances: list[str], source: str, tmp_path: Path
) -> None:
    explanation = explained(source, tmp_path, *asked)
    assert not explanation.is_copied
    assert told(explanation)[1:] == [f"  {hindrance}" for hindrance in hindrances]


def test_names_with_signs_in_them_are_explained_too(source: str, tmp_path: Path) -> None:
    execute(source, 'CREATE TABLE "odd %s" ("rate %d" int, "%(x)s" text, PRIMARY KEY ("rate %d", "%(x)s"))')
    execute(source, """INSERT INTO "odd %s" VALUES (7, 'x%s')""")
    rules = _RULES + """  public."odd %s": {rate %d: {keep: surrogate}, "%(x)s": {keep: surrogate}}\n"""
    file = tmp_path / "rules.yaml"
    file.write_text(
        rules + """subset: {roots: [{table: 'public."odd %s"', percent: 100}]}\n""", encoding="utf-8"
    )
    odd = explain_row(
        Target("production", Tier.PRODUCTION, lambda: source),
        load_rules(file, MASKS.keys(), OptionNames(MASKS)),
        KEY,
        profile=None,
        table=RelationName("public", "odd %s"),
        ids=("7", "x%s"),
    )
    assert [shown.values for shown in odd.way] == [("7", "x%s")]


def test_a_row_of_a_table_that_is_copied_whole_needs_no_other_reason(source: str, tmp_path: Path) -> None:
    assert told(explained(source, tmp_path, "country", "NL"))[1:] == [
        "  public.country code NL   every row of its table is copied"
    ]


def test_without_a_subset_every_row_is_copied(source: str, tmp_path: Path) -> None:
    explanation = explained(source, tmp_path, "product", "2", subset="")
    assert explanation.is_copied
    assert explanation.copies_all


@pytest.mark.parametrize(
    ("asked", "profile", "message"),
    [
        (("products", "1"), None, "no table public.products in production; did you mean public.product"),
        (("product", "99"), None, "public.product has no row with this key"),
        (("product", "x1"), None, "does not fit the type of its column in the key of public.product"),
        (
            ("purchase", "17"),
            None,
            "has 2 columns, and 1 --id was given; nothing was done. Write --id CUSTOMER_ID",
        ),
        (("note", "1"), None, "public.note has no key by which a row could be named"),
        (("product", "1"), "othr", "no profile othr"),
    ],
)
def test_what_cannot_be_answered_is_refused_without_quoting_the_key(
    asked: tuple[str, ...], profile: str | None, message: str, source: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as refused:
        explained(source, tmp_path, *asked, profile=profile)
    assert message in str(refused.value)
    assert "x1" not in str(refused.value)


def test_a_subset_that_does_not_fit_is_refused_with_its_findings(source: str, tmp_path: Path) -> None:
    with pytest.raises(
        FindingsRefuse, match="the subset does not fit production; no row was read"
    ) as refused:
        explained(source, tmp_path, "product", "1", profile="everything")
    assert refused.value.findings
