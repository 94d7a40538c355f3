"""What is kept in a database, beside what somebody accepted to be kept: dbtool.lock. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import ColumnRef, ColumnType, RelationName, quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.masking.coverage import Coverage
from dbtool.masking.index_text import mentions
from dbtool.rules.lockfile import KeptColumn, Lock, escape
from dbtool.rules.model import Choice, Decision, Keep
from dbtool.targets import Target

# What was accepted is not what is there: drift, and no mistake in the rules.
CHANGED = "kept-column-changed"
NOT_ACCEPTED = "kept-column-not-accepted"
DRIFT = frozenset({CHANGED, NOT_ACCEPTED})

# pg_type.typname → the words of SQL
_WORDS = {
    "bool": "boolean",
    "bpchar": "character",
    "float4": "real",
    "float8": "double precision",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "varchar": "character varying",
}


def find_kept(catalog: Catalog, coverage: Coverage) -> tuple[KeptColumn, ...]:
    """The columns that leave as they are, by themselves or because their key does."""
    keys = find_key_columns(catalog)
    return tuple(
        KeptColumn(
            ref,
            spell_type(catalog.relations[ref.relation].get_column(ref.column).type),
            is_key=ref in keys,
        )
        for ref, one in sorted(coverage.decisions.items())
        if _keeps(one.decision)
    )


def _keeps(decision: Decision | None) -> bool:
    """Whether some of its rows leave as they are. A document that is decided by path has no type to watch but json."""
    if isinstance(decision, Choice):
        return _keeps(decision.otherwise)
    return isinstance(decision, Keep)


def find_key_columns(catalog: Catalog) -> frozenset[ColumnRef]:
    """Whatever a unique index or exclusion constraint compares; a partition's columns are its root's."""
    return frozenset(
        ColumnRef(catalog.relations[index.relation].ruled_by, name)
        for index in catalog.unique_indexes
        if index.relation in catalog.relations
        for name in _compared(index)
    )


def _compared(index: UniqueIndex) -> Iterator[str]:
    """What its predicate alone reads tells no rows apart."""
    yield from (name for name in index.columns if name is not None)
    for name in index.mentioned:
        if any(mentions(expression, name) for expression in index.expressions):
            yield name


def spell_type(column: ColumnType) -> str:
    """As SQL spells it; with what a domain, a composite type or a range of their own is made of: it may change under the name."""
    parts = f" ({', '.join(column.made_of)})" if column.made_of and column.type_schema != "pg_catalog" else ""
    if not column.domains:
        return escape(column.sql + parts)
    inner = (name for name in column.domains if name != column.sql.removesuffix("[]"))
    return escape(" over ".join([column.sql, *inner, _spell_base(column)]) + parts)


def _spell_base(column: ColumnType) -> str:
    name = _WORDS.get(column.base) if column.type_schema == "pg_catalog" else None
    if name is None:
        own = column.type_schema != "pg_catalog"
        name = str(RelationName(column.type_schema, column.base)) if own else quote_identifier(column.base)
    numbers = [column.length] if column.precision is None else [column.precision, column.scale]
    sizes = ",".join(str(number) for number in numbers if number is not None)
    return f"{name}{f'({sizes})' if sizes else ''}{'[]' if column.is_array else ''}"


def judge_kept(catalog: Catalog, coverage: Coverage, lock: Lock | None, source: Target) -> Iterator[Finding]:
    """Nothing where the rules are not from files, and one warning where nothing was ever accepted."""
    kept = find_kept(catalog, coverage)
    if lock is None or not kept:
        return
    if lock.accepted is None:
        yield _no_lock(lock, source)
        return
    for one in kept:
        if one not in lock.accepted:
            yield _drifted(one, lock, source)


def _no_lock(lock: Lock, source: Target) -> Finding:
    return Finding(
        "no-lock",
        Severity.WARNING,
        str(lock.file),
        "there is no such file, so nobody is told when a kept column changes its type or becomes a key",
        f"write it, and keep it with the rules: dbtool rules accept {source}",
    )


def _drifted(now: KeptColumn, lock: Lock, source: Target) -> Finding:
    accepted = lock.of(now.column)
    if not accepted:
        return not_accepted(now, lock, f"dbtool rules accept {source}")
    return Finding(
        CHANGED,
        Severity.ERROR,
        str(now.column),
        describe_change(now, lock),
        f"mask it, or accept what it has become: dbtool rules accept {source}",
    )


def not_accepted(now: KeptColumn, lock: Lock, command: str) -> Finding:
    return Finding(
        NOT_ACCEPTED,
        Severity.ERROR,
        str(now.column),
        f"{now.column} ({now.type}) is kept, and {lock.file} has no line for it: nobody has accepted that it leaves as it is",
        f"mask it, or accept it: {command}, which adds the line\n{now}",
    )


def describe_change(now: KeptColumn, lock: Lock) -> str:
    lines = lock.accepted or {}
    accepted = " or ".join(f"{_describe(one)} ({lines[one]})" for one in lock.of(now.column))
    return (
        f"{now.column} is kept, and was accepted as {accepted}; it is {_describe(now)} now, and may hold what nobody meant to "
        "let out"
    )


def _describe(one: KeptColumn) -> str:
    return f"{one.type}, part of a key" if one.is_key else f"{one.type}, part of no key"


def find_gone(
    catalog: Catalog, coverage: Coverage, lock: Lock | None, skipped: Collection[RelationName] = ()
) -> Iterator[Finding]:
    """Lines of columns that are not kept here, or not here. Another environment may still have them."""
    if lock is None or lock.accepted is None:
        return
    kept = {one.column for one in find_kept(catalog, coverage)}
    for one, at in lock.accepted.items():
        if one.column not in kept and one.column.relation not in skipped:
            yield Finding(
                "lock-names-nothing",
                Severity.INFO,
                str(at),
                f"no column {one.column} is kept in this database",
                "where no environment has it any more, remove the line: dbtool rules accept ENVIRONMENT --prune",
            )
