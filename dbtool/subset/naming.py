"""What the rules of a subset name must be there: a misspelt root or edge would make another subset, without a word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.nearest import find_nearest_table
from dbtool.catalog.relations import Persistence, RelationKind, RelationName, quote_identifier
from dbtool.findings import Finding, Severity
from dbtool.rules.position import Position
from dbtool.rules.yaml_text import spell_item, spell_name
from dbtool.spelling import did_you_mean
from dbtool.subset.graph import Edge

_WITHOUT_ROWS = {
    RelationKind.VIEW: "a view",
    RelationKind.MATERIALIZED_VIEW: "a materialised view",
    RelationKind.FOREIGN_TABLE: "a foreign table",
}


def refuse(check: str, at: Position, message: str, remedy: str = "correct or remove it") -> Finding:
    return Finding(check, Severity.ERROR, str(at), message, remedy)


def spell_edge(edge: Edge) -> str:
    """As a key of the rules."""
    names = [f"{edge.referencing}.{quote_identifier(column)}" for column in edge.columns]
    return spell_name(names[0]) if len(names) == 1 else f"[{', '.join(map(spell_item, names))}]"


def judge_table(catalog: Catalog, name: RelationName, at: Position) -> Iterator[Finding]:
    relation = catalog.relations.get(name)
    if relation is None or relation.persistence is Persistence.TEMPORARY:
        suggested = find_nearest_table(catalog, name)
        hint = f"; did you mean {suggested}?" if suggested else ""
        yield refuse("subset-unknown-table", at, f"there is no table {name} in this database{hint}")
    elif relation.kind in _WITHOUT_ROWS:
        message = f"{name} is {_WITHOUT_ROWS[relation.kind]}: it has no rows to choose"
        yield refuse("subset-unknown-table", at, message, "name the table that the rows are in")
    elif relation.partition_root is not None:
        root = relation.partition_root
        message = f"{name} is a partition of {root}, and the subset's rules speak of the whole table"
        yield refuse("subset-unknown-table", at, message, f"name {root}")


def judge_columns(
    catalog: Catalog, name: RelationName, columns: Iterable[str], at: Position
) -> Iterator[Finding]:
    """The table must be there, and have the columns."""
    wrong = list(judge_table(catalog, name, at))
    yield from wrong
    if wrong:
        return
    known = [column.name for column in catalog.relations[name].columns]
    for column in columns:
        if column not in known:
            nearest = did_you_mean(column, known)
            message = f"{name} has no column {quote_identifier(column)}{nearest}"
            yield refuse("subset-unknown-column", at, message)
