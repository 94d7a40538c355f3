"""What must hold between and within rows, and the sequences that number them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dbtool.catalog.relations import RelationName


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``is_inherited`` marks the copies PostgreSQL keeps per partition, on either end; the root's own one is
    not, nor is a key declared on a partition itself. The last column of a ``temporal`` key (PERIOD) refers to
    rows that together contain its range, not to one that equals it.
    """

    name: str
    referencing: RelationName
    columns: tuple[str, ...]
    referenced: RelationName
    referenced_columns: tuple[str, ...]
    match: Literal["simple", "full"] = "simple"
    validated: bool = True
    enforced: bool = True
    deferrable: bool = False
    is_inherited: bool = False
    temporal: bool = False


@dataclass(frozen=True, slots=True)
class UniqueIndex:
    """A unique or exclusion guarantee of any kind. ``columns`` holds plain key columns in order; None stands
    for an expression, whose text is in ``expressions``. ``definition`` is pg_get_indexdef's, of an exclusion
    constraint pg_get_constraintdef's, which shows the operators. ``nondeterministic`` are the plain key
    columns compared under a collation by which texts that differ may be equal.
    """

    name: str
    relation: RelationName
    columns: tuple[str | None, ...]
    expressions: tuple[str, ...] = ()
    predicate: str | None = None
    is_primary: bool = False
    is_exclusion: bool = False
    nulls_not_distinct: bool = False
    definition: str = ""
    mentioned: tuple[str, ...] = ()  # every column the key, its expressions or its predicate depend on
    nondeterministic: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    name: str
    relation: RelationName
    columns: tuple[str, ...]
    definition: str
    validated: bool = True
    enforced: bool = True


@dataclass(frozen=True, slots=True)
class Sequence:
    """``feeds`` are the (relation, column) pairs whose default or identity draws from it. ``owned_by`` is the relation
    that it is dropped with.
    """

    name: RelationName
    feeds: tuple[tuple[RelationName, str], ...] = ()
    start: int = 1
    increment: int = 1
    minimum: int = 1
    maximum: int = 2**63 - 1
    cycles: bool = False
    owned_by: RelationName | None = None
