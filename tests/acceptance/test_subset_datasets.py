"""Subsets of real data sets, by the command, held to references that the tests follow themselves."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance import inspection
from tests.acceptance.datasets import load_dataset
from tests.acceptance.inspection import Table
from tests.acceptance.project import Project
from tests.acceptance.reachable import Content, Reference, Values, read_content
from tests.databases import drop_databases

PERCENTAGES = (1, 10, 100)
# The partition of July came without the foreign keys that the others have.
_PAYMENT = Reference(
    (("public", "payment_p2022_07"),), ("customer_id",), (("public", "customer"),), ("customer_id",)
)
_MANAGER = Reference((("public", "store"),), ("manager_staff_id",), (("public", "staff"),), ("staff_id",))
_PAYMENT_RULE = "relations:\n  - {from: public.payment.customer_id, to: public.customer.customer_id}\n"


@dataclass(frozen=True)
class Case:
    """``key`` is a kept column that tells the roots apart, ``certain`` tables that hold rows in every share of them."""

    name: str
    root: Table
    key: str
    foreign_keys: int
    certain: frozenset[str]
    virtual: tuple[Reference, ...] = ()

    @property
    def table(self) -> str:
        return ".".join(self.root)


CASES = (
    Case(
        "pagila",
        ("public", "customer"),
        "customer_id",
        36,
        frozenset({"rental", "payment_p2022_07", "store", "staff", "country"}),
        (_PAYMENT, _MANAGER),
    ),
    Case(
        "chinook",
        ("public", "invoice"),  # one in a hundred of its 59 customers is none
        "invoice_id",
        11,
        frozenset({"invoice_line", "customer", "employee", "album"}),
    ),
    Case(
        "northwind",
        ("public", "orders"),
        "order_id",
        13,
        frozenset({"order_details", "products", "customers", "employees"}),
    ),
)


@dataclass
class Shares:
    """One data set and its copies, by their percentage; the last is of all."""

    case: Case
    project: Project
    content: Content

    def write_rules(self, percent: int) -> None:
        self.project.use_rules(self.case.name)
        text = self.project.rules.read_text(encoding="utf-8")
        if self.case.name == "pagila":
            text = text.replace("relations:   # the schema declares no foreign key for it\n", _PAYMENT_RULE)
        text += f"\nsubset: {{roots: [{{table: {self.case.table}, percent: {percent}}}]}}\n"
        self.project.rules.write_text(text, encoding="utf-8")

    def refresh(self, *options: str) -> dict[str, Any]:
        done = self.project.refresh(*options, "--format", "json")
        assert done.code == 0, done.messages
        return done.document

    def roots(self) -> set[str]:
        """The keys of the target's."""
        return inspection.read_distinct(self.project.target, (*self.case.root, self.case.key))

    def expected(self, roots: set[str], kept: dict[Table, list[str]]) -> dict[Table, Counter[Values]]:
        chosen = self.content.reach(self.content.select([self.case.root], self.case.key, roots))
        return self.content.counted(chosen, kept)

    def found(self, kept: dict[Table, list[str]]) -> dict[Table, Counter[Values]]:
        content = read_content(self.project.target)
        return content.counted(content.every_row(), kept)


def kept_columns(url: str, document: dict[str, Any]) -> dict[Table, list[str]]:
    """Of every table and leaf partition that was copied."""
    columns = inspection.find_columns(url)
    kept = {}
    for table in document["tables"]:
        name = split_name(table["name"])
        kept[name] = [column for column in columns[name] if column not in table["masked_columns"]]
    return kept


# Pagila on all: it has what catalogs of each major tell in their own way, partitions and keys that some of them lack.
_ON_MAJORS = [
    pytest.param(case, id=case.name, marks=() if case.name == "pagila" else pytest.mark.one_major)
    for case in CASES
]


@pytest.fixture(params=_ON_MAJORS)
def shares(
    request: pytest.FixtureRequest,
    server: EmbeddedServer,
    shared_data: Path,
    project: Project,
    database_numbers: Iterator[int],
) -> Iterator[Shares]:
    case: Case = request.param
    prefix = f"dbtool_test_{os.getpid()}_{next(database_numbers)}_"
    source = load_dataset(server, shared_data, case.name, f"{prefix}source")
    Project.execute(source, "VACUUM ANALYZE")  # now, since sizes grow by a map when autovacuum comes to it
    project.connect(source, server.url(f"{prefix}target"))
    yield Shares(case, project, read_content(source, *case.virtual))
    drop_databases(server, prefix)


def rows_of(document: dict[str, Any]) -> dict[Table, int]:
    """Of tables and leaf partitions."""
    return {split_name(table["name"]): table["rows"] for table in document["tables"]}


def split_name(name: str) -> Table:
    schema, table = name.split(".")
    return schema, table


def refuse_orphans(shares: Shares, document: dict[str, Any]) -> None:
    """Neither by PostgreSQL's word nor by anti-joins, nor along what only the rules know."""
    target = shares.project.target
    states = shares.project.query(target, "SELECT convalidated FROM pg_constraint WHERE contype = 'f'")
    assert states == [(True,)] * shares.case.foreign_keys
    orphans = inspection.count_orphans(target)
    assert len(orphans) == shares.case.foreign_keys
    assert not any(orphans.values())
    landed = read_content(target, *shares.case.virtual)
    for reference in shares.case.virtual:
        referring = {row for row, _ in landed.links(reference)}
        assert len(referring) == sum(len(landed.rows[leaf]) for leaf in reference.referencing)
    assert document["verification"]["orphans"] == 0


def test_every_share_is_closed_and_within_the_next(shares: Shares) -> None:
    within: set[str] = set()
    for percent in PERCENTAGES:
        shares.write_rules(percent)
        done = shares.refresh()
        kept, roots = kept_columns(shares.project.source, done), shares.roots()
        assert within < roots
        assert done["subset"]["roots"][0]["rows"] == len(roots)
        found = shares.found(kept)
        assert found == shares.expected(roots, kept)
        assert all(found["public", name] for name in shares.case.certain)
        assert rows_of(done) == {table: rows.total() for table, rows in found.items()}
        refuse_orphans(shares, done)
        within = roots
    assert len(within) == len(shares.content.rows[shares.case.root])
    plan = shares.refresh("--plan")
    assert rows_of(plan) == rows_of(done)
    assert {**plan["subset"], "seconds": 0} == {**done["subset"], "seconds": 0}
