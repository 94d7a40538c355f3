"""What stands under a unique index is proved to stay unique, or refused with the alternative."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import polars as pl
import pytest

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import ForeignKey, UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.findings import Finding, Severity
from dbtool.masking.coverage import decide
from dbtool.masking.mask import (
    ANY_TYPE,
    INTEGER_TYPES,
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    NoOptions,
    Options,
    Overlap,
    Registry,
    Space,
    Uniqueness,
)
from dbtool.masking.uniqueness import prove_uniqueness
from dbtool.rules.model import ColumnRule, Decision, DocumentPaths, Keep, MaskUse, RuleSet, TableRules
from dbtool.rules.position import Position

AT = Position("rules.yaml", 1, 1)
KEY = ProjectKey(b"k" * 32)
USERS = RelationName("public", "users")
TYPES = {
    "email": ColumnType("text", "text"),
    "login": ColumnType("public.citext", "citext", type_schema="public", extension="citext"),
    "city": ColumnType("text", "text"),
    "tenant": ColumnType("bigint", "int8"),
    "id": ColumnType("bigint", "int8"),
    "net": ColumnType("inet", "inet"),
    "data": ColumnType("jsonb", "jsonb"),
}


def bind(_options: Options, _context: MaskContext) -> BoundMask:
    return lambda values, _by: pl.Series(values.name, ["x"] * len(values), dtype=pl.String)


def fake(
    name: str,
    uniqueness: Uniqueness,
    *,
    bits: int | None = None,
    canonical: tuple[str, ...] = (),
    types: frozenset[str] = ANY_TYPE,
) -> Mask:
    return Mask(
        name=name,
        summary="",
        types=types,
        uniqueness=uniqueness,
        overlap=Overlap.DISJOINT,
        space=Space.PRIVATE,
        bind=bind,
        example=Example(""),
        options=NoOptions,
        capacity=lambda _options, _context: None if bits is None else 2**bits,
        canonical=canonical,
        makes_null=name == "null",
    )


MASKS: Registry = {
    mask.name: mask
    for mask in (
        fake("permute", Uniqueness.INJECTIVE),
        fake("number", Uniqueness.INJECTIVE, types=INTEGER_TYPES),
        fake("token", Uniqueness.COLLISION_FREE, types=TEXT_TYPES),
        fake("narrow", Uniqueness.COLLISION_FREE, bits=32),
        fake("folding", Uniqueness.COLLISION_FREE, canonical=("trim", "casefold")),
        fake("pool", Uniqueness.LOSSY),
        fake("null", Uniqueness.LOSSY),
    )
}


def index(*columns: str | None, name: str = "k", **parts: object) -> UniqueIndex:
    made = UniqueIndex(name, USERS, columns, **parts)  # type: ignore[arg-type]
    return replace(made, mentioned=made.mentioned or tuple(one for one in columns if one))


def users(*columns: Column, rows: int = 100_000) -> Relation:
    return Relation(
        USERS, RelationKind.TABLE, (*(Column(one, kind) for one, kind in TYPES.items()), *columns), rows=rows
    )


def prove(
    *indexes: UniqueIndex,
    relation: Relation | None = None,
    catalog: Catalog | None = None,
    spelt: Mapping[str, str] = MappingProxyType({}),
    **masks: str | Decision,
) -> tuple[Finding, ...]:
    """``masks`` and ``spelt`` are the masked columns of public.users; all others are kept."""
    masks.update(spelt)
    one = relation or users()
    found = catalog or build_catalog(180000, [one], unique_indexes=indexes)
    rules = tuple(
        ColumnRule((column.name,), _decision(masks.get(column.name)), AT) for column in one.copied_columns
    )
    coverage = decide(found, RuleSet({USERS: TableRules(USERS, rules, AT)}), MASKS)
    return prove_uniqueness(found, coverage, KEY, MASKS)


def _decision(given: str | Decision | None) -> Decision:
    if given is None:
        return Keep("a reason", AT)
    return MaskUse(given, given, AT) if isinstance(given, str) else given


def errors(findings: Sequence[Finding]) -> list[str]:
    return [finding.message for finding in findings if finding.is_error]


@pytest.mark.parametrize("mask", ["permute", "token"])
@pytest.mark.parametrize(
    "proved",
    [
        index("email"),
        index("tenant", "email"),
        index("email", is_primary=True),
        index("email", nulls_not_distinct=True),
        index("email", predicate="(deleted_at IS NULL)"),
        index("email", predicate="(email IS NOT NULL)"),
        index("email", is_exclusion=True),
    ],
    ids=["single", "composite", "primary", "nulls not distinct", "partial", "of values", "exclusion"],
)
def test_holds_under_a_mask_without_collisions(proved: UniqueIndex, mask: str) -> None:
    assert errors(prove(proved, email=mask)) == []


@pytest.mark.parametrize(
    "refused",
    [
        index("email"),
        index("tenant", "email"),
        index("email", "city"),
        index("email", is_primary=True),
        index("email", predicate="(deleted_at IS NULL)"),
        index("email", is_exclusion=True),
        index(None, expressions=("lower(email)",), mentioned=("email",)),
    ],
    ids=["single", "composite", "leading", "primary", "partial", "exclusion", "expression"],
)
def test_refuses_a_lossy_mask(refused: UniqueIndex) -> None:
    (message,) = errors(prove(refused, email="pool"))
    assert "public.users.email is masked by pool" in message


def test_names_the_index_the_reason_and_what_to_use_instead() -> None:
    (finding,) = prove(index("email", name="Users Email"), email="pool")
    assert finding == Finding(
        "uniqueness-not-proved",
        Severity.ERROR,
        'public."Users Email"',
        'unique index "Users Email" would not hold: public.users.email is masked by pool, which may give two originals one '
        "stand-in",
        "use mask: token or keep the column with a reason",
    )


def test_what_it_suggests_holds_without_regard_to_case_too() -> None:
    (strict,) = prove(index("id"), id="pool")
    assert strict.remedy == "use mask: number or keep the column with a reason"
    (loose,) = prove(index("login"), login="pool")
    assert loose.remedy == "use mask: token or keep the column with a reason"


def test_nothing_is_said_of_kept_columns() -> None:
    assert prove(index("email"), index("id", is_primary=True), city="pool") == ()


def test_every_masked_member_of_a_composite_key_must_hold() -> None:
    assert errors(prove(index("tenant", "email"), tenant="permute", email="token")) == []
    assert len(errors(prove(index("tenant", "email"), tenant="pool", email="token"))) == 1


def test_a_lossy_member_beside_a_key_of_its_own_is_harmless() -> None:
    primary = index("id", name="users_pkey", is_primary=True)
    assert errors(prove(primary, index("id", "city"), city="pool")) == []
    assert errors(prove(primary, index("id", "city"), city="pool", id="permute")) == []
    assert len(errors(prove(index("id", "city"), city="pool"))) == 1
    assert len(errors(prove(primary, index("id", "city"), city="pool", id="pool"))) == 3


def test_a_partial_or_exclusion_key_does_not_vouch_for_another() -> None:
    partial = index("id", name="some", predicate="active")
    assert len(errors(prove(partial, index("id", "city"), city="pool"))) == 1
    exclusion = index("id", name="some", is_exclusion=True)
    assert len(errors(prove(exclusion, index("id", "city"), city="pool"))) == 1


def test_nulls_that_are_distinct_vouch_for_no_key_where_they_are_not() -> None:
    strict = index("id", "city", nulls_not_distinct=True)
    assert len(errors(prove(index("id", name="some"), strict, city="pool"))) == 1
    assert errors(prove(index("id", name="some", is_primary=True), strict, city="pool")) == []


def test_null_holds_where_nulls_are_distinct() -> None:
    assert prove(index("email"), email="null") == ()
    assert len(errors(prove(index("email", nulls_not_distinct=True), email="null"))) == 1
    assert len(errors(prove(index("email", is_primary=True), email="null"))) == 1
    assert prove(index(None, expressions=("lower(email)",), mentioned=("email",)), email="null") == ()


@pytest.mark.parametrize(
    "expression",
    ["lower(email)", "upper(email)", "lower((email)::text)", "lower((email)::character varying)"],
)
def test_case_folding_keeps_a_digest_apart(expression: str) -> None:
    folded = index(None, expressions=(expression,), mentioned=("email",))
    assert errors(prove(folded, email="token")) == []
    assert len(errors(prove(folded, email="permute"))) == 1


@pytest.mark.parametrize(
    "expression",
    [
        "lower(btrim(email))",
        '"left"(email, 4)',
        "lower((email || city))",
        "COALESCE(email, ''::text)",
        "md5(email)",
    ],
)
def test_other_expressions_of_a_masked_column_are_refused(expression: str) -> None:
    assert (
        len(errors(prove(index(None, expressions=(expression,), mentioned=("email",)), email="token"))) == 1
    )


def test_a_name_within_a_literal_or_another_name_is_no_mention() -> None:
    other = index(None, expressions=("lower(city)",), predicate="(kind = 'email'::text)", mentioned=("city",))
    assert prove(other, email="pool") == ()
    longer = index(None, expressions=("lower(work_email)",), mentioned=("email",))
    assert prove(longer, email="pool") == ()


def test_quoted_names_are_found_in_expressions() -> None:
    column = Column("E Mail", ColumnType("text", "text"))
    quoted = index(None, expressions=('lower("E Mail")',), mentioned=("E Mail",))
    found = prove(quoted, relation=users(column), spelt={"E Mail": "pool"})
    assert len(errors(found)) == 1
    assert errors(prove(quoted, relation=users(column), spelt={"E Mail": "token"})) == []


@pytest.mark.parametrize(
    "predicate", ["(email = ''::text)", "((email IS NOT NULL) AND (email ~~ 'a%'::text))"]
)
def test_a_predicate_on_a_masked_column_is_refused(predicate: str) -> None:
    assert len(errors(prove(index("id", predicate=predicate), email="token"))) == 1


def test_a_predicate_that_null_empties_is_harmless_and_one_that_it_fills_is_not() -> None:
    assert prove(index("id", predicate="(email IS NOT NULL)"), email="null") == ()
    assert prove(index("id", predicate="((email IS NOT NULL) AND active)"), email="null") == ()
    assert len(errors(prove(index("id", predicate="((email IS NOT NULL) OR active)"), email="null"))) == 1
    assert len(errors(prove(index("id", predicate="(email IS NULL)"), email="null"))) == 1


def test_a_permutation_may_differ_by_case_only() -> None:
    assert len(errors(prove(index("login"), login="permute"))) == 1
    assert errors(prove(index("login"), login="token")) == []
    assert len(errors(prove(index("email", nondeterministic=("email",)), email="permute"))) == 1


def test_exclusion_by_more_than_equality_is_refused() -> None:
    assert len(errors(prove(index("net", is_exclusion=True), net="permute"))) == 1


def test_states_the_odds_of_a_digest() -> None:
    (finding,) = prove(index("email"), email="token")
    assert (finding.check, finding.severity) == ("uniqueness-by-odds", Severity.INFO)
    assert (
        finding.message
        == "unique index k: two of 100,000 rows of public.users.email share a stand-in with odds of 2.7e-10"
    )


def test_warns_of_odds_that_are_not_small_and_refuses_worse() -> None:
    (few,) = prove(index("email"), relation=users(rows=1000), email="narrow")
    assert (few.check, few.severity) == ("uniqueness-by-odds", Severity.WARNING)
    (many,) = prove(index("email"), relation=users(rows=100_000), email="narrow")
    assert (many.check, many.severity) == ("uniqueness-not-proved", Severity.ERROR)
    assert (
        "has 100,000 rows, and mask narrow would give two of them one stand-in with odds of 100%"
        in many.message
    )


def test_warns_where_canonical_steps_may_merge_two_originals() -> None:
    merging = [one for one in prove(index("email"), email="folding") if one.check == "canonical-may-merge"]
    assert [one.severity for one in merging] == [Severity.WARNING]
    assert "that trim, casefold makes one" in merging[0].message


def test_what_has_one_spelling_only_is_never_merged() -> None:
    assert [one.check for one in prove(index("id"), id="folding")] == ["uniqueness-by-odds"]


def test_a_domain_without_canonical_steps_merges_nothing() -> None:
    exact = MaskUse("folding", "folding", AT, {}, canonical=())
    assert [one.check for one in prove(index("email"), email=exact)] == ["uniqueness-by-odds"]


def test_case_is_no_difference_where_the_index_folds_it_itself() -> None:
    folded = index(None, expressions=("lower(email)",), mentioned=("email",))
    for proved, column in ((folded, "email"), (index("login"), "login")):
        (merging,) = (
            one for one in prove(proved, spelt={column: "folding"}) if one.check == "canonical-may-merge"
        )
        assert "that trim makes one" in merging.message


def test_a_generated_column_under_a_key_is_as_unique_as_what_it_reads() -> None:
    made = Column("email_key", ColumnType("text", "text"), generated=True, default="lower(email)")
    assert len(errors(prove(index("email_key"), relation=users(made), email="token"))) == 1
    assert errors(prove(index("email_key"), relation=users(made), city="pool")) == []


def test_a_generated_column_vouches_for_no_other_key() -> None:
    made = Column("email_key", ColumnType("text", "text"), generated=True, default="lower(email)")
    own = index("email_key", name="own")
    found = prove(own, index("email_key", "city"), relation=users(made), city="pool")
    assert [one.where for one in found if one.is_error] == ["public.k"]


def test_a_document_decided_by_path_is_refused() -> None:
    paths = DocumentPaths({"$.a": Keep("", AT)}, "error", AT)
    assert len(errors(prove(index("data"), data=paths))) == 1


def test_a_key_inherited_by_a_reference_is_proved_there_too() -> None:
    profiles = RelationName("public", "profiles")
    relation = Relation(profiles, RelationKind.TABLE, (Column("user_id", TYPES["id"]),), rows=10)
    one = UniqueIndex("profiles_pkey", profiles, ("user_id",), is_primary=True, mentioned=("user_id",))
    catalog = build_catalog(
        180000,
        [users(), relation],
        unique_indexes=(one,),
        foreign_keys=(ForeignKey("f", profiles, ("user_id",), USERS, ("id",)),),
    )
    assert errors(prove(catalog=catalog, id="permute")) == []
    (message,) = errors(prove(catalog=catalog, id="pool"))
    assert "public.profiles.user_id is masked by pool" in message


def test_a_partitions_own_index_speaks_of_its_roots_rules() -> None:
    leaf = Relation(
        RelationName("public", "users_1"), RelationKind.TABLE, users().columns, rows=500, partition_root=USERS
    )
    root = replace(users(), kind=RelationKind.PARTITIONED_TABLE, partition_key=("id",))
    own = replace(index("email"), relation=leaf.name)
    catalog = build_catalog(180000, [root, leaf], unique_indexes=(own, index("email", name="all")))
    (of_leaf, of_all) = prove(relation=root, catalog=catalog, email="token")
    assert "two of 500 rows" in of_leaf.message
    assert "two of 500 rows" in of_all.message
    assert len(errors(prove(relation=root, catalog=catalog, email="pool"))) == 2
