"""The references that the catalog cannot see: of one column, of several, or to a table that another column names."""

from __future__ import annotations

from collections.abc import Iterator

from dbtool.catalog.relations import ColumnRef
from dbtool.rules.fields import ColumnsOf, Entry, is_empty, keep_known, read_columns_of, read_entries
from dbtool.rules.model import RelationTarget, VirtualReference, VirtualRelation
from dbtool.rules.names import NameInvalid, parse_column_ref
from dbtool.rules.nodes import Fields, Items, Node, Problems
from dbtool.rules.position import Position

_SHAPE = "relations must be a list of {from: schema.table.column, to: …}"
_NO_TO = "a relation needs to: schema.table.column, or by: where another column says which table is meant"
_BOTH = "a relation has to, or by where another column says which table is meant, but not both"


def read_relations(node: Node, problems: Problems) -> Iterator[VirtualRelation]:
    if not isinstance(node, Items):
        problems.add(node.at, _SHAPE)
        return
    for item in node.items:
        if relation := _read_relation(item, problems):
            yield relation


def column_pairs(relation: VirtualRelation) -> Iterator[VirtualReference]:
    """Which column takes the mask of which: a polymorphic one that of each table it may lead to."""
    for target in relation.targets:
        if target.referenced is not None:
            for column, referenced in zip(relation.columns, target.referenced_columns, strict=True):
                yield VirtualReference(relation.relation, column, target.referenced, referenced, target.at)


def find_repeated(relations: list[VirtualRelation]) -> Iterator[tuple[Position, str]]:
    """References written twice, as (place, message)."""
    first: dict[object, VirtualRelation] = {}
    for one in relations:
        leads_to = () if one.type_column else [(to.referenced, to.referenced_columns) for to in one.targets]
        known = first.setdefault((one.relation, one.columns, *leads_to), one)
        if known is not one:
            spelt = ", ".join(str(ColumnRef(one.relation, column)) for column in one.columns)
            hint = "write its types in one place" if one.type_column else "remove one of the two"
            yield one.at, f"the relation of {spelt} is already written at {known.at}; {hint}"


def _read_relation(node: Node, problems: Problems) -> VirtualRelation | None:
    entries = read_entries(node, "a relation", problems)
    if not isinstance(node, Fields):
        return None
    known = keep_known(entries, ("from", "to", "by"), "a relation", problems)
    start = read_columns_of(known["from"].value, "from", problems) if "from" in known else None
    if "from" not in known:
        problems.add(node.at, "a relation needs from: schema.table.column")
    if "to" in known and "by" in known:
        problems.add(known["by"].at, _BOTH)
    elif "to" in known:
        return _read_to(known["to"], start, node.at, problems)
    elif "by" in known:
        return _read_by(known["by"], start, node.at, problems)
    else:
        problems.add(node.at, _NO_TO)
    return None


def _read_to(
    entry: Entry, start: ColumnsOf | None, at: Position, problems: Problems
) -> VirtualRelation | None:
    end = read_columns_of(entry.value, "to", problems)
    if start is None or end is None or not _fit(start, end, entry.value.at, problems):
        return None
    return VirtualRelation(*start, (RelationTarget(*end, None, at),), None, at)


def _fit(start: ColumnsOf, end: ColumnsOf, at: Position, problems: Problems) -> bool:
    if len(start[1]) != len(end[1]):
        problems.add(
            at, f"from and what it refers to must have as many columns: {len(start[1])} and {len(end[1])}"
        )
    elif start == end:
        problems.add(at, "a relation refers to the very columns that it is from")
    else:
        return True
    return False


def _read_by(
    entry: Entry, start: ColumnsOf | None, at: Position, problems: Problems
) -> VirtualRelation | None:
    by = read_entries(entry.value, "by", problems)
    if not isinstance(entry.value, Fields):
        return None
    if len(by) != 1:
        problems.add(
            entry.value.at,
            "by names one column, the one that says which table is meant: {schema.table.column: {type: …}}",
        )
        return None
    ((text, types),) = by.items()
    type_column = _read_type_column(text, types.at, start, problems)
    targets = tuple(_read_targets(text, types.value, start, problems))
    if start is None or type_column is None or not targets:
        return None
    return VirtualRelation(*start, targets, type_column, at)


def _read_type_column(text: str, at: Position, start: ColumnsOf | None, problems: Problems) -> str | None:
    try:
        found = parse_column_ref(text)
    except NameInvalid as error:
        problems.add(at, str(error))
        return None
    if start is not None and found.relation != start[0]:
        problems.add(
            at, f"{found} is not a column of {start[0]}; a row says by itself which table it refers to"
        )
    elif start is not None and found.column in start[1]:
        problems.add(
            at, f"{found} is the reference itself; by names the column that says which table is meant"
        )
    return found.column


def _read_targets(
    column: str, node: Node, start: ColumnsOf | None, problems: Problems
) -> Iterator[RelationTarget]:
    types = read_entries(node, f"the types of {column}", problems)
    if isinstance(node, Fields) and not node.pairs:
        problems.add(node.at, f"{column} has no types; write {{type: schema.table.column}}")
    for value, entry in types.items():
        end = None if is_empty(entry.value) else read_columns_of(entry.value, f"type {value}", problems)
        if is_empty(entry.value):
            yield RelationTarget(None, (), value, entry.at)
        elif end is not None and (start is None or _fit(start, end, entry.value.at, problems)):
            yield RelationTarget(*end, value, entry.at)
