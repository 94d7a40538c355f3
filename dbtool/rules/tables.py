"""The rules per table."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.rules.decisions import read_decision
from dbtool.rules.fields import read_entries, read_texts
from dbtool.rules.mask_uses import Reading
from dbtool.rules.model import ColumnRule, TableRules
from dbtool.rules.names import NameInvalid, parse_column, parse_relation
from dbtool.rules.nodes import Fields, Items, Node, Problems, Scalar
from dbtool.rules.position import Position


def read_table_rules(node: Node, reading: Reading) -> Iterator[TableRules]:
    """``tables:`` in the order written; the same table may come twice, under two spellings."""
    for text, entry in read_entries(node, "tables", reading.problems).items():
        try:
            name = parse_relation(text)
        except NameInvalid as error:
            reading.problems.add(entry.at, str(error))
            continue
        yield TableRules(name, tuple(_read_columns(entry.value, str(name), reading)), entry.at)


def _read_columns(node: Node, table: str, reading: Reading) -> Iterator[ColumnRule]:
    if not isinstance(node, Fields):
        read_entries(node, f"the rules of {table}", reading.problems)
        return
    ruled: dict[str, Position] = {}
    for key, value in node.pairs:
        columns = _columns_of(key, table, reading.problems)
        for column in columns:
            if column in ruled:
                message = f"duplicate rule for {column} of {table}; the first is in line {ruled[column].line}"
                reading.problems.add(key.at, message)
            ruled.setdefault(column, key.at)
        decision = read_decision(value, f"{', '.join(columns) or 'a column'} of {table}", reading)
        if decision is not None and columns:
            yield ColumnRule(columns, decision, key.at)


def _columns_of(key: Node, table: str, problems: Problems) -> tuple[str, ...]:
    if isinstance(key, Fields):
        problems.add(key.at, f"a key of {table} must be a column or a list of columns, not a mapping")
        return ()
    if (isinstance(key, Scalar) and not key.text) or (isinstance(key, Items) and not key.items):
        problems.add(
            key.at, f"a rule of {table} names no column; write column: {{mask: a mask}}, or remove it"
        )
        return ()
    if isinstance(key, Scalar):
        return (parse_column(key.text),)
    return tuple(parse_column(text) for text in read_texts(key, f"a column of {table}", problems))
