"""Small catalogs and rules to compile, spelt shortly."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from dbtool.catalog.catalog import Catalog, build_catalog
from dbtool.catalog.constraints import ForeignKey
from dbtool.catalog.relations import (
    Column,
    ColumnType,
    Relation,
    RelationKind,
    RelationName,
)
from dbtool.digest import ProjectKey
from dbtool.masking.compile import ColumnMask, MaskingPlan, plan_masking
from dbtool.masking.masks import MASKS
from dbtool.masking.recorded import Branch
from dbtool.rules.model import ColumnRule, Decision, Keep, MaskUse, RuleSet, TableRules
from dbtool.rules.position import Position

AT = Position("rules.yaml", 1, 1)
KEY = ProjectKey(b"k" * 32)
TEXT = ColumnType("text", "text")
INT4 = ColumnType("integer", "int4")
INT8 = ColumnType("bigint", "int8")
DATE = ColumnType("date", "date")
KEEP = Keep("a reason", AT)
USERS = RelationName("public", "users")
NOTHING = pl.DataFrame()


def use(mask: str, domain: str = "", by: tuple[str, ...] = (), **options: object) -> MaskUse:
    return MaskUse(mask, domain or mask, AT, options, None, by)


def table(name: str, **columns: ColumnType | Column) -> Relation:
    made = tuple(one if isinstance(one, Column) else Column(key, one) for key, one in columns.items())
    return Relation(RelationName("public", name), RelationKind.TABLE, made, rows=1000)


def rules(**tables: Mapping[str, Decision]) -> RuleSet:
    found = {}
    for name, decisions in tables.items():
        relation = RelationName("public", name)
        columns = tuple(ColumnRule((column,), decision, AT) for column, decision in decisions.items())
        found[relation] = TableRules(relation, columns, AT)
    return RuleSet(found)


def compile_one(column: Column | ColumnType, decision: Decision) -> MaskingPlan:
    catalog = build_catalog(
        180000, [table("users", c=column if isinstance(column, Column) else Column("c", column))]
    )
    return plan_masking(catalog, rules(users={"c": decision}), KEY, MASKS)


def only(plan: MaskingPlan, relation: str = "users") -> ColumnMask:
    (column,) = plan.relations[RelationName("public", relation)].columns
    return column


def errors(plan: MaskingPlan) -> list[str]:
    return [finding.message for finding in plan.errors]


def run(column: ColumnMask, *values: str | None) -> list[str | None]:
    return column.bound(pl.Series("c", values, dtype=pl.String), NOTHING).to_list()


def referring(own: ColumnType, key: ColumnType) -> Catalog:
    orders, users = table("orders", user_id=own), table("users", id=key)
    return build_catalog(
        180000,
        [orders, users],
        foreign_keys=(ForeignKey("f", orders.name, ("user_id",), users.name, ("id",)),),
    )


SHORT = ColumnType("character varying(20)", "varchar", length=20)
LONG = ColumnType("character varying(64)", "varchar", length=64)


class Told:
    """A recorder that remembers what it was told."""

    def __init__(self) -> None:
        self.originals: list[str | None] = []
        self.others: list[str | None] = []

    def record_originals(self, values: pl.Series, _branch: Branch | None) -> None:
        self.originals += values.to_list()

    def record_others(self, values: pl.Series, _branch: Branch) -> None:
        self.others += values.to_list()
