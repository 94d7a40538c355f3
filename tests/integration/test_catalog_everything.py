"""What the catalog says of one of each thing that pg_catalog may hold: tests/schemas/everything.sql, and 18's own."""

from collections.abc import Callable

import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import CheckConstraint, ForeignKey, Sequence, UniqueIndex
from dbtool.catalog.relations import (
    Column,
    ColumnType,
    Persistence,
    Relation,
    RelationKind,
    RelationName,
    TypeKind,
)
from dbtool.clones.embedded import EmbeddedServer

CatalogOf = Callable[[str], Catalog]

_ODD = 'Sch. "x" %s'
_LONG = "a_name_of_sixty_three_bytes_which_is_the_most_that_a_name_is_le"


def _every(name: str) -> RelationName:
    return RelationName("every", name)


def _relation(catalog: Catalog, name: str) -> Relation:
    return catalog.relations[_every(name)]


def _column(catalog: Catalog, name: str) -> Column:
    relation, _, column = name.partition(".")
    return _relation(catalog, relation).get_column(column)


def _type(catalog: Catalog, column: str) -> ColumnType:
    return _column(catalog, f"typed.{column}").type


def _key(catalog: Catalog, name: str) -> ForeignKey:
    (found,) = (key for key in catalog.foreign_keys if key.name == name and not key.is_inherited)
    return found


def _index(catalog: Catalog, name: str) -> UniqueIndex:
    (found,) = (index for index in catalog.unique_indexes if index.name == name)
    return found


def _check(catalog: Catalog, relation: str, name: str) -> CheckConstraint:
    (found,) = (one for one in catalog.checks if (one.relation, one.name) == (_every(relation), name))
    return found


def _sequence(catalog: Catalog, name: str) -> Sequence:
    (found,) = (sequence for sequence in catalog.sequences if sequence.name == _every(name))
    return found


def _pair(key: ForeignKey) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    return key.columns, key.referenced.name, key.referenced_columns


def _place(relation: Relation) -> tuple[str | None, str | None, str | None]:
    """Root, bound and strategy of a partition."""
    root = relation.partition_root.name if relation.partition_root else None
    return root, relation.partition_bound, relation.partition_strategy


def _shape(found: ColumnType) -> tuple[str, bool, tuple[str, ...]]:
    return found.base, found.is_array, found.domains


_HOME = (
    "street every.street (name character varying(40), number integer)",
    "since every.span (double precision)",
    '"Zip Code" character(5)',
)
_LABELS = ("sad", "so, so", "happy")
_CODE = "CHECK (((VALUE)::text <> ''::text))"

Case = tuple[str, Callable[[Catalog], object], object]

TYPES: list[Case] = [
    ("an enum's labels are in its order, not by age", lambda c: _type(c, "mood").labels, _LABELS),
    ("an array's labels are its elements'", lambda c: _type(c, "moods").labels, _LABELS),
    ("a domain's labels are its enum's", lambda c: _type(c, "feeling").labels, _LABELS),
    ("a domain has its base's limit", lambda c: _type(c, "code").length, 8),
    ("a domain of varchar", lambda c: _shape(_type(c, "code")), ("varchar", False, ("every.code",))),
    ("a domain over a domain", lambda c: _type(c, "strict").domains, ("every.strict_code", "every.code")),
    ("checks of a domain and of the one below", lambda c: len(_type(c, "strict").domain_checks), 2),
    ("the check of a domain", lambda c: _type(c, "code").domain_checks, (_CODE,)),
    ("a domain that forbids NULL", lambda c: _column(c, "typed.strict").not_null, True),
    ("a domain over an array of a domain", lambda c: _shape(_type(c, "codes")), ("varchar", True, ("every.codes", "every.code"))),
    ("three domains, an array among them", lambda c: _type(c, "few").domains, ("every.few_codes", "every.codes", "every.code")),
    ("an array of a domain", lambda c: _shape(_type(c, "listed")), ("varchar", True, ("every.code",))),
    ("a composite type, and what it is made of", lambda c: (_type(c, "home").kind, _type(c, "home").made_of), (TypeKind.COMPOSITE, _HOME)),
    ("an array of a composite type", lambda c: (_type(c, "homes").is_array, _type(c, "homes").made_of), (True, _HOME)),
    ("a domain over a composite type", lambda c: (_type(c, "abode").kind, _type(c, "abode").made_of), (TypeKind.COMPOSITE, _HOME)),
    ("a range and its bounds' type", lambda c: (_type(c, "span").kind, _type(c, "span").made_of), (TypeKind.RANGE, ("double precision",))),
    ("a multirange and its bounds' type", lambda c: (_type(c, "spans").kind, _type(c, "spans").made_of), (TypeKind.MULTIRANGE, ("double precision",))),
    ("an array of multiranges", lambda c: (_type(c, "dates").kind, _type(c, "dates").is_array), (TypeKind.MULTIRANGE, True)),
    ("a type of an extension", lambda c: (_type(c, "tags").extension, _type(c, "tags").sql), ("hstore", "other.hstore")),
    ("a collation other than the type's", lambda c: _column(c, "typed.name").collation, "every.plain"),
    ("a limit of characters", lambda c: (_type(c, "short").base, _type(c, "short").length), ("bpchar", 3)),
    ("a precision and a scale", lambda c: (_type(c, "price").precision, _type(c, "price").scale), (8, 2)),
    ("a limit of bits", lambda c: _type(c, "bits").length, 4),
]  # fmt: skip

