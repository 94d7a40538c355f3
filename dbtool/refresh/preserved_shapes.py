"""Do rows of live fit into a table of the copy, which may have other columns? Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationName, TypeKind, quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.targets import Target

# From a type to those that hold each of its values, and print it so that it is read as the same.
_WIDER: Mapping[str, frozenset[str]] = {
    "int2": frozenset({"int4", "int8", "numeric", "float4", "float8"}),
    "int4": frozenset({"int8", "numeric", "float8"}),
    "int8": frozenset({"numeric"}),
    "float4": frozenset({"float8"}),
    "date": frozenset({"timestamp", "timestamptz"}),
    "timestamp": frozenset({"timestamptz"}),
    "cidr": frozenset({"inet"}),
    "bit": frozenset({"varbit"}),
    "json": frozenset({"jsonb"}),
}
_TEXTS = frozenset({"text", "varchar"})


@dataclass(frozen=True, slots=True)
class Carried:
    """A column of live's, as the copy's type where that is another one."""

    name: str
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class TableToCarry:
    """``leaves`` are what live keeps its rows in; they find their own way from the copy's root."""

    relation: Relation
    leaves: tuple[RelationName, ...]
    columns: tuple[Carried, ...]

    @property
    def name(self) -> RelationName:
        return self.relation.name


def judge_shapes(
    target: Target, names: Collection[RelationName], copy: Catalog, live: Catalog
) -> Iterator[Finding]:
    """Of tables that both have: ``copy`` is the source's catalog, or the candidate's."""
    for name in names:
        if name in copy.relations and name in live.relations:
            yield from _judge_shape(target, live.relations[name], copy.relations[name])


def _judge_shape(target: Target, old: Relation, new: Relation) -> Iterator[Finding]:
    for column in old.columns:
        there = new.find_column(column.name)
        if there is None or (there.generated and not column.generated):
            what = "has not" if there is None else "generates from others"
            yield _misfit(
                ColumnRef(old.name, column.name),
                f"{target} has this column, which the copy {what}: its values would be lost",
                f"ALTER TABLE {old.name} DROP COLUMN {quote_identifier(column.name)} there, have the source keep it, or take "
                f"{old.name} out of preserve",
            )
        elif not there.generated and find_cast(column, there) is None:
            yield _misfit(
                ColumnRef(old.name, column.name),
                f"it is {column.type.sql} in {target} and {there.type.sql} in the copy, and not every value of the one is one of "
                "the other",
                f"change its type in {target} to {there.type.sql}, or take {old.name} out of preserve",
            )
    for column in new.columns:
        if old.find_column(column.name) is None and _needs_value(column):
            yield _misfit(
                ColumnRef(new.name, column.name),
                f"it is new in the copy, NOT NULL and without a default: the rows of {target} have nothing for it",
                f"give it a default in the source, add it in {target} with its values, or take {new.name} out of preserve",
            )


def _misfit(where: ColumnRef, message: str, remedy: str) -> Finding:
    return Finding("preserve-shape", Severity.ERROR, str(where), message, remedy)


def _needs_value(column: Column) -> bool:
    return column.not_null and column.default is None and not column.generated and not column.identity


def find_cast(old: Column, new: Column) -> str | None:
    """What a value must be cast to, empty where it is the same as text; None where it may not fit."""
    ours, theirs = old.type, new.type
    same = (ours.base, ours.type_schema, ours.is_array) == (theirs.base, theirs.type_schema, theirs.is_array)
    if same and ours.made_of == theirs.made_of:
        return ""
    if not theirs.is_array and theirs.base in _TEXTS and theirs.type_schema == "pg_catalog":
        return (
            "pg_catalog.text" if not ours.is_array and ours.kind in {TypeKind.BASE, TypeKind.ENUM} else None
        )
    if ours.is_array == theirs.is_array and theirs.base in _WIDER.get(ours.base, ()):
        return f"pg_catalog.{theirs.base}" + ("[]" if theirs.is_array else "")
    return None


def plan_table(live: Catalog, copy: Catalog, name: RelationName) -> TableToCarry:
    """``judge_shapes`` had nothing against it."""
    old, new = live.relations[name], copy.relations[name]
    columns = [
        Carried(column.name, find_cast(column, there) or None)
        for column in old.columns
        if (there := new.find_column(column.name)) is not None and not there.generated
    ]
    leaves = [one.name for one in live.tables() if one.ruled_by == name]
    return TableToCarry(new, tuple(sorted(leaves)), tuple(columns))
