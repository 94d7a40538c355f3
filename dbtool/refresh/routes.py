"""Into what rows are loaded: leaf to leaf, or through the root where the target may place them otherwise. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import Column, ColumnRef, Relation, RelationName, TypeKind
from dbtool.masking.mask import TEXT_TYPES
from dbtool.masking.partition_keys import find_partition_columns

Routes = Mapping[RelationName, RelationName]

# As the catalog spells collations. The libraries that change their minds are libc and ICU.
_SORTED_BY_BYTES = frozenset(f"pg_catalog.{name}" for name in ('"C"', '"POSIX"', "ucs_basic", "pg_c_utf8"))


def plan_routes(catalog: Catalog, *, same_order: bool, masked: Collection[ColumnRef] = ()) -> Routes:
    """Leaf → root, for every leaf whose rows may belong into a sibling there: by the stand-in of what they are partitioned by,
    or because another server wants them so. ``masked`` are columns of roots.

    An enum is hashed by its labels' OIDs, which differ between databases. Texts are sorted by a library: without
    ``same_order`` the target has another one, and the ends of a range may fall elsewhere.
    """
    levels = [relation for relation in catalog.relations.values() if relation.partition_key]
    moving = {level.ruled_by for level in levels if not _is_stable(level, same_order=same_order)}
    moving |= {
        root
        for root, names in find_partition_columns(catalog).items()
        if any(ColumnRef(root, name) in masked for name in names)
    }
    return {
        relation.name: relation.partition_root
        for relation in catalog.tables()
        if relation.partition_root is not None and relation.partition_root in moving
    }


def have_same_order(source: DatabaseFacts, target: DatabaseFacts) -> bool:
    """Do both ends sort text alike? The candidate is made with the source's locale, by the target's library."""
    alike = ("locale_provider", "collate", "icu_locale", "collation_version")
    return all(getattr(source, name) == getattr(target, name) for name in alike)


def _is_stable(level: Relation, *, same_order: bool) -> bool:
    return all(
        _hashes_alike(column)
        if level.partition_strategy == "hash"
        else same_order or not _is_collated(column)
        for column in _key_columns(level)
    )


def _key_columns(level: Relation) -> Iterator[Column]:
    for name in (*level.partition_key, *level.partition_mentions):
        if name is not None:
            yield level.get_column(name)


def _hashes_alike(column: Column) -> bool:
    """Types of one's own, and what is made of them, are hashed by what is theirs in this database alone."""
    kind = column.type
    is_plain = kind.kind is TypeKind.BASE and kind.type_schema == "pg_catalog" and not kind.is_array
    return is_plain and not kind.base.startswith("reg") and column.collation_is_deterministic


def _is_collated(column: Column) -> bool:
    return column.type.base in TEXT_TYPES and column.collation not in _SORTED_BY_BYTES