COLUMNS: list[Case] = [
    ("identity always", lambda c: _column(c, "typed.id").identity, True),
    ("identity by default", lambda c: (_column(c, "written.id").identity, _column(c, "written.id").default), (True, None)),
    ("a default", lambda c: _column(c, "written.first").default, "'it''s'::text"),
    ("a stored generated column", lambda c: (_column(c, "written.full_name").generated, _column(c, "written.full_name").default), (True, "upper(first)")),
    ("what is copied is what is not generated", lambda c: [one.name for one in _relation(c, "written").copied_columns], ["id", "first", "late"]),
    ("dropped columns are gone, late ones last", lambda c: [one.name for one in _relation(c, "written").columns], ["id", "first", "full_name", "late"]),
    ("no columns at all", lambda c: (_relation(c, "zero").columns, _relation(c, "zero").holds_rows), ((), True)),
    ("as many columns as there can be", lambda c: len(_relation(c, "wide").columns), 1600),
    ("a table of a type", lambda c: [(one.name, one.not_null) for one in _relation(c, "of_type").columns], [("name", True), ("number", False)]),
    ("an unlogged table", lambda c: _relation(c, "unlogged").persistence, Persistence.UNLOGGED),
]  # fmt: skip

PARTITIONS: list[Case] = [
    ("a root", lambda c: (_relation(c, "reading").kind, _place(_relation(c, "reading"))), (RelationKind.PARTITIONED_TABLE, (None, None, "range"))),
    ("a key of two columns", lambda c: _relation(c, "reading").partition_key, ("at", "region")),
    ("a key with an expression", lambda c: (_relation(c, "login").partition_key, _relation(c, "login").partition_mentions), (("at", None), ("email", "at"))),
    ("second level, by list", lambda c: _place(_relation(c, "reading_1")), ("reading", "FOR VALUES FROM ('2024-01-01', MINVALUE) TO ('2025-01-01', MINVALUE)", "list")),
    ("third level, by hash", lambda c: _place(_relation(c, "reading_1_n")), ("reading", "FOR VALUES IN ('north', 'n''th')", "hash")),
    ("fourth level, by range", lambda c: _place(_relation(c, "reading_1_n_0")), ("reading", "FOR VALUES WITH (modulus 2, remainder 0)", "range")),
    ("a leaf of the fifth", lambda c: _place(_relation(c, "reading_1_n_0_a")), ("reading", "DEFAULT", None)),
    ("only leaves hold rows", lambda c: sorted(one.name.name for one in c.tables() if one.partition_root == _every("reading")), ["reading_1_n_0_a", "reading_1_n_1", "reading_1_rest", "reading_old"]),
    ("a rule file speaks of the root", lambda c: [one.name.name for one in c.ruled() if one.name.name.startswith("reading")], ["reading"]),
    ("one attached with other columns", lambda c: [one.name for one in _relation(c, "reading_old").columns], ["region", "note", "at", "id"]),
    ("its own unique index", lambda c: _index(c, "reading_old_note").relation, _every("reading_old")),
    ("the root's index stands for theirs", lambda c: [one.relation.name for one in c.unique_indexes if "reading" in one.relation.name and one.is_primary], ["reading"]),
    ("its own check", lambda c: _check(c, "reading_old", "reading_old_note").columns, ("note",)),
    ("its own key", lambda c: _pair(_key(c, "of_one_partition")), (("note",), "tenant", ("code",))),
    ("one that is a foreign table", lambda c: (_relation(c, "half_far_1").kind, _relation(c, "half_far_1").holds_rows), (RelationKind.FOREIGN_TABLE, False)),
    ("inheritance is none", lambda c: (_relation(c, "capital").inherits, _relation(c, "capital").partition_root), ((_every("place"), _every("pictured")), None)),
    ("an inherited check is the child's own", lambda c: _check(c, "capital", "place_id").columns, ("id",)),
    ("a check that is not inherited", lambda c: [one.relation.name for one in c.checks if one.name == "only_here"], ["place"]),
]  # fmt: skip

