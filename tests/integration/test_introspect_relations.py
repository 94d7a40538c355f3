"""Relations, columns and types as pg_catalog has them."""

from collections.abc import Callable

import psycopg
import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, Persistence, Relation, RelationKind, RelationName, TypeKind
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect

CatalogOf = Callable[[str], Catalog]
LoadSchema = Callable[[str], str]


def _relation(catalog: Catalog, name: str, schema: str = "public") -> Relation:
    return catalog.relations[RelationName(schema, name)]


def _columns(relation: Relation) -> list[str]:
    return [column.name for column in relation.columns]


def test_columns_stand_in_order_without_dropped_ones(catalog_of: CatalogOf) -> None:
    customer = _relation(catalog_of("generated_column"), "customer")
    assert _columns(customer) == [
        "id",
        "email",
        "email_lower",
        "first_name",
        "last_name",
        "full_name",
        "note",
    ]


def test_generated_columns_and_identity_and_defaults_are_told_apart(catalog_of: CatalogOf) -> None:
    customer = _relation(catalog_of("generated_column"), "customer")
    assert [column.name for column in customer.columns if column.generated] == ["email_lower", "full_name"]
    assert [column.name for column in customer.columns if column.identity] == ["id"]
    assert customer.get_column("note").default == "'none'::text"
    assert customer.get_column("email_lower").default == "lower(email)"
    assert customer.get_column("id").default is None


