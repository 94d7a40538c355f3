"""Fills the migrated shop: every table in one INSERT … SELECT, the same rows for the same size and seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources

from dbtool.demo.scale import MINIMUM_ROWS
from dbtool.errors import UsageError
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection

# In this order, since later ones read earlier ones: an order's total is the sum of its lines. What is new comes last: a
# table draws by its place here, and is to draw the same tomorrow.
_FILES = (
    "tenants",
    "customers",
    "addresses",
    "products",
    "employees",
    "order_items",
    "orders",
    "payments",
    "reviews",
    "sessions",
    "profiles",
    "categories",
    "product_prices",
    "absences",
    "suppliers",
    "supplier_contacts",
    "subscribers",
    "subscriber_history",
    "messages",
    "support_tickets",
    "returns",
    "documents",
    "contracts",
    "product_manuals",
    "carts",
    "loyalty_cards",
    "gift_cards",
    "gift_card_uses",
    "settlements",
)
_SPELLED = {
    "gift_cards": '"Gift Cards"',
    "gift_card_uses": '"Gift Card Uses"',
    "settlements": "settlements_of_the_marketplace_with_sellers_by_payment_provider",
}
FILLED = tuple(_SPELLED.get(file, file) for file in _FILES)
"""The tables, as SQL spells them."""
MATERIALIZED = ("contact_directory", "contacts_by_mail_host")
"""The materialised views; the second is made from the first."""
# Each table draws from salts of its own; a table uses fewer than this many.
_SALTS_PER_TABLE = 1000
_SALTS_PER_SEED = 1_000_000


@dataclass(frozen=True, slots=True)
class ShopSize:
    """How many rows tables are drawn with. All others follow from these: addresses, lines, payments, tickets."""

    tenants: int
    customers: int
    products: int
    employees: int
    orders: int
    reviews: int
    sessions: int
    suppliers: int


def plan_size(rows: int) -> ShopSize:
    """Split a total: half of it order lines, a fifth orders, a sixth payments, the rest people and what they did."""
    return ShopSize(
        tenants=max(4, rows // 50_000),
        customers=rows * 4 // 100,
        products=max(25, rows // 2_000),
        employees=max(12, rows // 10_000),
        orders=rows * 20 // 100,
        reviews=rows * 15 // 1000,
        sessions=rows * 2 // 100,
        suppliers=max(4, rows // 20_000),
    )


def fill_shop(
    connection: Connection, *, rows: int, seed: int, progress: Callable[[str], None] = lambda _table: None
) -> None:
    """Fill the empty tables of a migrated shop with about ``rows`` rows in one transaction, then ANALYZE.

    Foreign keys and indexes are taken down and made again as they were, so PostgreSQL has checked every row;
    that is several times quicker than checking row by row. ``connection`` is in autocommit and owns the tables;
    ``progress`` hears the name of each table, key and index as it is done.

    :raises UsageError: the shop already holds rows, or ``rows`` is too few to make one.
    """
    if rows < MINIMUM_ROWS:
        raise UsageError(f"a shop needs at least {MINIMUM_ROWS} rows; nothing was done")
    with translated("filling the shop"):
        with connection.transaction():
            _refuse_rows(connection)
            _prepare(connection)
            with _without_constraints(connection, progress):
                _insert(connection, plan_size(rows), seed, progress)
            _move_sequences(connection)
            _refresh_views(connection, progress)
        connection.execute("VACUUM (ANALYZE)")


def _statement(name: str) -> bytes:
    return resources.files("dbtool.demo").joinpath("fill", f"{name}.sql").read_bytes()


def _refuse_rows(connection: Connection) -> None:
    found = connection.execute("SELECT EXISTS (SELECT FROM public.tenants)").fetchone()
    if found == (True,):
        raise UsageError(
            "the shop already holds rows; nothing was changed. Fill an empty, migrated database."
        )


def _prepare(connection: Connection) -> None:
    connection.execute("SET LOCAL work_mem = '256MB'")
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    connection.execute("SET LOCAL synchronous_commit = off")
    connection.execute(_statement("functions"))


def _insert(connection: Connection, size: ShopSize, seed: int, progress: Callable[[str], None]) -> None:
    counts = {name: getattr(size, name) for name in size.__slots__}
    for number, (file, table) in enumerate(zip(_FILES, FILLED, strict=True)):
        salt = seed * _SALTS_PER_SEED + number * _SALTS_PER_TABLE
        connection.execute(_statement(file), {**counts, "salt": salt})
        connection.execute(f"ANALYZE public.{table}".encode())
        progress(table)


@contextmanager
def _without_constraints(connection: Connection, progress: Callable[[str], None]) -> Iterator[None]:
    """Take keys and indexes down, yield, and make them again from their own definitions."""
    found = connection.execute(_statement("constraints")).fetchall()
    for _, down, _ in found:
        connection.execute(down.encode())
    yield
    for name, _, up in reversed(found):
        connection.execute(up.encode())
        progress(name)


def _move_sequences(connection: Connection) -> None:
    for (statement,) in connection.execute(_statement("sequences")).fetchall():
        connection.execute(statement.encode())


def _refresh_views(connection: Connection, progress: Callable[[str], None]) -> None:
    for view in MATERIALIZED:
        connection.execute(f"REFRESH MATERIALIZED VIEW public.{view}".encode())
        progress(view)