INDEXES: list[Case] = [
    ("a primary key", lambda c: (_index(c, "member_pkey").is_primary, _index(c, "member_pkey").columns), (True, ("id",))),
    ("a deferrable one of two columns", lambda c: _index(c, "member_email").columns, ("tenant", "email")),
    ("INCLUDE adds no column to the key", lambda c: (_index(c, "member_seat").columns, _index(c, "member_seat").mentioned), (("seat",), ("seat",))),
    ("expressions", lambda c: (_index(c, "member_login").columns, _index(c, "member_login").expressions), ((None, None), ("lower(login)", "((tenant + slot))"))),
    ("a predicate", lambda c: _index(c, "member_login").predicate, "(badge IS NOT NULL)"),
    ("what expressions and predicate read", lambda c: set(_index(c, "member_login").mentioned), {"login", "tenant", "slot", "badge"}),
    ("NULLS NOT DISTINCT", lambda c: _index(c, "member_badge").nulls_not_distinct, True),
    ("the whole row reads every column", lambda c: len(_index(c, "member_row").mentioned), 9),
    ("an exclusion constraint", lambda c: (_index(c, "member_room").is_exclusion, _index(c, "member_room").columns, _index(c, "member_room").predicate), (True, ("room", "during"), "(tenant > 0)")),
    ("its operators", lambda c: _index(c, "member_room").definition, "EXCLUDE USING gist (room WITH =, during WITH &&) WHERE ((tenant > 0))"),
    ("one that is not unique is none", lambda c: [one for one in c.unique_indexes if one.name == "member_slot"], []),
]  # fmt: skip

KEYS: list[Case] = [
    ("to the same table", lambda c: _pair(_key(c, "tenant_boss_fkey")), (("boss",), "tenant", ("id",))),
    ("between types and schemas", lambda c: (_key(c, "of_another_type").referencing, _pair(_key(c, "of_another_type"))), (RelationName("other", "visit"), (("tenant",), "tenant", ("id",)))),
    ("to a unique index that is no constraint", lambda c: _pair(_key(c, "to_an_index")), (("code",), "tenant", ("code",))),
    ("composite, in another order than the key's", lambda c: _pair(_key(c, "composite")), (("part", "tenant"), "tenant", ("part", "id"))),
    ("MATCH FULL", lambda c: {one.name for one in c.foreign_keys if one.match == "full"}, {"composite"}),
    ("deferrable", lambda c: {one.name for one in c.foreign_keys if one.deferrable}, {"overlapping"}),
    ("NOT VALID", lambda c: {one.name for one in c.foreign_keys if not one.validated}, {"not_valid"}),
    ("to a partitioned table", lambda c: _pair(_key(c, "to_partitions")), (("reading", "at", "region"), "reading", ("id", "at", "region"))),
    ("to one partition", lambda c: _pair(_key(c, "to_one_partition"))[1], "reading_1_n_1"),
    ("copies per partition are marked", lambda c: {one.referenced.name for one in c.foreign_keys if one.is_inherited}, {"reading_1", "reading_1_n", "reading_1_n_0", "reading_1_n_0_a", "reading_1_n_1", "reading_1_rest", "reading_old"}),
    ("in circles", lambda c: {_key(c, name).referenced.name for name in ("in_circles", "member_tenant")}, {"member", "tenant"}),
]  # fmt: skip

