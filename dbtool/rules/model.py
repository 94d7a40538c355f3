"""A rule file as frozen values. Every value knows where it was written, so errors can point there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dbtool.catalog.relations import RelationName


@dataclass(frozen=True, slots=True)
class Position:
    """``line`` and ``column`` count from 1, as editors do."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Keep:
    reason: str
    at: Position


@dataclass(frozen=True, slots=True)
class MaskUse:
    """One use of a mask: its name, the domain whose key it is under, and its options as written.

    ``domain`` is never empty: without ``domain:`` it is the mask's own name. ``canonical`` is None where
    the mask's own default holds. ``when`` is an SQL condition of the source's row; rows outside it take
    ``otherwise``. ``by`` names the columns whose values a mask reads beside its own.
    """

    mask: str
    domain: str
    at: Position
    options: Mapping[str, Any] = field(default_factory=dict)
    canonical: tuple[str, ...] | None = None
    by: tuple[str, ...] = ()
    when: str | None = None
    otherwise: MaskUse | Keep | None = None


@dataclass(frozen=True, slots=True)
class JsonPaths:
    """Decisions per path inside a json or jsonb column; ``unknown`` says what a path without one means."""

    paths: Mapping[str, MaskUse | Keep]
    unknown: Literal["error", "drop", "keep"]
    at: Position


Decision = Keep | MaskUse | JsonPaths


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """One entry under a table: usually one column, several where they share a mask and its shift."""

    columns: tuple[str, ...]
    decision: Decision
    at: Position


@dataclass(frozen=True, slots=True)
class TableRules:
    name: RelationName
    columns: tuple[ColumnRule, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class VirtualReference:
    """A reference the catalog cannot see; inherits like a declared foreign key."""

    relation: RelationName
    column: str
    referenced: RelationName
    referenced_column: str
    at: Position


@dataclass(frozen=True, slots=True)
class RuleSet:
    """``digest`` is the SHA-256 of the files' bytes in order: what the manifest names."""

    tables: Mapping[RelationName, TableRules]
    virtual_references: tuple[VirtualReference, ...] = ()
    locale: str = "en_US"
    files: tuple[str, ...] = ()
    digest: str = ""
