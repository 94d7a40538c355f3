"""The rows a subset begins with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbtool.catalog.relations import RelationName
from dbtool.rules.conditions import read_sql_condition
from dbtool.rules.fields import Entry, is_empty, keep_known, read_count, read_entries, read_text, shape_of
from dbtool.rules.follow import find_loose_terms, read_order
from dbtool.rules.names import NameInvalid, parse_relation
from dbtool.rules.nodes import Fields, Items, Node, Problems, Scalar
from dbtool.rules.subset_model import Root

EXAMPLE = "roots: [{table: public.tenants, percent: 5}]"

_KNOWN = ("table", "percent", "where", "ids", "limit", "order")
_CHOOSING = ("percent", "where", "ids", "limit")
_ALL = 100


def read_roots(node: Node, problems: Problems) -> tuple[Root, ...]:
    """() only after naming the problem."""
    if not isinstance(node, Items):
        problems.add(node.at, f"roots must be a list, not {shape_of(node)}: {EXAMPLE}")
        return ()
    if not node.items:
        problems.add(node.at, f"roots names no rows to begin with; write {EXAMPLE}")
    roots = (_read_root(item, problems) for item in node.items)
    return tuple(root for root in roots if root is not None)


def _read_root(node: Node, problems: Problems) -> Root | None:
    entries = read_entries(node, "a root", problems)
    if not isinstance(node, Fields):
        return None
    known = keep_known(entries, _KNOWN, "a root", problems, refused=find_loose_terms(entries, _KNOWN))
    table = _read_table(known.get("table"), node, problems)
    for message, entry in _misfits(known):
        problems.add(entry.at, message)
    if not any(key in known for key in _CHOOSING):
        every = f"percent: 100 takes every row of {table or 'the table'}"
        problems.add(node.at, f"a root needs percent, where, ids or limit; {every}")
    values = {key: known[key].value for key in known}
    percent = _read_percent(values["percent"], problems) if "percent" in values else None
    where = read_sql_condition(values["where"], "where", problems) if "where" in values else None
    ids = tuple(_read_ids(values["ids"], problems)) if "ids" in values else ()
    limit = read_count(values["limit"], "limit", problems) if "limit" in values else None
    order = read_order(values["order"], problems) if "order" in values else ()
    return Root(table, node.at, percent, where, ids, limit, order) if table is not None else None


def _read_table(entry: Entry | None, node: Node, problems: Problems) -> RelationName | None:
    if entry is None:
        problems.add(node.at, "a root needs table: schema.table")
        return None
    text = read_text(entry.value, "table", problems)
    try:
        return parse_relation(text) if text is not None else None
    except NameInvalid as error:
        problems.add(entry.value.at, str(error))
        return None


def _misfits(known: Mapping[str, Entry]) -> Iterator[tuple[str, Entry]]:
    """What cannot stand beside each other."""
    for key in ("percent", "where", "limit", "order"):
        if "ids" in known and key in known:
            yield (
                f"{key} cannot stand beside ids, which name the rows one by one; write two roots",
                known[key],
            )
    if "ids" in known or "order" not in known:
        return
    if "percent" in known:
        yield (
            "order cannot stand beside percent, which chooses by a hash of the key; use limit instead",
            known["order"],
        )
    elif "limit" not in known:
        yield "order says which rows come first, and needs limit: how many are taken", known["order"]


def _read_percent(node: Node, problems: Problems) -> float | None:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, str) and value.rstrip().endswith("%"):
        problems.add(node.at, "percent is a number without a sign, such as percent: 5")
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        problems.add(node.at, "percent must be a number above 0 and at most 100")
    elif value > _ALL:
        problems.add(node.at, "percent is over 100; percent: 100 takes every row")
    elif value <= 0:
        problems.add(node.at, "percent must be above 0; a table without rows is written under tables: empty")
    else:
        return float(value)
    return None


def _read_ids(node: Node, problems: Problems) -> Iterator[tuple[str, ...]]:
    """Their texts are values of rows: no message quotes them."""
    if not isinstance(node, Items) or not node.items:
        shape = "empty" if isinstance(node, Items) else shape_of(node)
        problems.add(node.at, f"ids must be a list of keys, such as ids: [1, 2], not {shape}")
        return
    rows = [item.items if isinstance(item, Items) else (item,) for item in node.items]
    for item, parts in zip(node.items, rows, strict=True):
        if not parts:
            problems.add(
                item.at, "an id is an empty list; write one value for each column of the table's key"
            )
        elif len(parts) != len(rows[0]):
            problems.add(
                item.at,
                "this id has not as many values as the first; every column of the table's key has one",
            )
        yield tuple(text for part in parts if (text := _read_id(part, problems)) is not None)


def _read_id(node: Node, problems: Problems) -> str | None:
    if not isinstance(node, Scalar):
        problems.add(node.at, f"an id must be a single value, or a list of them, not {shape_of(node)}")
    elif is_empty(node):
        problems.add(node.at, "an id is empty, and no key is NULL; if it is a text, quote it: 'null'")
    else:
        return node.text
    return None
