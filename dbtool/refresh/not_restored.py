"""What of the source's schema pg_restore is not given to make, because it would be wrong, or too early."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.postgres.keys import KeyText, read_key_texts
from dbtool.postgres.rights import Rights
from dbtool.refresh.rights import keys_of_policies, read_rights_to_make
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class NotRestored:
    """``keys`` lead from copied tables to preserved ones, which have no rows until the end."""

    rights: Rights
    keys: tuple[KeyText, ...] = ()

    @property
    def entries(self) -> frozenset[tuple[int, int]]:
        """As a table of contents names them."""
        return keys_of_policies(self.rights) | {key.toc_key for key in self.keys}


def read_not_restored(
    snapshot: HeldSnapshot, target: Target, preserved: Collection[RelationName]
) -> NotRestored:
    keys = read_key_texts(snapshot.connection, preserved)
    return NotRestored(
        read_rights_to_make(snapshot, target),
        tuple(
            key
            for key in keys
            if key.referenced in preserved
            and key.table not in preserved
            and key.table not in snapshot.left_out
        ),
    )


def as_restored(catalog: Catalog, preserved: Collection[RelationName]) -> Catalog:
    """The catalog of a copy that has not got these keys yet."""
    keys = tuple(
        key for key in catalog.foreign_keys if key.referenced not in preserved or key.referencing in preserved
    )
    return replace(catalog, foreign_keys=keys) if preserved else catalog
