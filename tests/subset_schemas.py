"""Small databases that refer to themselves in every way, as values, and how hypothesis draws them.

A row is known by its table and its ``label``, a column that is in no key: tables without a key and rows that are alike
but for it can be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from hypothesis import strategies as st

from dbtool.rules.subset_model import Follow, OrderTerm
from dbtool.subset.graph import Policy

Value = int | str | None
Columns = tuple[str, ...]

OWN_COLUMNS = ("id", "part", "code")
TYPE_COLUMN = "kind"
RANGE = 2  # ids per leaf
NOWHERE = 99  # what an orphan refers to


@dataclass(frozen=True, slots=True)
class Table:
    """``leaves`` above 1 make it partitioned, by ranges of ``id``. ``columns`` are those of references."""

    name: str
    key: Columns = ("id",)
    unique: Columns = ()
    leaves: int = 1
    columns: Columns = ()
    not_null: frozenset[str] = frozenset()
    has_type: bool = False

    @property
    def referable(self) -> tuple[Columns, ...]:
        return tuple(columns for columns in (self.key, self.unique) if columns)

    def leaf_of(self, row: Row) -> int:
        number = row.values["id"]
        assert isinstance(number, int)
        return min(number // RANGE, self.leaves - 1)


@dataclass(frozen=True, slots=True)
class Reference:
    """``nulled`` are the columns that become NULL where the referenced row stays out; () where it is pulled in. What is
    ``virtual`` may lead to columns that many rows have alike.
    """

    referencing: str
    columns: Columns
    referenced: str
    referenced_columns: Columns
    follow: Follow = field(default_factory=Follow)
    nulled: Columns = ()
    type_value: str | None = None
    virtual: bool = False

    @property
    def ruled_by(self) -> tuple[str, frozenset[str]]:
        """Rules name a reference by its columns: those that share these share the rule."""
        return self.referencing, frozenset(self.columns)


class RowName(NamedTuple):
    table: str
    label: int


@dataclass(frozen=True, slots=True)
class Row:
    name: RowName
    values: Mapping[str, Value]

    def at(self, columns: Columns) -> tuple[Value, ...]:
        return tuple(self.values[column] for column in columns)


@dataclass(frozen=True, slots=True)
class Case:
    """``roots`` are labels of rows of a table that has no policy."""

    tables: Mapping[str, Table]
    references: tuple[Reference, ...]
    rows: tuple[Row, ...]
    roots: tuple[tuple[str, frozenset[int]], ...] = ()
    policies: Mapping[str, Policy] = field(default_factory=dict)

    def rows_of(self, table: str) -> list[Row]:
        return [row for row in self.rows if row.name.table == table]

    @property
    def root_names(self) -> frozenset[RowName]:
        return frozenset(RowName(table, label) for table, labels in self.roots for label in labels)


def without_limits(case: Case) -> Case:
    """The same database where everything follows, nothing stays out and nothing becomes NULL."""
    free = (replace(reference, follow=Follow(), nulled=()) for reference in case.references)
    return replace(case, references=tuple(free), policies={})


@st.composite
def cases(draw: st.DrawFn, most_rows: int = 6) -> Case:
    return draw(subsets_of(draw(databases(most_rows))))


@st.composite
def databases(draw: st.DrawFn, most_rows: int = 6) -> Case:
    """Nothing is said yet of a subset."""
    tables = {table.name: table for table in draw(table_lists)}
    references: list[Reference] = []
    for _ in range(draw(st.integers(1, 7))):
        reference = _draw_reference(draw, tables, references)
        tables[reference.referencing] = _with_columns(draw, tables[reference.referencing], reference)
        references.append(reference)
    once = tuple(dict.fromkeys(references))
    return Case(tables, once, _draw_rows(draw, tables, references, most_rows))


@st.composite
def subsets_of(draw: st.DrawFn, case: Case) -> Case:
    """The same rows, with other roots, caps and policies."""
    rules: dict[tuple[str, frozenset[str]], tuple[Follow, Columns]] = {}
    for each in case.references:
        table = case.tables[each.referencing]
        loose = tuple(name for name in each.columns if name in table.columns and name not in table.not_null)
        is_nulled = draw(st.sampled_from([False, False, True]))
        rules.setdefault(each.ruled_by, (draw(follows), loose if is_nulled else ()))
    references = (
        replace(each, follow=follow, nulled=nulled)
        for each in case.references
        for follow, nulled in [rules[each.ruled_by]]
    )
    return _with_subset(draw, replace(case, references=tuple(references)))


keys = st.sampled_from([("id",), ("id", "part"), ()])
plain_tables = st.tuples(keys, st.sampled_from([(), ("code",), ("part", "code")]), st.just(1))
partitioned_tables = st.tuples(keys, st.sampled_from([(), ("id", "code")]), st.integers(2, 3))


@st.composite
def _lists_of_tables(draw: st.DrawFn) -> list[Table]:
    shapes = draw(st.lists(plain_tables | partitioned_tables, min_size=2, max_size=6))
    tables = [Table(f"t{number}", *shape) for number, shape in enumerate(shapes)]
    if not any(table.referable for table in tables):
        tables[0] = replace(tables[0], key=("id",))
    return tables


table_lists = _lists_of_tables()


def _draw_reference(draw: st.DrawFn, tables: dict[str, Table], others: list[Reference]) -> Reference:
    kind = draw(st.sampled_from(["declared", "declared", "declared", "virtual", "typed"]))
    referencing = draw(st.sampled_from(sorted(tables)))
    targets = [(table.name, columns) for table in tables.values() for columns in table.referable]
    if kind == "virtual":
        targets += [(name, (column,)) for name in tables for column in OWN_COLUMNS]
    referenced, wanted = draw(st.sampled_from(targets))
    columns = _draw_columns(draw, tables[referencing], len(wanted), others, shares=kind == "typed")
    type_value = referenced if kind == "typed" else None
    return Reference(
        referencing, columns, referenced, wanted, type_value=type_value, virtual=kind != "declared"
    )


def _draw_columns(
    draw: st.DrawFn, table: Table, width: int, others: list[Reference], *, shares: bool
) -> Columns:
    """New ones; now and then among them some of another reference's, or of the table's own key."""
    typed = [
        each.columns
        for each in others
        if each.referencing == table.name and each.type_value and len(each.columns) == width
    ]
    if shares and typed:
        return typed[0]
    new = [f"r{len(others)}{letter}" for letter in "ab"]
    taken = draw(st.sampled_from([None, None, "id", "part", *table.columns]))
    return (str(taken), *new)[:width] if taken else tuple(new[:width])


def _with_columns(draw: st.DrawFn, table: Table, reference: Reference) -> Table:
    new = tuple(each for each in reference.columns if each not in (*table.columns, *OWN_COLUMNS))
    not_null = new if draw(st.booleans()) else ()
    return replace(
        table,
        columns=(*table.columns, *new),
        not_null=table.not_null | frozenset(not_null),
        has_type=table.has_type or reference.type_value is not None,
    )


order_terms = st.builds(
    OrderTerm,
    st.sampled_from(["label", "part", "code"]),
    st.booleans(),
    st.sampled_from([None, None, True, False]),
)
follows = st.builds(
    Follow,
    st.sampled_from([None, None, None, 0, 1, 2]),
    st.lists(order_terms, max_size=2, unique_by=lambda term: term.column).map(tuple),
    st.sampled_from([False, False, True]),
)


def _draw_rows(
    draw: st.DrawFn, tables: Mapping[str, Table], references: list[Reference], most: int
) -> tuple[Row, ...]:
    counts = {name: draw(st.sampled_from([*range(most, 0, -1), 0])) for name in tables}
    bare = {name: [_own_values(draw, tables[name], i) for i in range(counts[name])] for name in tables}
    return tuple(
        Row(RowName(name, label), _referring(draw, tables[name], own, references, bare))
        for name, rows in bare.items()
        for label, own in enumerate(rows)
    )


def _own_values(draw: st.DrawFn, table: Table, number: int) -> dict[str, Value]:
    """As alike as the keys allow."""
    code = {("code",): number, ("part", "code"): number // 2, ("id", "code"): number % 2}
    return {
        "id": number if table.key == ("id",) else number // 2,
        "part": number % 2,
        "code": draw(st.sampled_from([code.get(table.unique, 0), None])),
        "label": number,
    }


def _referring(
    draw: st.DrawFn,
    table: Table,
    own: Mapping[str, Value],
    references: list[Reference],
    bare: Mapping[str, list[dict[str, Value]]],
) -> dict[str, Value]:
    """References that share columns overrule one another: an earlier one may end up nowhere."""
    values: dict[str, Value] = {**own, **dict.fromkeys(table.columns)}
    going_out = [each for each in references if each.referencing == table.name]
    for reference in going_out:
        there = bare[reference.referenced]
        picked = draw(st.integers(0, 2 * len(there) + 2))
        new = dict(_values_of(reference, there, picked))
        values.update({column: value for column, value in new.items() if column in table.columns})
    values.update({column: NOWHERE for column in table.not_null if values[column] is None})
    if table.has_type:
        kinds = [each.type_value for each in going_out if each.type_value]
        values[TYPE_COLUMN] = draw(st.sampled_from([*kinds, *kinds, "unheard of", None]))
    return values


def _values_of(
    reference: Reference, there: list[dict[str, Value]], picked: int
) -> Iterator[tuple[str, Value]]:
    elsewhere: list[list[Value]] = [[None, None], [NOWHERE, NOWHERE], [None, 0]]
    row = there[picked % len(there)] if there else {}
    is_there = picked < 2 * len(there)
    values = (
        [row[column] for column in reference.referenced_columns]
        if is_there
        else elsewhere[picked - 2 * len(there)]
    )
    return zip(reference.columns, values, strict=False)


def _with_subset(draw: st.DrawFn, case: Case) -> Case:
    policies: dict[str, Policy] = draw(
        st.dictionaries(
            st.sampled_from(sorted(case.tables)), st.sampled_from(["all", "empty", "skip"]), max_size=1
        )
    )
    free = [name for name in sorted(case.tables) if name not in policies] or [policies.popitem()[0]]
    roots = tuple(
        (name, draw(_label_sets(case, name)))
        for name in draw(st.lists(st.sampled_from(free), min_size=1, max_size=3))
    )
    return replace(case, roots=roots, policies=policies)


def _label_sets(case: Case, table: str) -> st.SearchStrategy[frozenset[int]]:
    labels = [row.name.label for row in case.rows_of(table)]
    return st.frozensets(st.sampled_from(labels), min_size=1, max_size=3) if labels else st.just(frozenset())
