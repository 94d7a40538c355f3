"""What the rules say of a subset: which rows it begins with, what follows them, and what stays out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from dbtool.catalog.relations import RelationName
from dbtool.rules.position import Position


@dataclass(frozen=True, slots=True)
class SqlText:
    """A condition in SQL, as written. ``at`` is where its first character stands."""

    text: str
    at: Position


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One term of an ORDER BY. NULLs come where PostgreSQL puts them by default unless ``nulls_first`` says so."""

    column: str
    descending: bool = False
    nulls_first: bool | None = None


@dataclass(frozen=True, slots=True)
class Root:
    """Rows the subset begins with: those that ``where`` holds for, of which ``percent`` (0 < p ≤ 100) and at most ``limit`` are
    taken, by a keyed hash of the key, or the first ``limit`` in ``order``. Or those with the ``ids``: one tuple
    of texts per row, as long as the key.
    """

    table: RelationName
    at: Position
    percent: float | None = None
    where: SqlText | None = None
    ids: tuple[tuple[str, ...], ...] = ()
    limit: int | None = None
    order: tuple[OrderTerm, ...] = ()


@dataclass(frozen=True, slots=True)
class Follow:
    """How many rows that refer to a row follow it into the subset: all where ``most`` is None, none where it is 0, or
    at most so many, the first in ``order`` (ties and no order: by the key). They follow rows that are followed
    themselves; ``always``, those too that were only pulled in.
    """

    most: int | None = None
    order: tuple[OrderTerm, ...] = ()
    always: bool = False


@dataclass(frozen=True, slots=True)
class EdgeRule:
    """What follows along the references that ``columns`` of ``relation`` make."""

    relation: RelationName
    columns: tuple[str, ...]
    follow: Follow
    at: Position


@dataclass(frozen=True, slots=True)
class NullRule:
    """References that become NULL where the referenced row is not in the subset for another reason."""

    relation: RelationName
    columns: tuple[str, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class TablePolicy:
    """``all``: every row, and what they refer to; nothing follows them. ``empty``: the table without rows. ``skip``: no such
    table.
    """

    policy: Literal["all", "empty", "skip"]
    at: Position


@dataclass(frozen=True, slots=True)
class SubsetRules:
    """``follow`` holds for every reference that ``edges`` does not name."""

    roots: tuple[Root, ...]
    at: Position
    follow: Follow = field(default_factory=Follow)
    edges: tuple[EdgeRule, ...] = ()
    nullified: tuple[NullRule, ...] = ()
    tables: Mapping[RelationName, TablePolicy] = field(default_factory=dict)
