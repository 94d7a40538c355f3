"""Keys, indexes, checks, sequences, views and what is left out, as pg_catalog has them."""

from collections.abc import Callable

import psycopg
import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import ForeignKey, Sequence, UniqueIndex
from dbtool.catalog.relations import Persistence, RelationKind, RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect

CatalogOf = Callable[[str], Catalog]
LoadSchema = Callable[[str], str]


def _public(name: str) -> RelationName:
    return RelationName("public", name)


def _key(catalog: Catalog, name: str) -> ForeignKey:
    (found,) = (key for key in catalog.foreign_keys if key.name == name)
    return found


def _index(catalog: Catalog, name: str) -> UniqueIndex:
    (found,) = (index for index in catalog.unique_indexes if index.name == name)
    return found


def _sequence(catalog: Catalog, name: str) -> Sequence:
    (found,) = (sequence for sequence in catalog.sequences if sequence.name == _public(name))
    return found


def test_foreign_keys_of_a_circle_are_all_there(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("fk_cycle")
    pairs = {(key.referencing.name, key.referenced.name) for key in catalog.foreign_keys}
    assert {("department", "employee"), ("employee", "department"), ("hen", "egg"), ("egg", "hen")} <= pairs
    assert [key.name for key in catalog.foreign_keys if key.deferrable] == ["department_head"]


def test_composite_keys_keep_the_order_of_their_pairs(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("composite_key")
    same = _key(catalog, "same_customer")
    assert (same.columns, same.referenced_columns) == (("tenant_id", "id"), ("tenant_id", "id"))
    assert (same.referencing, same.referenced) == (RelationName("sales", "customer"), _public("customer"))
    keys = {str(index.relation): index.columns for index in catalog.unique_indexes if index.is_primary}
    assert keys["sales.customer"] == ("id", "tenant_id")
    assert _key(catalog, "customer_tenant_code_fkey").referenced_columns == ("code",)


def test_match_full_and_not_valid_are_told(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("composite_key")
    assert {key.name for key in catalog.foreign_keys if key.match == "full"} == {"invoice_payer"}
    assert {key.name for key in catalog.foreign_keys if not key.validated} == {"orphan_tenant"}
    assert all(key.enforced for key in catalog.foreign_keys)


def test_only_a_partitions_own_keys_are_not_inherited(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("partitioned")
    declared = {key.name for key in catalog.foreign_keys if not key.is_inherited}
    assert declared == {"event_account_id_fkey", "payment_1_account", "payment_2_account", "receipt_event"}
    assert {key.referencing.name for key in catalog.foreign_keys if not key.is_inherited} == {
        "event",
        "payment_1",
        "payment_2",
        "receipt",
    }
    assert sum(key.is_inherited for key in catalog.foreign_keys) == 10  # five partitions, on either end


def test_a_partitions_index_counts_only_where_its_root_has_none(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("partitioned")
    names = {(index.relation.name, index.name) for index in catalog.unique_indexes}
    assert {("event", "event_pkey"), ("event_2024", "event_2024_note_key")} <= names
    assert not [name for name in names if name[0].startswith("event_") and name[1] != "event_2024_note_key"]


def test_a_partitions_index_under_an_unfinished_one_counts(load_schema: LoadSchema) -> None:
    url = load_schema("partitioned")
    with connect(url) as connection:
        connection.execute("CREATE UNIQUE INDEX payment_half ON ONLY public.payment (id, month)")
        connection.execute("CREATE UNIQUE INDEX payment_1_half ON public.payment_1 (id, month)")
        connection.execute("ALTER INDEX public.payment_half ATTACH PARTITION public.payment_1_half")
        found = {index.name for index in read_catalog(connection).unique_indexes}
    assert "payment_1_half" in found
    assert "payment_half" not in found  # not valid before every partition has its own


def test_checks_of_a_partition_are_its_own_only(catalog_of: CatalogOf) -> None:
    checks = {(check.relation.name, check.name) for check in catalog_of("partitioned").checks}
    assert checks == {("event", "event_id_positive"), ("event_2024", "event_2024_note")}


def test_checks_know_their_columns_and_whether_they_hold(catalog_of: CatalogOf) -> None:
    checks = {check.name: check for check in catalog_of("exotic").checks}
    assert set(checks["checked_order"].columns) == {"a", "b"}
    assert checks["checked_row"].columns == ("a", "b", "c")  # the whole row
    assert not checks["checked_later"].validated
    assert checks["checked_order"].validated


def test_inherited_checks_of_plain_inheritance_are_every_tables_own(catalog_of: CatalogOf) -> None:
    checks = {(check.relation.name, check.name) for check in catalog_of("inheritance").checks}
    assert checks == {("place", "place_id"), ("place", "only_here"), ("capital", "place_id")}


@pytest.mark.parametrize(
    ("name", "columns", "mentioned"),
    [
        ("member_pkey", ("id",), {"id"}),
        ("member_tenant_email", ("tenant_id", "email"), {"tenant_id", "email"}),
        ("member_email_lower", (None, "tenant_id"), {"email", "tenant_id"}),
        ("member_phone_active", ("phone",), {"phone", "status"}),
        ("member_room", ("room", "during"), {"room", "during", "status"}),
        ("member_slot", ("slot",), {"slot"}),  # INCLUDE adds nothing
        ("setting_singleton", (None,), set()),
        ("whole_row", (None,), {"a", "b"}),
    ],
)
def test_indexes_mention_every_column_they_depend_on(
    catalog_of: CatalogOf, name: str, columns: tuple[str | None, ...], mentioned: set[str]
) -> None:
    index = _index(catalog_of("unique_indexes"), name)
    assert index.columns == columns
    assert set(index.mentioned) == mentioned


def test_indexes_say_what_kind_they_are(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("unique_indexes")
    assert _index(catalog, "member_pkey").is_primary
    assert _index(catalog, "member_badge").nulls_not_distinct
    assert _index(catalog, "member_phone_active").predicate == "(status = 'active'::text)"
    assert _index(catalog, "member_email_lower").expressions == ("lower(email)",)
    room = _index(catalog, "member_room")
    assert room.is_exclusion
    assert room.definition.startswith("EXCLUDE USING gist (room WITH =, during WITH &&)")
    assert not [index for index in catalog.unique_indexes if index.name == "member_status"]


def test_a_literal_that_looks_like_a_whole_row_is_a_literal(load_schema: LoadSchema) -> None:
    url = load_schema("unique_indexes")
    with connect(url) as connection:
        connection.execute("CREATE UNIQUE INDEX looks ON public.member (code) WHERE nick ~ '^it''s.*'")
        index = _index(read_catalog(connection), "looks")
    assert set(index.mentioned) == {"code", "nick"}


def test_an_invalid_index_proves_nothing(load_schema: LoadSchema) -> None:
    url = load_schema("self_reference")
    with connect(url) as connection:
        connection.execute("INSERT INTO public.person VALUES (1000, 'x', 1), (1001, 'y', 1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON public.person (manager_id)")
        found = {index.name for index in read_catalog(connection).unique_indexes}
    assert found == {"person_pkey", "person_email_key", "node_pkey"}


def test_indexes_under_a_nondeterministic_collation_name_its_columns(load_schema: LoadSchema) -> None:
    try:
        url = load_schema("icu_collation")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("cannot run here: this server is built without ICU")
    with connect(url) as connection:
        catalog = read_catalog(connection)
    assert _index(catalog, "dish_name_key").nondeterministic == ("name",)
    assert _index(catalog, "dish_maker").nondeterministic == ("maker",)
    name = catalog.relations[_public("dish")].get_column("name")
    assert (name.collation, name.collation_is_deterministic) == ("public.careless", False)


def test_sequences_know_what_they_feed(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("sequences")
    task, note, counted = _public("task"), _public("note"), _public("counted")
    assert set(_sequence(catalog, "shared_id").feeds) == {(note, "id"), (task, "id"), (task, "code")}
    assert _sequence(catalog, "by_hand").feeds == ((_public("called"), "id"),)
    assert _sequence(catalog, "counted_big_seq").feeds == ((counted, "big"),)
    assert _sequence(catalog, "counted_id_seq").feeds == ((counted, "id"),)
    assert _sequence(catalog, "lonely").feeds == ()


def test_sequences_know_their_bounds(catalog_of: CatalogOf) -> None:
    down = _sequence(catalog_of("sequences"), "down")
    assert (down.start, down.increment, down.minimum, down.maximum, down.cycles) == (-1, -2, -100, -1, True)
    assert _sequence(catalog_of("sequences"), "lonely").maximum == 99


def test_a_root_feeds_for_its_partitions(load_schema: LoadSchema) -> None:
    with connect(load_schema("sequences")) as connection:
        connection.execute("CREATE TABLE public.log (id serial, k int) PARTITION BY LIST (k)")
        connection.execute("CREATE TABLE public.log_1 PARTITION OF public.log FOR VALUES IN (1)")
        catalog = read_catalog(connection)
    assert catalog.relations[_public("log_1")].get_column("id").default is not None
    assert _sequence(catalog, "log_id_seq").feeds == ((_public("log"), "id"),)


def test_materialised_views_come_in_the_order_of_refreshing(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("views")
    assert [name.name for name in catalog.materialized_views] == ["z_first", "m_second", "a_third"]
    assert len(catalog.not_copied) == 1
    assert catalog.not_copied[0].startswith("public.b_never")
    assert catalog.relations[_public("y_between")].kind is RelationKind.VIEW


def test_what_is_left_out_is_named(catalog_of: CatalogOf) -> None:
    catalog = catalog_of("left_out")
    assert [sentence.split(" ")[0] for sentence in catalog.not_copied] == [
        "public.measurement_far",
        "public.stock",
        "large",
    ]
    assert "a partition of public.measurement" in catalog.not_copied[0]
    assert catalog.large_objects == 3
    assert not [name for name in catalog.relations if name.schema == "dbtool"]
    assert not [sequence for sequence in catalog.sequences if sequence.name.schema == "dbtool"]
    assert catalog.relations[_public("scratch")].persistence is Persistence.UNLOGGED


def test_alembics_table_is_the_one_with_its_one_column(catalog_of: CatalogOf) -> None:
    assert catalog_of("left_out").alembic_version == _public("alembic_version")
    assert catalog_of("views").alembic_version is None


def test_what_came_with_18_is_read(server: EmbeddedServer, catalog_of: CatalogOf) -> None:
    if server.major < 18:
        pytest.skip("cannot run here: virtual columns and keys that are not enforced came with PostgreSQL 18")
    catalog = catalog_of("virtual_column")
    full_name = catalog.relations[_public("person")].get_column("full_name")
    assert (full_name.generated, full_name.default) == (True, "((first_name || ' '::text) || last_name)")
    assert not _key(catalog, "job_person").enforced
    assert _key(catalog, "rent_lease").temporal
    (named,) = catalog.checks
    assert (named.enforced, named.validated) == (False, False)
    lease = _index(catalog, "lease_pkey")
    assert (lease.is_primary, lease.is_exclusion) == (True, True)
