"""What the walk must know of the source beyond its catalog, as one frozen value that postgres reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dbtool.catalog.relations import RelationName, quote_identifier


@dataclass(frozen=True, slots=True)
class EqualityOperator:
    """How two columns are compared, spelt for SQL: ``OPERATOR(pg_catalog.=)``; the referenced column stands on the
    left. ``as_text``: no operator knows both types, so that their texts are compared. ``referenced_as`` and
    ``referencing_as`` go behind a column that the operator does not take as it is: a cast, a collation.
    """

    sql: str = "OPERATOR(pg_catalog.=)"
    as_text: bool = False
    referenced_as: str = ""
    referencing_as: str = ""


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """``leaves`` has, for every table and partitioned table at any level, the relations that hold its rows (a table
    is its own). ``oids`` are those of the leaves. ``operators`` are a declared foreign key's, by the referencing
    relation and the constraint's name, one per column; a virtual one's by the relation and ``virtual_key``. ``indexes`` are, by relation, the leading plain columns of each valid index without a
    predicate, in order; a partitioned table's are those on it, not on its leaves.
    """

    leaves: Mapping[RelationName, tuple[RelationName, ...]]
    oids: Mapping[RelationName, int]
    operators: Mapping[tuple[RelationName, str], tuple[EqualityOperator, ...]] = field(default_factory=dict)
    indexes: Mapping[RelationName, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    def is_indexed(self, relation: RelationName, columns: tuple[str, ...]) -> bool:
        """An index begins with these columns, in whatever order."""
        width = len(columns)
        return any(set(index[:width]) == set(columns) for index in self.indexes.get(relation, ()))


def virtual_key(
    columns: tuple[str, ...], referenced: RelationName, referenced_columns: tuple[str, ...]
) -> str:
    """What stands for a constraint's name where a reference has no constraint: ``x, y → public.t (a, b)``."""
    return f"{_spell(columns)} → {referenced} ({_spell(referenced_columns)})"


def _spell(columns: tuple[str, ...]) -> str:
    return ", ".join(map(quote_identifier, columns))
