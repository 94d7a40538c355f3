"""What of the source's schema pg_restore is not given to make, because it would be wrong, or too early."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.postgres.extensions import read_schema_oids
from dbtool.postgres.keys import KeyText, read_key_texts
from dbtool.postgres.rights import Rights
from dbtool.refresh.rights import keys_of_policies, read_rights_to_make
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.targets import Target

_SCHEMA_CATALOG = 2615  # pg_namespace's OID, the same in every version


@dataclass(frozen=True, slots=True)
class NotRestored:
    """``keys`` lead from copied tables to preserved ones, which have no rows until the end. ``schemas`` are OIDs of those
    that the candidate has from its template.
    """

    rights: Rights
    keys: tuple[KeyText, ...] = ()
    schemas: tuple[int, ...] = ()

    @property
    def entries(self) -> frozenset[tuple[int, int]]:
        """As a table of contents names them."""
        of_keys = (key.toc_key for key in self.keys)
        of_schemas = ((_SCHEMA_CATALOG, oid) for oid in self.schemas)
        return frozenset((*keys_of_policies(self.rights), *of_keys, *of_schemas))


def read_not_restored(
    snapshot: HeldSnapshot,
    target: Target,
    preserved: Collection[RelationName],
    *,
    schemas: Collection[str] = (),
) -> NotRestored:
    """``schemas`` are those of the template."""
    absent = frozenset(preserved) | snapshot.left_out
    oids = read_schema_oids(snapshot.connection) if schemas else {}
    return NotRestored(
        read_rights_to_make(snapshot, target),
        tuple(
            key
            for key in read_key_texts(snapshot.connection, preserved)
            if key.referenced in preserved and key.table not in absent
        ),
        tuple(oid for name, oid in oids.items() if name in schemas),
    )


def as_restored(catalog: Catalog, preserved: Collection[RelationName]) -> Catalog:
    """The catalog of a copy that has not got these keys yet."""
    keys = tuple(
        key for key in catalog.foreign_keys if key.referenced not in preserved or key.referencing in preserved
    )
    return replace(catalog, foreign_keys=keys) if preserved else catalog
