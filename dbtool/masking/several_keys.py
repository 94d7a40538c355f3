"""Columns that refer to more than one key: polymorphic ones, and those under several foreign keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef
from dbtool.findings import Finding, Severity
from dbtool.masking.inheritance import find_ruled_column
from dbtool.masking.shared_keys import find_mismatch
from dbtool.rules.model import Choice, Decision, Keep, MaskUse, VirtualRelation


def find_unlike_keys(
    column: ColumnRef, keys: Sequence[ColumnRef], decision: Decision, catalog: Catalog
) -> Iterator[Finding]:
    """A mask makes its stand-ins for the key's type: under one rule, an int4 and an int8 key give the same number two."""
    if not isinstance(decision, MaskUse):
        return
    first, *others = ((key, catalog.relations[key.relation].get_column(key.column).type) for key in keys)
    for key, type_ in others:
        if find_mismatch(first[1], type_) or find_mismatch(type_, first[1]):
            yield Finding(
                check="keys-differ-in-type",
                severity=Severity.ERROR,
                where=str(column),
                message=f"{column} refers to {first[0]} ({first[1].sql}) and to {key} ({type_.sql}), and mask {decision.mask} at "
                f"{decision.at} makes its stand-ins for the key's type: rows would no longer find each other",
                remedy=f"give {first[0]} and {key} one type, or keep both with a reason",
            )


def find_masked_types(
    relations: Iterable[VirtualRelation], decisions: Mapping[ColumnRef, Decision], catalog: Catalog
) -> Iterator[Finding]:
    """What a polymorphic row refers to is told by the very value in its type column."""
    for relation in relations:
        if relation.type_column is None:
            continue
        column = find_ruled_column(catalog, relation.relation, relation.type_column)
        decision = decisions.get(column) if column is not None else None
        if decision is not None and not isinstance(decision, Keep):
            how = _spell(decision)
            yield Finding(
                check="type-column-masked",
                severity=Severity.ERROR,
                where=str(decision.at),
                message=f"{column} says by its value which table the relation at {relation.at} leads to, and is {how} at "
                f"{decision.at}: nothing would find what it refers to",
                remedy=f"keep {column} with a reason",
            )


def _spell(decision: Decision) -> str:
    match decision:
        case MaskUse(mask=mask):
            return f"masked by {mask}"
        case Choice():
            return "masked in some rows"
        case _:
            return "decided by path"
