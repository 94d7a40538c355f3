"""What holds rows, and the columns it has."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

_PLAIN_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_$]*\Z")

# The words PostgreSQL 18 does not accept as a bare column or table name (pg_get_keywords, catcode R and T).
_RESERVED = frozenset(
    [
        "all",
        "analyse",
        "analyze",
        "and",
        "any",
        "array",
        "as",
        "asc",
        "asymmetric",
        "authorization",
        "binary",
        "both",
        "case",
        "cast",
        "check",
        "collate",
        "collation",
        "column",
        "concurrently",
        "constraint",
        "create",
        "cross",
        "current_catalog",
        "current_date",
        "current_role",
        "current_schema",
        "current_time",
        "current_timestamp",
        "current_user",
        "default",
        "deferrable",
        "desc",
        "distinct",
        "do",
        "else",
        "end",
        "except",
        "false",
        "fetch",
        "for",
        "foreign",
        "freeze",
        "from",
        "full",
        "grant",
        "group",
        "having",
        "ilike",
        "in",
        "initially",
        "inner",
        "intersect",
        "into",
        "is",
        "isnull",
        "join",
        "lateral",
        "leading",
        "left",
        "like",
        "limit",
        "localtime",
        "localtimestamp",
        "natural",
        "not",
        "notnull",
        "null",
        "offset",
        "on",
        "only",
        "or",
        "order",
        "outer",
        "overlaps",
        "placing",
        "primary",
        "references",
        "returning",
        "right",
        "select",
        "session_user",
        "similar",
        "some",
        "symmetric",
        "system_user",
        "table",
        "tablesample",
        "then",
        "to",
        "trailing",
        "true",
        "union",
        "unique",
        "user",
        "using",
        "variadic",
        "verbose",
        "when",
        "where",
        "window",
        "with",
    ]
)


def quote_identifier(name: str) -> str:
    """Spell a name as SQL would: bare where that is enough, quoted where it must be."""
    if _PLAIN_IDENTIFIER.match(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, order=True)
class RelationName:
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{quote_identifier(self.schema)}.{quote_identifier(self.name)}"


@dataclass(frozen=True, slots=True, order=True)
class ColumnRef:
    relation: RelationName
    column: str

    def __str__(self) -> str:
        return f"{self.relation}.{quote_identifier(self.column)}"


class TypeKind(StrEnum):
    BASE = "base"
    ENUM = "enum"
    COMPOSITE = "composite"
    RANGE = "range"
    MULTIRANGE = "multirange"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type with its domains resolved: ``base`` is what values are made of, ``sql`` how SQL spells it.

    ``base`` is pg_type.typname of the innermost type ("text", "varchar", "int8", "jsonb", an enum's name);
    for an array it is the element's, and ``is_array`` is true. ``length`` is the limit in characters of
    varchar and char (bits of bit), ``precision`` and ``scale`` those of numeric. ``domains`` are the domain
    names from the outside in, ``domain_checks`` all their CHECK definitions. ``type_schema`` is the schema
    of the innermost type; ``extension`` its extension, where it has one. ``made_of`` spells a composite type's
    attributes in order, and the one type of a range's bounds: both may change under the type's name.
    """

    sql: str
    base: str
    kind: TypeKind = TypeKind.BASE
    is_array: bool = False
    type_schema: str = "pg_catalog"
    extension: str | None = None
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    labels: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    domain_checks: tuple[str, ...] = ()
    made_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """``not_null`` is true for a domain that forbids NULL, too. ``default`` of a generated column is its
    expression. ``collation`` is named where it is not the type's own; texts that differ may be equal under
    one that is not deterministic.
    """

    name: str
    type: ColumnType
    not_null: bool = False
    generated: bool = False
    identity: bool = False
    default: str | None = None
    collation: str | None = None
    collation_is_deterministic: bool = True


class RelationKind(StrEnum):
    TABLE = "r"
    PARTITIONED_TABLE = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"


class Persistence(StrEnum):
    PERMANENT = "p"
    UNLOGGED = "u"
    TEMPORARY = "t"


@dataclass(frozen=True, slots=True)
class Relation:
    """``rows`` is the planner's estimate (-1: never analysed), ``pages`` the heap's real size in 8 kB pages,
    ``bytes`` heap and TOAST. For a partition ``partition_root`` is the topmost partitioned table, whose
    rules are its rules. ``partition_key`` holds the columns of a partitioned table's key (None among them
    stands for an expression), ``partition_mentions`` every column that its expressions read as well.
    ``inherits`` are plain inheritance parents. ``readable`` is false for an unlogged relation on a standby,
    which has no rows there and refuses to be read.
    """

    name: RelationName
    kind: RelationKind
    columns: tuple[Column, ...]
    persistence: Persistence = Persistence.PERMANENT
    rows: int = -1
    pages: int = 0
    bytes: int = 0
    partition_root: RelationName | None = None
    partition_key: tuple[str | None, ...] = ()
    partition_mentions: tuple[str, ...] = ()
    partition_strategy: Literal["list", "range", "hash"] | None = None
    partition_bound: str | None = None
    inherits: tuple[RelationName, ...] = ()
    row_security: bool = False
    extension: str | None = None
    comment: str | None = None
    readable: bool = True
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({column.name: column for column in self.columns})

    @property
    def holds_rows(self) -> bool:
        """Rows are copied from here: ordinary tables and leaf partitions."""
        return (
            self.kind is RelationKind.TABLE
            and self.persistence is not Persistence.TEMPORARY
            and self.readable
        )

    @property
    def copied_columns(self) -> tuple[Column, ...]:
        """The column list of a COPY: generated columns are computed anew by the target."""
        return tuple(column for column in self.columns if not column.generated)

    @property
    def ruled_by(self) -> RelationName:
        """The name under which the rule file speaks of this relation: a partition's rules are its root's."""
        return self.partition_root or self.name

    def get_column(self, name: str) -> Column:
        return self._by_name[name]

    def find_column(self, name: str) -> Column | None:
        return self._by_name.get(name)
