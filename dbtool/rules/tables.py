"""The rules per table, and the references that the catalog cannot see."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.rules.decisions import Reading, read_decision
from dbtool.rules.fields import keep_known, read_entries, read_text, read_texts
from dbtool.rules.model import ColumnRule, TableRules, VirtualReference
from dbtool.rules.names import NameInvalid, parse_column, parse_column_ref, parse_relation
from dbtool.rules.nodes import Fields, Items, Node, Problems, Scalar
from dbtool.rules.position import Position


def read_references(node: Node, problems: Problems) -> Iterator[VirtualReference]:
    if not isinstance(node, Items):
        problems.add(node.at, "relations must be a list of {from: schema.table.column, to: …}")
        return
    for item in node.items:
        if reference := _read_reference(item, problems):
            yield reference


def _read_reference(node: Node, problems: Problems) -> VirtualReference | None:
    refused = {"by": "a reference to several tables (by) is not supported yet; remove it"}
    entries = read_entries(node, "a relation", problems)
    known = keep_known(entries, ("from", "to"), "a relation", problems, refused=refused)
    if "by" in entries or not isinstance(node, Fields):
        return None
    ends = []
    for end in ("from", "to"):
        if end not in known:
            problems.add(node.at, f"a relation needs {end}: schema.table.column")
        elif text := read_text(known[end].value, end, problems):
            try:
                ends.append(parse_column_ref(text))
            except NameInvalid as error:
                problems.add(known[end].value.at, str(error))
    if len(ends) != 2:  # noqa: PLR2004  from and to
        return None
    return VirtualReference(ends[0].relation, ends[0].column, ends[1].relation, ends[1].column, node.at)


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
    if isinstance(key, Scalar):
        return (parse_column(key.text),) if key.text else ()
    return tuple(parse_column(text) for text in read_texts(key, f"a column of {table}", problems))
