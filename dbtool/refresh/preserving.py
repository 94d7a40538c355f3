"""Which tables the target keeps its own rows of, and what live has of them. All but the look is pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.nearest import find_nearest_table
from dbtool.catalog.relations import ColumnRef, RelationKind, RelationName
from dbtool.catalog.without import with_belongings, without
from dbtool.errors import ConfigurationInvalid
from dbtool.findings import Finding, Severity
from dbtool.postgres.alembic_version import all_heads
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.preserved import missing_holds
from dbtool.postgres.privileges import missing_privileges, row_security_blocks
from dbtool.postgres.session import Connection
from dbtool.rules.names import NameInvalid, parse_relation
from dbtool.targets import Target

_TABLES = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)


@dataclass(frozen=True, slots=True)
class LiveSeen:
    """``grants`` are what the role lacks to read the preserved tables and to keep others from writing to them."""

    catalog: Catalog
    grants: tuple[str, ...] = ()
    hidden: tuple[RelationName, ...] = ()
    heads: tuple[str, ...] = ()


def preserved_names(target: Target) -> tuple[RelationName, ...]:
    """:raises ConfigurationInvalid: a name is none as SQL spells it; with all that are not."""
    names, problems = [], []
    for text in target.preserve:
        try:
            names.append(parse_relation(text))
        except NameInvalid as error:
            problems.append(f"environments.{target.name}.preserve: {error}")
    if problems:
        raise ConfigurationInvalid("\n".join(problems))
    return tuple(dict.fromkeys(names))


def look_at_live(
    connection: Connection, names: Collection[RelationName], version_table: str | None = None
) -> LiveSeen:
    catalog = read_catalog(connection)
    kept = only(catalog, names)
    there = [name for name in names if name in kept.relations]
    return LiveSeen(
        catalog,
        (*missing_privileges(connection, kept, with_sequences=True), *missing_holds(connection, there)),
        row_security_blocks(connection, kept),
        all_heads(connection, version_table),
    )


def only(catalog: Catalog, names: Collection[RelationName]) -> Catalog:
    """The catalog of ``names`` and their belongings alone."""
    kept = with_belongings(catalog, names)
    return without(catalog, [name for name in catalog.relations if name not in kept])


def judge_preserved(
    target: Target, names: Collection[RelationName], source: Catalog, live: LiveSeen | None
) -> Iterator[Finding]:
    """What can be said before a row is read; the shape of the tables is the affair of preserved_shapes.py."""
    there = live.catalog if live else None
    for name in names:
        yield from _judge_name(target, name, source, there)
    if live is not None:
        for grant in live.grants:
            yield Finding(
                "preserve-privilege",
                Severity.ERROR,
                target.name,
                "the role may not read a preserved table of the live database, or not hold its rows while they are copied",
                grant,
            )
        for name in live.hidden:
            yield Finding(
                "rows-hidden",
                Severity.ERROR,
                str(name),
                f"row-level security hides rows of this preserved table of {target} from the role, so some would be lost",
                "refresh as the table's owner or as a role with BYPASSRLS",
            )


def _judge_name(
    target: Target, name: RelationName, source: Catalog, live: Catalog | None
) -> Iterator[Finding]:
    ours, theirs = source.relations.get(name), live.relations.get(name) if live else None
    found = ours or theirs
    if name.schema == "dbtool" or name in {source.alembic_version, live.alembic_version if live else None}:
        yield _refused(target, name, "dbtool carries it over itself, in its own way", "leave it out")
    elif found is None:
        nearest = find_nearest_table(source, name) or (find_nearest_table(live, name) if live else None)
        hint = f"; did you mean {nearest}?" if nearest else ""
        yield _refused(
            target, name, f"neither end has such a table{hint}", "correct its name, or leave it out"
        )
    elif any(one is not None and one.partition_root is not None for one in (ours, theirs)):
        root = next(one.partition_root for one in (ours, theirs) if one and one.partition_root)
        yield _refused(
            target, name, f"it is a partition of {root}", f"name {root}, which stands for all of it"
        )
    elif any(one is not None and one.kind not in _TABLES for one in (ours, theirs)):
        yield _refused(
            target, name, "it is no table", "leave it out: views and the like have no rows of their own"
        )
    elif theirs is None:
        yield Finding(
            "preserve-empty",
            Severity.INFO,
            str(name),
            f"{target} has no such table yet, so it arrives as the source defines it, without rows",
        )
    elif ours is None:
        yield Finding(
            "preserve-own",
            Severity.INFO,
            str(name),
            f"only {target} has this table: it is made as it is there",
        )


def _refused(target: Target, name: RelationName, message: str, remedy: str) -> Finding:
    return Finding(
        "preserve-refused",
        Severity.ERROR,
        f"environments.{target.name}.preserve",
        f"{name} cannot be preserved: {message}",
        remedy,
    )


def judge_skipped_references(
    catalog: Catalog, preserved: Collection[RelationName], left_out: Collection[RelationName]
) -> Iterator[Finding]:
    """The walk of a subset says what it may skip, and does not look at tables that are preserved."""
    for key in catalog.foreign_keys:
        if key.referencing in preserved and key.referenced in left_out and not key.is_inherited:
            yield Finding(
                "preserve-needs-skipped",
                Severity.ERROR,
                str(key.referencing),
                f"its foreign key {key.name} refers to {key.referenced}, which the subset skips",
                f"write {key.referenced}: empty, or take {key.referencing} out of preserve",
            )


def judge_masked_references(
    catalog: Catalog, preserved: Collection[RelationName], masked: Collection[ColumnRef]
) -> Iterator[Finding]:
    """``masked`` are columns of ruled relations. A stand-in refers to nothing that the target keeps."""
    for key in catalog.foreign_keys:
        if key.is_inherited or key.referenced not in preserved or key.referencing in preserved:
            continue
        ruled = catalog.relations[key.referencing].ruled_by
        for column in key.columns:
            if ColumnRef(ruled, column) in masked:
                yield Finding(
                    "preserve-masked-reference",
                    Severity.ERROR,
                    str(ColumnRef(ruled, column)),
                    f"it refers to the preserved table {key.referenced} and is masked, so it would refer to other rows or to none",
                    f"keep the column, or take {key.referenced} out of preserve",
                )
