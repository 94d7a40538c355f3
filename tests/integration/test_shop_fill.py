"""The generator: the same shop for the same seed, of the size asked for, with every constraint in force."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import quote_identifier
from dbtool.clones.embedded import EmbeddedServer
from dbtool.demo.project import migrate_shop
from dbtool.demo.shop import FILLED, MATERIALIZED, fill_shop
from dbtool.errors import ServerFailed, UsageError
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect

ROWS = 20_000


@pytest.fixture
def shop(database: str) -> Iterator[Connection]:
    migrate_shop(database)
    with connect(database) as connection:
        yield connection


@pytest.fixture
def filled(shop: Connection) -> Connection:
    fill_shop(shop, rows=ROWS, seed=1)
    return shop


def scalar(connection: Connection, query: str) -> object:
    row = connection.execute(query).fetchone()
    assert row
    return row[0]


def share(connection: Connection, condition: str, table: str) -> float:
    found = scalar(connection, f"SELECT avg(({condition})::int) FROM public.{table}")
    return float(str(found))


def checksum(connection: Connection) -> str:
    digest = hashlib.sha256()
    for table in (*FILLED, *MATERIALIZED):
        rows = scalar(
            connection, f"SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM public.{table} AS t"
        )
        digest.update(str(rows).encode())
    return digest.hexdigest()


def definitions(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace UNION ALL "
        "SELECT tablename, indexname, indexdef, true FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 3"
    ).fetchall()


def test_the_same_size_and_seed_give_the_same_rows(make_database: Callable[[], str]) -> None:
    found = []
    for seed in (7, 7, 8):
        url = make_database()
        migrate_shop(url)
        with connect(url) as connection:
            fill_shop(connection, rows=5_000, seed=seed)
            found.append(checksum(connection))
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_the_rows_are_shared_out_as_promised(filled: Connection) -> None:
    counts = {table: int(str(scalar(filled, f"SELECT count(*) FROM public.{table}"))) for table in FILLED}
    assert sum(counts.values()) == pytest.approx(ROWS, rel=0.07)
    for table, part in (
        ("order_items", 0.50),
        ("orders", 0.20),
        ("payments", 0.16),
        ("addresses", 0.05),
        ("customers", 0.04),
        ("sessions", 0.02),
        ("reviews", 0.015),
        ("profiles", 0.01),
    ):
        assert counts[table] == pytest.approx(ROWS * part, rel=0.07), table


def test_columns_have_their_share_of_nulls(filled: Connection) -> None:
    for table, column, part in (
        ("customers", "phone", 0.18),
        ("customers", "birth_date", 0.35),
        ("customers", "company", 0.75),
        ("orders", "handled_by", 0.65),
        ("orders", "delivery_note", 0.94),
        ("payments", "card_last4", 0.22),
        ("payments", "iban", 0.91),
        ("reviews", "body", 0.125),
        ("sessions", "ip", 0.10),
    ):
        assert share(filled, f"{column} IS NULL", table) == pytest.approx(part, abs=0.05), f"{table}.{column}"


def test_a_few_customers_place_most_orders(filled: Connection) -> None:
    of_the_busiest_tenth = scalar(
        filled,
        "SELECT sum(orders) FILTER (WHERE place <= 0.1 * (SELECT count(*) FROM public.customers)) / sum(orders) FROM "
        "(SELECT count(*) AS orders, row_number() OVER (ORDER BY count(*) DESC) AS place "
        "FROM public.orders GROUP BY customer_id) AS busy",
    )
    assert float(str(of_the_busiest_tenth)) > 0.4


def test_free_text_quotes_its_author_and_holds_what_copy_must_escape(filled: Connection) -> None:
    quoting = (
        "EXISTS (SELECT FROM public.customers AS c WHERE c.id = customer_id AND strpos(body, c.email) > 0)"
    )
    assert share(filled, quoting, "reviews") > 0.03
    for character in ("\\", "\t", "\n", "👍"):
        found = filled.execute("SELECT count(*) FROM public.reviews WHERE strpos(body, %s) > 0", [character])
        assert found.fetchone() != (0,), character


def test_an_order_costs_what_its_lines_do_and_is_paid_in_full(filled: Connection) -> None:
    assert share(
        filled,
        "total = (SELECT sum(quantity * unit_price) FROM public.order_items WHERE order_id = orders.id)",
        "orders",
    ) == pytest.approx(1)
    assert share(filled, "amount = (SELECT total FROM public.orders WHERE id = order_id)", "payments") == 1


def test_keys_indexes_and_constraints_end_as_they_were_made(shop: Connection) -> None:
    before = definitions(shop)
    fill_shop(shop, rows=2_000, seed=1)
    assert definitions(shop) == before
    assert [name for _, name, _, validated in before if not validated] == ["support_tickets_order_id_fkey"]


def test_no_reference_leads_nowhere_but_that_of_the_ticket_whose_order_is_gone(filled: Connection) -> None:
    catalog: Catalog = read_catalog(filled)
    orphans = {}
    for key in catalog.foreign_keys:
        pairs = [
            f"k.{quote_identifier(theirs)} = r.{quote_identifier(ours)}"
            for ours, theirs in zip(key.columns, key.referenced_columns, strict=True)
        ]
        given = [f"r.{quote_identifier(column)} IS NOT NULL" for column in key.columns]
        found = scalar(
            filled,
            f"SELECT count(*) FROM {key.referencing} AS r WHERE {' AND '.join(given)} "
            f"AND NOT EXISTS (SELECT FROM {key.referenced} AS k WHERE {' AND '.join(pairs)})",
        )
        orphans[key.name] = found
    assert len(orphans) == 34
    assert {name: found for name, found in orphans.items() if found} == {"support_tickets_order_id_fkey": 1}


def test_sequences_go_on_where_the_rows_end(filled: Connection) -> None:
    assert scalar(filled, "SELECT nextval('public.case_numbers')") == 1 + int(
        str(scalar(filled, "SELECT max(case_no) FROM (TABLE public.cases) AS cases"))
    )
    assert scalar(filled, "SELECT nextval('public.refund_numbers')") == -1 + int(
        str(scalar(filled, "SELECT min(refund_no) FROM public.returns"))
    )


def test_every_table_holds_rows(filled: Connection) -> None:
    empty = [table for table in FILLED if scalar(filled, f"SELECT count(*) FROM ONLY public.{table}") == 0]
    assert empty == ["payments", "messages"], "partitioned tables hold none themselves"
    assert scalar(filled, "SELECT count(*) FROM public.messages") != 0


def test_identity_columns_go_on_after_the_rows_made(filled: Connection) -> None:
    last = int(str(scalar(filled, "SELECT max(id) FROM public.tenants")))
    query = (
        "INSERT INTO public.tenants (name, billing_email, country, plan) "
        "VALUES ('New', 'new@new.corp', 'GB', 'trial') RETURNING id"
    )
    assert scalar(filled, query) == last + 1


def test_refuses_a_shop_that_holds_rows_and_leaves_it(filled: Connection) -> None:
    before = checksum(filled)
    with pytest.raises(UsageError, match="already holds rows"):
        fill_shop(filled, rows=ROWS, seed=2)
    assert checksum(filled) == before


def test_a_fill_that_fails_leaves_an_empty_shop_with_its_constraints(shop: Connection) -> None:
    before = definitions(shop)
    shop.execute("ALTER TABLE public.reviews ADD CONSTRAINT none_allowed CHECK (rating < 0) NOT VALID")
    with pytest.raises(ServerFailed, match="filling the shop"):
        fill_shop(shop, rows=2_000, seed=1)
    shop.execute("ALTER TABLE public.reviews DROP CONSTRAINT none_allowed")
    assert definitions(shop) == before
    assert scalar(shop, "SELECT count(*) FROM public.orders") == 0


def test_is_the_same_whatever_the_locale_of_the_database(newest_server: EmbeddedServer) -> None:
    found = []
    with connect(newest_server.url()) as connection:
        for locale in ("C", "C.UTF-8"):
            connection.execute("DROP DATABASE IF EXISTS dbtool_test_shop_locale")
            connection.execute(
                f"CREATE DATABASE dbtool_test_shop_locale TEMPLATE template0 LOCALE_PROVIDER builtin "
                f"BUILTIN_LOCALE '{locale}' LOCALE 'C'"
            )
            url = newest_server.url("dbtool_test_shop_locale")
            migrate_shop(url)
            with connect(url) as shop:
                fill_shop(shop, rows=5_000, seed=3)
                rows = shop.execute("SELECT * FROM public.customers AS c ORDER BY c.id").fetchall()
                found.append(rows)
        connection.execute("DROP DATABASE dbtool_test_shop_locale")
    assert found[0] == found[1]
