"""A refresh of chosen rows, end to end: what was planned is what is copied, closed under every reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.errors import FindingsRefuse, RulesInvalid
from dbtool.findings import Finding
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.plan import plan_refresh
from dbtool.refresh.request import RefreshRequest
from dbtool.rules.loader import load_rules
from tests.databases import column_of, execute, query
from tests.integration.refreshing import keep_everything, request_for

MakeDatabase = Callable[[], str]

# What is asked of a server is tested on each of them in test_subset_source.py.
pytestmark = pytest.mark.one_major

_SHOP = """
CREATE TABLE tenant (id int PRIMARY KEY, plan text NOT NULL);
CREATE TABLE person (
    id bigint PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant, email text UNIQUE, manager_id bigint REFERENCES person
);
CREATE TABLE product (id int PRIMARY KEY, name text);
CREATE TABLE purchase (
    id bigint, day date NOT NULL, person_email text REFERENCES person (email), product_id int NOT NULL REFERENCES product,
    PRIMARY KEY (id, day)
) PARTITION BY RANGE (day);
CREATE TABLE purchase_2025 PARTITION OF purchase FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE purchase_2026 PARTITION OF purchase FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE note (line text, purchase_id bigint, purchase_day date, FOREIGN KEY (purchase_id, purchase_day) REFERENCES purchase);
CREATE TABLE country (code text PRIMARY KEY);
CREATE TABLE scratch (id int PRIMARY KEY, note text);
INSERT INTO tenant SELECT n, CASE WHEN n % 10 = 0 THEN 'test' ELSE 'paid' END FROM generate_series(1, 200) n;
INSERT INTO person SELECT n, 1 + n % 200, 'p' || n || '@lovelace.dk', CASE WHEN n > 1000 THEN n - 1000 END
    FROM generate_series(1, 2000) n;
INSERT INTO product SELECT n, 'product ' || n FROM generate_series(1, 300) n;
INSERT INTO purchase SELECT n, date '2025-06-01' + n % 500, 'p' || 1 + n % 2000 || '@lovelace.dk', 1 + n % 300
    FROM generate_series(1, 6000) n;
