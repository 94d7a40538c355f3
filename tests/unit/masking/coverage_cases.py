"""Small catalogs and rules, spelt shortly: what the tests of coverage are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import ForeignKey
from dbtool.catalog.relations import (
    Column,
    ColumnRef,
    ColumnType,
    Relation,
    RelationKind,
    RelationName,
)
from dbtool.findings import Finding
from dbtool.masking.coverage import Coverage, decide
from dbtool.masking.mask import (
    ANY_TYPE,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Registry,
    Space,
    Uniqueness,
)
from dbtool.rules.loader import load_rules
from dbtool.rules.model import Keep, MaskUse

INT8 = ColumnType("bigint", "int8")


class DaysOptions(Options):
    days: int = 30


def fake(name: str, *, options: type[Options] = Options) -> Mask:
    def bind(_options: Options, _context: MaskContext) -> BoundMask:
        return lambda values, _by: pl.Series(values.name, ["x"] * len(values), dtype=pl.String)

    return Mask(
        name=name,
        summary="",
        types=ANY_TYPE,
        uniqueness=Uniqueness.COLLISION_FREE,
        overlap=Overlap.DISJOINT,
        space=Space.PRIVATE,
        bind=bind,
        example=Example(""),
        options=options,
        canonical=("trim",),
    )


MASKS: Registry = {
    "permute": fake("permute"),
    "email": fake("email"),
    "shift": fake("shift", options=DaysOptions),
}


def name(text: str) -> RelationName:
    schema, _, relation = text.rpartition(".")
    return RelationName(schema or "public", relation)


def table(
    relation: str, columns: str, kind: RelationKind = RelationKind.TABLE, root: str | None = None
) -> Relation:
    made = tuple(Column(one, INT8) for one in columns.split())
    return Relation(name(relation), kind, made, partition_root=name(root) if root else None)


def ref(text: str) -> ColumnRef:
    relation, _, column = text.rpartition(".")
    return ColumnRef(name(relation), column)


def key(referencing: str, referenced: str, **parts: bool) -> ForeignKey:
    """``orders.customer_id,tenant_id`` → ``customers.id,tenant_id``"""
    start, end = ref(referencing), ref(referenced)
    columns, referenced_columns = tuple(start.column.split(",")), tuple(end.column.split(","))
    return ForeignKey("k", start.relation, columns, end.relation, referenced_columns, **parts)  # type: ignore[arg-type]


def cover(folder: Path, catalog: Catalog, rules: str, registry: Registry = MASKS) -> Coverage:
    """``rules`` is what stands under tables:, or the whole file if it begins with version."""
    file = folder / "rules.yaml"
    body = "\n".join(f"  {line}" for line in rules.splitlines())
    file.write_text(rules if rules.startswith("version") else f"version: 1\ntables:\n{body}\n")
    return decide(catalog, load_rules(file), registry)


def checks(findings: Sequence[Finding]) -> list[str]:
    return [finding.check for finding in findings]


def spell(coverage: Coverage, column: str) -> str:
    decision = coverage.decisions[ref(column)].decision
    return (
        decision.mask if isinstance(decision, MaskUse) else "keep" if isinstance(decision, Keep) else "json"
    )


SHOP = build_catalog(
    180000,
    [table("customers", "id name"), table("orders", "id customer_id")],
    foreign_keys=(key("orders.customer_id", "customers.id"),),
)
