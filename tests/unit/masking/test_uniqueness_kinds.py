"""Each kind of unique index under each kind of mask: proved, or refused with an alternative. The masks are the real ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName, TypeKind
from dbtool.digest import ProjectKey
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.rules.model import ColumnRule, Decision, DocumentPaths, Keep, MaskUse, RuleSet, TableRules
from dbtool.rules.position import Position

AT = Position("rules.yaml", 1, 1)
KEY = ProjectKey(b"k" * 32)
TABLE = RelationName("public", "t")
TEXT = ColumnType("text", "text")
COLUMNS = (
    Column("id", ColumnType("bigint", "int8")),
    Column("x", TEXT),
    Column("other", TEXT),
    Column("loose", ColumnType("public.citext", "citext", type_schema="public", extension="citext")),
    Column("tags", ColumnType("text[]", "text", is_array=True)),
    Column("data", ColumnType("jsonb", "jsonb")),
    Column("during", ColumnType("daterange", "daterange", TypeKind.RANGE)),
)
ROWS = 1_000_000
PERMUTED, HASHED, LOSSY, NULL = "permute_format", "email", "city", "null"


@dataclass(frozen=True)
class Kind:
    """``holds`` are the masks of ``column`` under which it is proved; under all the others it is refused."""

    name: str
    index: UniqueIndex
    holds: frozenset[str]
    column: str = "x"
    each: bool = False


def index(*columns: str | None, **parts: Any) -> UniqueIndex:
    made = UniqueIndex("k", TABLE, columns, **parts)
    named = tuple(name for name in columns if name)
    return replace(made, mentioned=made.mentioned or named)


def of_expression(text: str, *mentioned: str, **parts: object) -> UniqueIndex:
    return index(None, expressions=(text,), mentioned=mentioned, **parts)


STRONG = frozenset({PERMUTED, HASHED})
KINDS = [
    Kind("single", index("x"), STRONG | {NULL}),
    Kind("primary key", index("x", is_primary=True), STRONG),
    Kind("composite", index("id", "x"), STRONG | {NULL}),
    Kind("partial, of another column", index("x", predicate="(other IS NULL)"), STRONG | {NULL}),
    Kind("partial, of its values", index("x", predicate="(x IS NOT NULL)"), STRONG | {NULL}),
    Kind("partial, of what it is", index("id", predicate="(x = 'a'::text)"), frozenset()),
    Kind(
        "partial, not empty", index("x", predicate="((id > 0) AND ((x)::text <> ''::text))"), STRONG | {NULL}
    ),
    Kind("partial, not a quote", index("x", predicate="(x <> ''''::text)"), frozenset()),
    Kind("partial, empty", index("x", predicate="(NOT (x <> ''::text))"), frozenset()),
    Kind("partial, not not empty", index("x", predicate="((x <> ''::text) IS FALSE)"), frozenset()),
    Kind("partial, kept", index("x", predicate="((NOT (id > 0)) AND (x <> ''::text))"), STRONG | {NULL}),
    Kind("partial, not a value", index("x", predicate="((x IS NOT NULL) IS FALSE)"), STRONG),
    Kind("partial, empty or not", index("x", predicate="((x <> ''::text) OR (id > 0))"), frozenset()),
    Kind("NULLS NOT DISTINCT", index("x", nulls_not_distinct=True), STRONG),
    Kind("INCLUDE", index("id", definition="(id) INCLUDE (x)"), STRONG | {LOSSY, NULL}),
    Kind("lower", of_expression("lower(x)", "x"), frozenset({HASHED, NULL})),
    Kind("lower, partial", of_expression("lower(x)", "x", predicate="(id > 0)"), frozenset({HASHED, NULL})),
    Kind("upper of a cast", of_expression("upper((x)::text)", "x"), frozenset({HASHED, NULL})),
    Kind("another expression", of_expression('"left"(x, 4)', "x"), frozenset()),
    Kind("two expressions", of_expression("(lower(x) || lower(other))", "x", "other"), frozenset()),
    Kind("citext", index("loose"), frozenset({HASHED, NULL}), "loose"),
    Kind("a collation", index("x", nondeterministic=("x",)), frozenset({HASHED, NULL})),
    Kind("exclusion by equality", index("x", is_exclusion=True, definition="(x WITH =)"), STRONG | {NULL}),
    Kind("an array, element by element", index("tags"), STRONG, "tags", each=True),
    Kind("an expression of an array", of_expression("tags[1]", "tags"), frozenset(), "tags", each=True),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def plan(one: UniqueIndex, rows: int = ROWS, /, **decisions: Decision) -> list[Finding]:
    """Those about uniqueness, where all columns but these are kept."""
    relation = Relation(TABLE, RelationKind.TABLE, COLUMNS, rows=rows)
    return _prove([relation], (one,), decisions)


def _prove(
    relations: list[Relation], indexes: tuple[UniqueIndex, ...], decisions: dict[str, Decision]
) -> list[Finding]:
    rules = tuple(
        ColumnRule((column.name,), decisions.get(column.name, Keep("a reason", AT)), AT) for column in COLUMNS
    )
    found = plan_masking(
        build_catalog(180000, relations, unique_indexes=indexes),
        RuleSet({TABLE: TableRules(TABLE, rules, AT)}),
        KEY,
        MASKS,
    )
    assert [one for one in found.findings if one.is_error and one.check != "uniqueness-not-proved"] == []
    return [one for one in found.findings if one.check.startswith("uniqueness")]


def use(mask: str, *, each: bool = False, **options: object) -> MaskUse:
    return MaskUse(mask, mask, AT, options, each=each)


@pytest.mark.parametrize("mask", [PERMUTED, HASHED, LOSSY, NULL])
@every_kind
def test_is_proved_or_refused_with_an_alternative(kind: Kind, mask: str) -> None:
    if kind.each and mask == NULL:
        return  # refused on elements of any array
    errors = [one for one in plan(kind.index, **{kind.column: use(mask, each=kind.each)}) if one.is_error]
    assert bool(errors) == (mask not in kind.holds)
    for one in errors:
        assert f"public.t.{kind.column} " in one.message
        assert one.message.startswith(("unique index k ", "primary key k ", "exclusion constraint k "))
        assert "keep the column" in one.remedy


def test_a_constant_brings_empty_texts_under_a_predicate_that_left_them_out() -> None:
    (found,) = plan(index("id", predicate="(x <> ''::text)"), x=use("constant", value="a"))
    assert found.is_error
    assert "read by its predicate" in found.message


@pytest.mark.parametrize(
    "column",
    [
        Column("x", ColumnType("character(64)", "bpchar", length=64)),
        Column("x", TEXT, collation="equal", collation_is_deterministic=False),
    ],
)
def test_what_may_equal_an_empty_text_and_be_none_comes_under_a_predicate_that_left_it_out(
    column: Column, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blanks that char(n) is filled up with; signs that a collation overlooks."""
    monkeypatch.setitem(globals(), "COLUMNS", (COLUMNS[0], column, *COLUMNS[2:]))
    (found,) = [one for one in plan(index("x", predicate="(x <> ''::text)"), x=use("token")) if one.is_error]
    assert "read by its predicate" in found.message


