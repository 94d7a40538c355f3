"""A rule file as frozen values. Every value knows where it was written, so errors can point there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dbtool.catalog.relations import RelationName
from dbtool.rules.lockfile import Lock
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText, SubsetRules


@dataclass(frozen=True, slots=True)
class Keep:
    reason: str
    at: Position


@dataclass(frozen=True, slots=True)
class MaskUse:
    """One use of a mask: its name, the domain whose key it is under, and its options as written.

    ``domain`` is never empty: without ``domain:`` it is the mask's own name. ``canonical`` is None where
    the mask's own default holds. ``by`` names the columns whose values a mask reads beside its own. ``each``: the
    column is an array, and every element of it is masked. ``places`` is where each option's text begins, for what is
    read by others than us, and in whose file, for paths.
    """

    mask: str
    domain: str
    at: Position
    options: Mapping[str, Any] = field(default_factory=dict)
    canonical: tuple[str, ...] | None = None
    by: tuple[str, ...] = ()
    each: bool = False
    places: Mapping[str, Position] = field(default_factory=dict, compare=False, repr=False)


Writing = Literal["json", "hstore", "xml"]


@dataclass(frozen=True, slots=True)
class DocumentPaths:
    """Decisions per path inside a column of documents; ``unknown`` says what a path without one means. The paths of an
    hstore are its keys, ``*`` every one that is not named. ``namespaces`` are those of XML by prefix, '' for names without.
    """

    paths: Mapping[str, MaskUse | Keep]
    unknown: Literal["error", "drop", "keep"]
    at: Position
    writing: Writing = "json"
    namespaces: Mapping[str, str] = field(default_factory=dict)

    @property
    def part(self) -> Literal["key", "path"]:
        """What of a document a decision is for."""
        return "key" if self.writing == "hstore" else "path"


@dataclass(frozen=True, slots=True)
class Choice:
    """Two decisions of one column. Rows of the source for which ``when`` is true take ``chosen``; those for which it is
    false or NULL take ``otherwise``.
    """

    when: SqlText
    chosen: MaskUse | DocumentPaths
    otherwise: MaskUse | DocumentPaths | Keep
    at: Position


Decision = Keep | MaskUse | DocumentPaths | Choice


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
class RelationTarget:
    """What a reference leads to. ``type_value`` is the type column's text for which it does, None where there is no
    such column. ``referenced`` None: rows of this type refer to nothing that is here.
    """

    referenced: RelationName | None
    referenced_columns: tuple[str, ...]
    type_value: str | None
    at: Position


@dataclass(frozen=True, slots=True)
class VirtualRelation:
    """A reference the catalog cannot see, as the subset follows it. With ``type_column`` it is polymorphic: another
    column of the row says which of the ``targets`` is meant.
    """

    relation: RelationName
    columns: tuple[str, ...]
    targets: tuple[RelationTarget, ...]
    type_column: str | None
    at: Position


@dataclass(frozen=True, slots=True)
class PythonModules:
    """The modules of ``folder`` whose functions may mask: dbtool.toml names them, no rule file can."""

    folder: Path = Path()
    names: tuple[str, ...] = ()


NO_MODULES = PythonModules()


@dataclass(frozen=True, slots=True)
class RuleSet:
    """``digest`` is the SHA-256 of the files' bytes in order: what the manifest names. ``virtual_references`` are the
    column pairs of ``relations``, by which masks are inherited. ``profiles`` are complete: what one does not say, it
    has from ``subset``; None among them copies every row. ``idle_domains`` are defined and not used. ``lock`` None: these rules are from no file, and nothing is
    compared.
    """

    tables: Mapping[RelationName, TableRules]
    virtual_references: tuple[VirtualReference, ...] = ()
    relations: tuple[VirtualRelation, ...] = ()
    subset: SubsetRules | None = None
    profiles: Mapping[str, SubsetRules | None] = field(default_factory=dict)
    locale: str = "en_US"
    files: tuple[str, ...] = ()
    digest: str = ""
    modules: PythonModules = NO_MODULES
    lock: Lock | None = None
    idle_domains: Mapping[str, Position] = field(default_factory=dict)
