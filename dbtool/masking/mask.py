"""What a mask is: a pure, vectorised function from a column of text to a column of text, and what it promises.

Each module in ``dbtool.masking.masks`` defines one ``MASK: Mask``. Values arrive as decoded text (what
PostgreSQL prints, after COPY's escapes are undone) in a ``pl.Series`` of ``pl.String``; NULL is null. A mask
never sees COPY's escaping, never raises on a value, and returns a Series of the same length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict

from dbtool.catalog.relations import ColumnType
from dbtool.digest import Digest
from dbtool.rules.model import NO_MODULES, PythonModules


class Uniqueness(StrEnum):
    """May two different inputs collide? Only the first two may stand under a unique index."""

    INJECTIVE = "injective"  # a keyed permutation: never, whatever the fill
    COLLISION_FREE = "collision-free in practice"  # at least 64 bits of digest in the output
    LOSSY = "lossy"


class Overlap(StrEnum):
    """Can an output equal somebody's original?"""

    DISJOINT = "disjoint"  # outputs live in a space no original can be in: zero survivors tolerated
    CHANCE = "chance"  # pools and permutations: judged by rate
    NOT_READ = "not read"  # the original never leaves the source: null, constant


class Space(StrEnum):
    RESERVED = "reserved"
    PRIVATE = "private"
    SAME_FORMAT = "same_format"


class Options(BaseModel):
    """Base of every mask's options. Unknown keys are errors; the model is also the JSON Schema."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoOptions(Options):
    pass


@dataclass(frozen=True, slots=True)
class MaskContext:
    """All that a mask may know when it is bound to a column.

    ``locale`` is Faker's name (en_GB). ``by`` are the names of the columns whose decoded text the bound
    function gets beside its own. ``canonical`` are the domain's steps where the rule file names them, None
    where the mask's own hold; the bound function takes the steps itself, so it is handed values as they are.
    Paths among the options start at ``folder``; ``modules`` are those of the project that may mask.
    ``equates_spellings``: the column's collation may call texts equal that differ.
    """

    type: ColumnType
    digest: Digest
    locale: str = "en_US"
    by: tuple[str, ...] = ()
    canonical: tuple[str, ...] | None = None
    folder: Path = Path()
    modules: PythonModules = NO_MODULES
    equates_spellings: bool = False


# (values, frame of the ``by`` columns as decoded text) → stand-ins
BoundMask = Callable[[pl.Series, pl.DataFrame], pl.Series]


class DoesNotFit(Exception):
    """Raised while binding: this mask cannot serve this column. ``alternative`` is the remedy to print."""

    def __init__(self, reason: str, alternative: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.alternative = alternative


@dataclass(frozen=True, slots=True)
class Example:
    """A rule as a user writes it, with what it is for; shown in the reference and run as a test."""

    rule: str
    column_type: str = "text"
    inputs: tuple[str | None, ...] = ("Ada Lovelace", None)
    files: Mapping[str, str] = field(default_factory=dict)  # beside the rule file


@dataclass(frozen=True, slots=True)
class Promise:
    """What one use of a mask promises, under its options."""

    uniqueness: Uniqueness
    overlap: Overlap
    space: Space


@dataclass(frozen=True, slots=True)
class Mask:
    """``types`` are the base types it serves, ANY_TYPE for all; ``bind`` checks them too.

    ``bind`` returns the function for one column, or raises DoesNotFit (a wrong type, an output that could
    be longer than the column, options that contradict each other). ``capacity`` is how many different
    outputs there are under these options (None: as many as inputs), for uniqueness proofs and chance rates.
    ``canonical`` names the steps applied to a value before it is keyed: trim, casefold, nfc, digits.
    ``in_space`` tells, per text, whether it lies in the mask's reserved space under any options (a Boolean
    Series). Every DISJOINT mask with a reserved space has it: an original that is already there (a test
    account at example.com) is nobody's, and the search for surviving originals leaves it out and counts it.
    ``keeps_some`` tells that values may be their own stand-ins by design, as the bounds of buckets are.
    ``expression`` is SQL that the rules bring: it becomes part of the source's SELECT in the column's place, after
    the source has parsed it alone. ``shows_by`` says that stand-ins hold the ``by`` columns' text as it is.
    ``is_opaque``: nothing can be said of stand-ins but by making them, and they are made of originals only.
    ``keeps_order``: values under one ``by`` keep their order and distance, so that it may move a range's bounds.
    """

    name: str
    summary: str
    types: frozenset[str]
    uniqueness: Uniqueness
    overlap: Overlap
    space: Space
    bind: Callable[[Options, MaskContext], BoundMask]
    example: Example
    options: type[Options] = NoOptions
    capacity: Callable[[Options, MaskContext], int | None] = field(default=lambda _options, _context: None)
    canonical: tuple[str, ...] = ()
    needs_by: bool = False
    in_space: Callable[[pl.Series], pl.Series] | None = None
    source_sql: Callable[[Options, MaskContext], str | None] | None = None  # pushed into the source's SELECT
    promise_under: Callable[[Options, MaskContext], Promise] | None = None
    makes_null: bool = False
    keeps_some: bool = False
    expression: Callable[[Options], str] | None = None
    shows_by: bool = False
    is_opaque: bool = False
    keeps_order: bool = False

    def promise(self, options: Options, context: MaskContext) -> Promise:
        if self.promise_under is None:
            return Promise(self.uniqueness, self.overlap, self.space)
        return self.promise_under(options, context)


ANY_TYPE: frozenset[str] = frozenset()
TEXT_TYPES = frozenset({"text", "varchar", "bpchar", "citext", "name"})
INTEGER_TYPES = frozenset({"int2", "int4", "int8"})
DATE_TYPES = frozenset({"date", "timestamp", "timestamptz"})

Registry = Mapping[str, Mask]