@every_kind
def test_a_digest_states_its_odds_and_a_permutation_has_none(kind: Kind) -> None:
    for mask in sorted(kind.holds & STRONG):
        found = plan(kind.index, **{kind.column: use(mask, each=kind.each)})
        is_compared = kind.column in (*kind.index.columns, *kind.index.mentioned)
        expected = [("uniqueness-by-odds", Severity.INFO)] if mask == HASHED and is_compared else []
        assert [(one.check, one.severity) for one in found] == expected
        assert all("1,000,000 rows" in one.message and "odds of 2.7e-08" in one.message for one in found)


@pytest.mark.parametrize(
    ("rows", "severity"), [(1_000, Severity.INFO), (10_000_000, Severity.WARNING), (10**9, Severity.ERROR)]
)
def test_a_space_too_small_for_the_rows_is_refused_with_its_odds(rows: int, severity: Severity) -> None:
    """64 bits of digest, as an e-mail has; a token has 128, and is what the refusal names."""
    (found,) = plan(index("x"), rows, x=use(HASHED))
    assert found.severity is severity
    if severity is Severity.ERROR:
        assert "has 1,000,000,000 rows, and mask email would give two of them one stand-in" in found.message
        assert "odds of 3%" in found.message
        assert "mask: token" in found.remedy
        assert "mask: username" not in found.remedy
        assert [one.severity for one in plan(index("x"), rows, x=use("token"))] == [Severity.INFO]


@pytest.mark.parametrize("expression", ["(data ->> 'email'::text)", "((data -> 'a'::text) ->> 'b'::text)"])
def test_an_expression_over_a_document_is_refused_where_that_is_masked(expression: str) -> None:
    one = of_expression(expression, "data")
    paths = DocumentPaths({"$.email": use("email")}, "keep", AT)
    for decision in (paths, use("empty"), use("null")):
        (refused,) = plan(one, data=decision)
        assert refused.is_error
        assert "public.t.data" in refused.message
    assert plan(one) == []


@pytest.mark.parametrize(
    ("definition", "by", "holds"),
    [
        ("EXCLUDE USING gist (id WITH =, during WITH &&)", ("id",), True),
        ("EXCLUDE USING gist (id WITH =, during WITH &&)", (), False),
        ("EXCLUDE USING gist (id WITH <>, during WITH &&)", ("id",), False),
        ("PRIMARY KEY (id, during WITHOUT OVERLAPS)", ("id",), True),
    ],
)
def test_ranges_hold_where_they_move_together(definition: str, by: tuple[str, ...], *, holds: bool) -> None:
    one = index("id", "during", is_exclusion=True, definition=definition)
    shift = MaskUse("shift_date", "shift_date", AT, by=by)
    errors = [finding for finding in plan(one, during=shift) if finding.is_error]
    assert (errors == []) == holds


def test_a_partitioned_table_is_judged_by_all_its_rows_and_a_partition_by_its_own() -> None:
    root = Relation(TABLE, RelationKind.PARTITIONED_TABLE, COLUMNS, partition_key=("id",))
    leaves = [
        Relation(
            RelationName("public", f"t{number}"),
            RelationKind.TABLE,
            COLUMNS,
            rows=rows,
            partition_root=TABLE,
        )
        for number, rows in enumerate((400_000, 600_000))
    ]
    indexes = (index("id", "x"), replace(index("x"), relation=leaves[0].name, name="own"))
    of_all, of_leaf = _prove([root, *leaves], indexes, {"x": use(HASHED)})
    assert "1,000,000 rows" in of_all.message
    assert "400,000 rows" in of_leaf.message
    lossy = _prove([root, *leaves], indexes, {"x": use(LOSSY)})
    assert len([one for one in lossy if one.is_error]) == 2
