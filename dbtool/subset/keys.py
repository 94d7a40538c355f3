"""By which columns a row is told from all others, night after night."""

from __future__ import annotations

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import Relation, RelationName


def find_key(catalog: Catalog, table: RelationName) -> tuple[str, ...]:
    """The primary key's columns in its order, else those of the narrowest unique index that no NULL gets past; () where
    the table has neither. What tells the rows of a partitioned table apart does so in each partition.
    """
    relation = catalog.relations[table]
    own = {table, relation.ruled_by}
    usable = [index for index in catalog.unique_indexes if index.relation in own and _tells(index, relation)]
    best = min(usable, key=lambda one: (not one.is_primary, len(one.columns), one.name), default=None)
    return tuple(column for column in best.columns if column is not None) if best is not None else ()


def _tells(index: UniqueIndex, relation: Relation) -> bool:
    if index.is_primary:
        return True
    plain = index.predicate is None and not index.is_exclusion
    return plain and all(
        column is not None and relation.get_column(column).not_null for column in index.columns
    )