OTHERS: list[Case] = [
    ("a sequence that feeds two tables", lambda c: _sequence(c, "shared").feeds, ((_every("note"), "id"), (_every("task"), "id"))),
    ("a sequence of nobody's", lambda c: (_sequence(c, "free").feeds, _sequence(c, "free").owned_by), ((), None)),
    ("one that counts down in circles", lambda c: (_sequence(c, "free").increment, _sequence(c, "free").minimum, _sequence(c, "free").maximum, _sequence(c, "free").cycles), (-2, -9, -1, True)),
    ("a serial's", lambda c: (_sequence(c, "task_at_seq").owned_by, _sequence(c, "task_at_seq").maximum), (_every("task"), 2**31 - 1)),
    ("an identity's", lambda c: (_sequence(c, "written_id_seq").start, _sequence(c, "written_id_seq").increment), (100, 5)),
    ("a partitioned table's feeds the root alone", lambda c: _sequence(c, "reading_id_seq").feeds, ((_every("reading"), "id"),)),
    ("one that is owned and not drawn from", lambda c: (_sequence(c, "lent").owned_by, _sequence(c, "lent").feeds), (_every("note"), ((_every("note"), "id"),))),
    ("row level security", lambda c: [name.name for name, one in c.relations.items() if one.row_security], ["guarded"]),
    ("triggers and rules leave a table what it is", lambda c: _relation(c, "guarded").holds_rows, True),
    ("a view", lambda c: (_relation(c, "between_them").kind, _relation(c, "between_them").holds_rows), (RelationKind.VIEW, False)),
    ("materialised views in the order of refreshing", lambda c: [name.name for name in c.materialized_views], ["z_first", "a_second"]),
    ("what an extension owns is not the database's", lambda c: RelationName("other", "of_extension") in c.relations, False),
    ("a foreign table", lambda c: _relation(c, "far").kind, RelationKind.FOREIGN_TABLE),
    ("large objects are counted", lambda c: c.large_objects, 2),
    ("what is left out is said", lambda c: [sentence.split(" ")[0] for sentence in c.not_copied], ["every.far", "every.half_far_1", "every.never", "large"]),
]  # fmt: skip

NAMES: list[Case] = [
    ("are as they were given", lambda c: {name.name for name in c.relations if name.schema == _ODD}, {"select", _LONG}),
    ("are spelt as SQL does", lambda c: [str(name) for name in c.relations if name.name == "select"], ['"Sch. ""x"" %s"."select"']),
    ("of columns", lambda c: [one.name for one in c.relations[RelationName(_ODD, "select")].columns], ["user", "Größe", "a.b", 'a"b', "%(x)s", " ", "$1"]),
    ("of 57 bytes that are 19 letters", lambda c: [len(one.name) for one in c.relations[RelationName(_ODD, _LONG)].columns], [19]),
    ("of an index that look like its definition", lambda c: _index(c, 'Ind."x" (%s) ON ').columns, ("a.b", None)),
    ("of keys", lambda c: [key.referenced_columns for key in c.foreign_keys if key.referencing.name == _LONG], [("user",)]),
]  # fmt: skip

CASES = {
    f"{kind}: {name}": (ask, expected)
    for kind, cases in {
        "types": TYPES,
        "columns": COLUMNS,
        "partitions": PARTITIONS,
        "unique indexes": INDEXES,
        "foreign keys": KEYS,
        "others": OTHERS,
        "names": NAMES,
    }.items()
    for name, ask, expected in cases
}


@pytest.mark.parametrize("case", CASES)
def test_the_catalog_knows(case: str, catalog_of: CatalogOf) -> None:
    ask, expected = CASES[case]
    assert ask(catalog_of("everything")) == expected


SINCE_18: dict[str, tuple[Callable[[Catalog], object], object]] = {
    "a virtual column is generated": (
        lambda c: c.relations[RelationName("public", "person")].get_column("full_name").generated, True
    ),
    "and not copied": (
        lambda c: [one.name for one in c.relations[RelationName("public", "person")].copied_columns],
        ["id", "first_name", "last_name"],
    ),
    "a key that is not enforced": (lambda c: {one.name for one in c.foreign_keys if not one.enforced}, {"job_person"}),
    "a check that is not enforced": (lambda c: {one.name for one in c.checks if not one.enforced}, {"person_named"}),
    "a key over time": (lambda c: {one.name for one in c.foreign_keys if one.temporal}, {"rent_lease"}),
    "a primary key without overlaps": (lambda c: _index(c, "lease_pkey").is_exclusion, True),
    "NOT NULL that was never validated": (
        lambda c: c.relations[RelationName("public", "job")].get_column("title").not_null, True
    ),
}  # fmt: skip


@pytest.mark.one_major
@pytest.mark.parametrize("case", SINCE_18)
def test_the_catalog_knows_what_came_with_18(
    case: str, server: EmbeddedServer, catalog_of: CatalogOf
) -> None:
    if server.major < 18:
        pytest.skip("cannot run here: it came with PostgreSQL 18")
    ask, expected = SINCE_18[case]
    assert ask(catalog_of("virtual_column")) == expected