INSERT INTO note SELECT 'same', id, day FROM purchase, generate_series(1, 2);
INSERT INTO country VALUES ('dk'), ('no');
INSERT INTO scratch SELECT n, 'x' FROM generate_series(1, 50) n;
ANALYZE
"""


@pytest.fixture
def source(source_url: str) -> str:
    execute(source_url, _SHOP)
    return source_url


def subset_request(
    source: str, target: str, folder: Path, text: str, profile: str | None = None
) -> RefreshRequest:
    """Every column is kept; ``text`` are the other sections of the rule file."""
    file = folder / "subset.yaml"
    file.write_text(f"version: 1\n{text}", encoding="utf-8")
    loaded = load_rules(file)
    with connect(source) as connection:
        tables = keep_everything(read_catalog(connection)).tables
    rules = replace(loaded, tables=tables)
    return request_for(source, target, folder / "state", rules, profile=profile, adopt=True)


def findings_of(error: FindingsRefuse) -> list[tuple[str, str]]:
    return [(one.check, one.message) for one in error.findings if isinstance(one, Finding) and one.is_error]


def counts(url: str, *tables: str) -> dict[str, int]:
    return {table: query(url, f"SELECT count(*) FROM {table}")[0][0] for table in tables}


_TEN = "subset: {roots: [{table: public.tenant, percent: 10}], tables: {public.country: all, public.scratch: empty}}\n"
_TABLES = ("tenant", "person", "product", "purchase", "note", "country", "scratch")


def test_what_was_planned_is_what_is_copied(source: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    target = make_database()
    request = subset_request(source, target, tmp_path, _TEN)
    plan = plan_refresh(request).subset
    done = refresh(request)
    assert plan is not None
    assert done.subset is not None
    planned = {table.name.name: table.rows for table in plan.tables}
    assert planned == {table.name.name: table.rows for table in done.subset.tables}
    assert planned == counts(target, *_TABLES)
    assert 5 < planned["tenant"] < 60
    assert (planned["country"], planned["scratch"]) == (2, 0)
    assert sum(table.rows for table in done.tables) == sum(planned.values())
    for table in plan.tables:
        assert sum(share.rows for share in table.shares) == table.rows


def test_a_subset_is_closed_and_whole_families_come_along(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    refresh(subset_request(source, target, tmp_path, _TEN.replace("percent: 10", "ids: [3, 5]")))
    assert column_of(target, "SELECT id FROM tenant ORDER BY id") == [3, 5]
    followed = "SELECT id FROM person WHERE tenant_id IN (3, 5) ORDER BY id"
    assert column_of(target, "SELECT id FROM person ORDER BY id") == column_of(source, followed)
    ours = "SELECT count(*) FROM purchase p WHERE person_email = ANY (SELECT email FROM person)"
    assert query(target, ours)[0][0] == query(target, "SELECT count(*) FROM purchase")[0][0]
    assert (
        query(target, "SELECT count(*) FROM note")[0][0]
        == 2 * query(target, "SELECT count(*) FROM purchase")[0][0]
    )
    assert query(target, "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated") == [
        (0,)
    ]


def test_the_same_rows_come_every_night_and_five_percent_are_among_ten(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    five, ten, again = make_database(), make_database(), make_database()
    refresh(subset_request(source, five, tmp_path, _TEN.replace("10}", "5}")))
    refresh(subset_request(source, ten, tmp_path, _TEN))
    execute(source, "UPDATE tenant SET plan = plan")
    execute(source, "VACUUM FULL tenant")  # every row lies elsewhere now
    refresh(subset_request(source, again, tmp_path, _TEN))
    rows = [
        set(query(url, "SELECT 'p', id FROM person UNION SELECT 't', id FROM tenant"))
        for url in (five, ten, again)
    ]
    assert rows[0] < rows[1]
    assert rows[1] == rows[2]


def test_tables_that_are_skipped_are_not_made(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    text = "subset: {roots: [{table: public.tenant, ids: [3]}], tables: {public.note: skip, public.scratch: skip}}\n"
    refresh(subset_request(source, target, tmp_path, text))
    assert query(target, "SELECT to_regclass('note'), to_regclass('scratch')") == [(None, None)]
    assert counts(target, "country") == {"country": 0}


def test_references_are_nulled_only_where_the_rules_say_so(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    text = (
        "subset:\n  roots: [{table: public.person, ids: [1999]}]\n  referencing: {default: none}\n"
        "  referenced: {public.person.manager_id: nullify}\n"
    )
    refresh(subset_request(source, target, tmp_path, text))
    assert query(target, "SELECT id, manager_id FROM person") == [(1999, None)]
    pulled = make_database()
    refresh(
        subset_request(
            source, pulled, tmp_path, text.replace("  referenced: {public.person.manager_id: nullify}\n", "")
        )
    )
    assert query(pulled, "SELECT id FROM person ORDER BY id") == [(999,), (1999,)]


def test_a_cap_keeps_the_first_of_each(source: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    target = make_database()
    text = (
        "subset:\n  roots: [{table: public.person, ids: [7]}]\n  referencing:\n    default: all\n    edges:\n"
        "      public.purchase.person_email: {max_per_row: 1, order: day desc}\n      public.person.manager_id: none\n"
    )
    refresh(subset_request(source, target, tmp_path, text))
    wanted = query(
        source, "SELECT id FROM purchase WHERE person_email = 'p7@lovelace.dk' ORDER BY day DESC, id LIMIT 1"
    )
    assert query(target, "SELECT id FROM purchase") == wanted


def test_what_follows_always_follows_what_was_only_pulled_in(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """A purchase brings its product; the product's labels come along, the product's other purchases do not."""
    execute(
        source,
        "CREATE TABLE label (text text PRIMARY KEY); INSERT INTO label SELECT 'label ' || n FROM generate_series(1, 9) n;"
        "CREATE TABLE product_label (product_id int REFERENCES product, label text REFERENCES label, PRIMARY KEY (product_id, label));"
        "INSERT INTO product_label SELECT id, 'label ' || 1 + id % 9 FROM product",
    )
    text = "subset:\n  roots: [{table: public.person, ids: [7]}]\n"
    without, labelled = make_database(), make_database()
    refresh(subset_request(source, without, tmp_path, text))
    assert counts(without, "product", "product_label") == {"product": 3, "product_label": 0}
    always = "  referencing: {edges: {public.product_label.product_id: always}}\n"
    done = refresh(subset_request(source, labelled, tmp_path, text + always))
    assert counts(labelled, "product", "product_label") == {"product": 3, "product_label": 3}
    assert query(labelled, "SELECT label FROM product_label EXCEPT SELECT text FROM label") == []
    assert counts(labelled, "purchase") == counts(without, "purchase")
    assert done.subset is not None
    for table in done.subset.tables:
        assert sum(share.rows for share in table.shares) == table.rows


def test_a_profile_replaces_the_roots(source: str, make_database: MakeDatabase, tmp_path: Path) -> None:
    target = make_database()
    text = (
        _TEN
        + "profiles: {dev: {subset: {roots: [{table: public.tenant, limit: 2}]}}, full: {subset: everything}}\n"
    )
    done = refresh(subset_request(source, target, tmp_path, text, profile="dev"))
    assert counts(target, "tenant") != counts(source, "tenant")
    assert done.subset is not None
    assert done.subset.profile == "dev"
    assert done.subset.roots[0][1] == 2
    whole = make_database()
    assert refresh(subset_request(source, whole, tmp_path, text, profile="full")).subset is None
    assert counts(whole, *_TABLES) == counts(source, *_TABLES)


@pytest.mark.parametrize(
    ("text", "check", "message"),
    [
        (
            "subset: {roots: [{table: public.tenant, where: 'id < 0'}]}\n",
            "subset-root-empty",
            "selects no row",
        ),
        ("subset: {roots: [{table: public.tenent, percent: 5}]}\n", "subset-unknown-table", "public.tenant"),
        (
            "subset: {roots: [{table: public.tenant, percent: 5}], referencing: {edges: {public.person.email: none}}}\n",
            "subset-unknown-edge",
            "public.person.email",
        ),
        (
            "subset: {roots: [{table: public.tenant, percent: 5}], tables: {public.product: empty}}\n",
            "subset-contradiction",
            "public.product",
        ),
        ("subset: {roots: [{table: public.note, percent: 5}]}\n", "subset-no-key", "public.note"),
        (
            (
                "relations: [{from: public.note.purchase_id, by: {public.note.line: {other: public.country.code}}}]\n"
                "subset: {roots: [{table: public.tenant, percent: 5}]}\n"
            ),
            "subset-type-unmapped",
            "public.note",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_a_row_is_copied(  # noqa: PLR0917  what it is given and what it makes of it
    source: str, make_database: MakeDatabase, tmp_path: Path, text: str, check: str, message: str
) -> None:
    target = make_database()
    with pytest.raises(FindingsRefuse) as refused:
        refresh(subset_request(source, target, tmp_path, text))
    assert any(one == check and message in said for one, said in findings_of(refused.value)), findings_of(
        refused.value
    )
    assert query(target, "SELECT count(*) FROM pg_class WHERE relname = 'tenant'") == [(0,)]


def test_a_condition_that_does_not_parse_is_shown_in_the_rule_file(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    text = "subset: {roots: [{table: public.tenant, where: \"plan = = 'x'\"}]}\n"
    with pytest.raises(RulesInvalid, match=r"subset\.yaml:2:\d+: .*syntax error"):
        refresh(subset_request(source, make_database(), tmp_path, text))
