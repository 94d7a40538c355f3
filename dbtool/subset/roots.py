"""The rows that the subset begins with, and whether they can be told apart as their rules ask."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import quote_identifier
from dbtool.findings import Finding
from dbtool.rules.subset_model import Root
from dbtool.subset.facts import SourceFacts
from dbtool.subset.graph import BoundRoot
from dbtool.subset.keys import find_key
from dbtool.subset.naming import judge_columns, refuse


def bind_roots(catalog: Catalog, facts: SourceFacts, roots: tuple[Root, ...]) -> tuple[BoundRoot, ...]:
    """Those whose table is there."""
    return tuple(
        BoundRoot(root, facts.leaves[root.table], find_key(catalog, root.table))
        for root in roots
        if root.table in catalog.relations and root.table in facts.leaves
    )


def judge_root(catalog: Catalog, root: Root) -> Iterator[Finding]:
    wrong = list(judge_columns(catalog, root.table, (term.column for term in root.order), root.at))
    yield from wrong
    if not wrong:
        yield from _judge_key(root, find_key(catalog, root.table))


def _judge_key(root: Root, key: tuple[str, ...]) -> Iterator[Finding]:
    asks = _what_needs_a_key(root)
    if asks and not key:
        message = (
            f"{asks} needs a key to tell the rows of {root.table} apart, and it has neither a primary key nor a "
            "unique index on columns that are NOT NULL"
        )
        remedy = "choose its rows by where, or by limit with order; or give it a primary key"
        yield refuse("subset-no-key", root.at, message, remedy)
    elif any(len(one) != len(key) for one in root.ids):
        spelt = ", ".join(map(quote_identifier, key))
        message = f"the key of {root.table} is ({spelt}), and not every id has {_count(len(key))}"
        yield refuse("subset-wrong-id", root.at, message, f"write each id as {_form(key)}")


def _what_needs_a_key(root: Root) -> str:
    if root.percent is not None:
        return "percent"
    if root.ids:
        return "ids"
    return "limit without order" if root.limit is not None and not root.order else ""


def _count(values: int) -> str:
    return "1 value" if values == 1 else f"{values} values"


def _form(key: tuple[str, ...]) -> str:
    return "one value" if len(key) == 1 else f"[{', '.join(key)}]"