def test_tables_without_columns_are_tables(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("exotic")
    assert _relation(catalog, "nothing").columns == ()
    assert _relation(catalog, "emptied").columns == ()
    assert _relation(catalog, "nothing").holds_rows


def test_comments_row_security_and_persistence_are_read(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("exotic")
    assert _relation(catalog, "odd").comment == "a comment with 'quotes' and a line\nbreak"
    assert _relation(catalog, "guarded").row_security
    assert _relation(catalog, "cached").persistence is Persistence.UNLOGGED
    assert _relation(catalog, "cached").readable


def test_types_of_extensions_say_so_and_collations_other_than_the_types_are_named(
    catalog_of: CatalogOf,
) -> None:
    odd = _relation(catalog_of("exotic"), "odd")
    login, name = odd.get_column("login"), odd.get_column("name")
    assert (login.type.base, login.type.extension, login.type.sql) == ("citext", "citext", "public.citext")
    assert (login.collation, name.collation) == (None, 'pg_catalog."C"')


def _shape(column: Column) -> tuple[str, bool, int | None, int | None, int | None]:
    found = column.type
    return found.base, found.is_array, found.length, found.precision, found.scale


@pytest.mark.parametrize(
    ("column", "shape"),
    [
        ("email", ("varchar", False, 80, None, None)),
        ("work_email", ("varchar", False, 80, None, None)),
        ("some_tags", ("varchar", True, 10, None, None)),
        ("emails", ("varchar", True, 80, None, None)),
        ("price", ("numeric", False, None, 8, 2)),
        ("feeling", ("mood", False, None, None, None)),
        ("moods", ("mood", True, None, None, None)),
        ("addresses", ("address", True, None, None, None)),
        ("code", ("bpchar", False, 3, None, None)),
        ("one", ("bpchar", False, 1, None, None)),
        ("bits", ("bit", False, 8, None, None)),
        ("some_bits", ("varbit", False, 20, None, None)),
        ("any_text", ("varchar", False, None, None, None)),
        ("any_number", ("numeric", False, None, None, None)),
        ("thousands", ("numeric", False, None, 4, -3)),
        ("small", ("numeric", False, None, 3, 5)),
        ("numbers", ("numeric", True, None, 6, 2)),
        ("vector", ("int2vector", False, None, None, None)),
        ("letter", ("char", False, None, None, None)),
        ("long_ago", ("interval", False, None, None, None)),
    ],
)
def test_types_are_resolved_to_what_values_are_made_of(
    catalog_of: CatalogOf, column: str, shape: tuple[str, bool, int | None, int | None, int | None]
) -> None:
    specimen = _relation(catalog_of("domains_enums"), "specimen")
    assert _shape(specimen.get_column(column)) == shape


def test_kinds_labels_and_domain_checks_are_read(catalog_of: CatalogOf) -> None:
    specimen = _relation(catalog_of("domains_enums"), "specimen")
    kinds = {name: specimen.get_column(name).type.kind for name in ("address", "reach", "reaches", "spans")}
    assert kinds == {
        "address": TypeKind.COMPOSITE,
        "reach": TypeKind.RANGE,
        "reaches": TypeKind.MULTIRANGE,
        "spans": TypeKind.MULTIRANGE,
    }
    assert specimen.get_column("moods").type.labels == ("sad", "ok", "happy")  # in enum order, not by age
    work_email = specimen.get_column("work_email")
    assert work_email.type.domains == ("kinds.work_email", "kinds.email")
    assert len(work_email.type.domain_checks) == 3
    assert work_email.not_null
    assert not specimen.get_column("email").not_null


def test_partitions_know_their_root_and_roots_their_key(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("partitioned")
    event, leaf = _relation(catalog, "event"), _relation(catalog, "event_2025_nordic")
    middle = _relation(catalog, "event_2025")
    assert (event.kind, event.partition_root, event.partition_bound) == (
        RelationKind.PARTITIONED_TABLE,
        None,
        None,
    )
    assert (event.partition_strategy, event.partition_key) == ("range", ("happened_on",))
    assert (middle.partition_root, middle.partition_key) == (event.name, ("country",))
    assert (leaf.kind, leaf.partition_root) == (RelationKind.TABLE, event.name)
    assert leaf.partition_bound == "FOR VALUES IN ('NO', 'SE')"
    assert _columns(_relation(catalog, "event_later")) == [
        "happened_on",
        "note",
        "country",
        "account_id",
        "id",
    ]


def test_a_partition_key_with_an_expression_mentions_what_it_reads(catalog_of: CatalogOf) -> None:
    login = _relation(catalog_of("partitioned"), "login")
    assert login.partition_key == (None, "at")
    assert login.partition_mentions == ("email", "at")


def test_plain_inheritance_is_no_partitioning(catalog_of: CatalogOf) -> None:
    capital = _relation(catalog_of("inheritance"), "capital")
    assert capital.inherits == (RelationName("public", "place"), RelationName("public", "photographed"))
    assert capital.partition_root is None
    assert _relation(catalog_of("partitioned"), "event_2024").inherits == ()


def test_quoted_names_arrive_as_they_are(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("quoted_names")
    details = _relation(catalog, "Order Details", "Über Schema.x")
    assert _columns(details) == ["Id", "user", 'a"b', "50%", "c.d", "tab\tand\nnewline", "$1", "{}", " "]
    assert details.get_column("c.d").type.labels == ("klein", 'it\'s "big"', "a,b", "")
    assert {str(name) for name in catalog.relations} == {
        '"Über Schema.x"."Order Details"',
        '"select"."order"',
        'public."order"',
    }


def test_sizes_are_real_and_rows_are_the_planners(load_schema: LoadSchema) -> None:
    url = load_schema("fk_cycle")
    with connect(url) as connection:
        connection.execute(
            "CREATE TABLE public.big AS SELECT repeat('x', 1500) AS a FROM generate_series(1, 100)"
        )
        connection.execute("CREATE TABLE public.toasted (a text)")
        connection.execute("ALTER TABLE public.toasted ALTER a SET STORAGE EXTERNAL")
        connection.execute("INSERT INTO public.toasted VALUES (repeat('x', 1000000))")
        connection.execute("ANALYZE public.big")
        catalog = read_catalog(connection)
    big, toasted = _relation(catalog, "big"), _relation(catalog, "toasted")
    assert big.rows == 100
    assert 20 <= big.pages < 100  # five rows to a page; PostgreSQL adds pages ahead of need
    assert big.bytes > big.pages * 8192  # the maps beside the heap count too
    assert (toasted.pages, toasted.rows) == (1, -1)
    assert toasted.bytes > 1_000_000
    assert catalog.tables()[0] is toasted


def test_every_keyword_can_be_a_name(database: str) -> None:
    """quote_identifier leaves the words bare that PostgreSQL takes bare as table and column names."""
    with psycopg.connect(database, autocommit=True) as connection:
        words = [row[0] for row in connection.execute("SELECT word FROM pg_get_keywords() ORDER BY word")]
        names = [RelationName("public", word) for word in words]
        spelt = [str(name).removeprefix("public.") for name in names]
        columns = ", ".join(f"{name} int" for name in spelt)
        connection.execute(f"CREATE TABLE public.every_keyword ({columns})".encode())
        connection.execute(f"SELECT {', '.join(spelt)} FROM public.every_keyword".encode())
    with connect(database) as connection:
        assert _columns(_relation(read_catalog(connection), "every_keyword")) == words
