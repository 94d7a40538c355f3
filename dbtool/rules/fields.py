"""Mappings with known keys, and scalars with known shapes; what is wrong goes to the problems."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.rules.names import NameInvalid, parse_column_ref
from dbtool.rules.nodes import Fields, Items, Node, Problems, Scalar
from dbtool.rules.position import Position
from dbtool.spelling import did_you_mean

Meaning = TypeVar("Meaning")
ColumnsOf = tuple[RelationName, tuple[str, ...]]

_LARGEST = 2**63 - 1  # what PostgreSQL's LIMIT takes


@dataclass(frozen=True, slots=True)
class Entry:
    key: Scalar
    value: Node

    @property
    def at(self) -> Position:
        return self.key.at


def is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.quoted and node.value is None


def shape_of(node: Node) -> str:
    match node:
        case Fields():
            return "a mapping"
        case Items():
            return "a list"
        case _:
            return "empty" if is_empty(node) else "a single value"


def read_entries(node: Node, what: str, problems: Problems) -> dict[str, Entry]:
    """The mapping's entries by key; duplicate keys and other shapes are problems."""
    if not isinstance(node, Fields):
        problems.add(node.at, f"{what} must be a mapping (key: value), not {shape_of(node)}")
        return {}
    entries: dict[str, Entry] = {}
    for key, value in node.pairs:
        if not isinstance(key, Scalar):
            problems.add(key.at, f"a key of {what} must be a single name, not {shape_of(key)}")
        elif key.text in entries:
            problems.add(
                key.at, f"duplicate key {key.text}; it is written first in line {entries[key.text].at.line}"
            )
        else:
            entries[key.text] = Entry(key, value)
    return entries


def keep_known(
    entries: Mapping[str, Entry],
    known: Collection[str],
    what: str,
    problems: Problems,
    *,
    refused: Mapping[str, str] | None = None,
    otherwise: str = "",
) -> dict[str, Entry]:
    """The known entries. ``refused`` maps keys that are understood but not accepted to the reason; ``otherwise`` ends
    the message on a key that is like none that is known.
    """
    found: dict[str, Entry] = {}
    for key, entry in entries.items():
        if refused and key in refused:
            problems.add(entry.at, refused[key])
        elif key in known:
            found[key] = entry
        else:
            nearest = did_you_mean(key, [*known, *(refused or ())]) or otherwise
            problems.add(entry.at, f"unknown key {key} in {what}{nearest}")
    return found


def read_text(node: Node, what: str, problems: Problems) -> str | None:
    """A non-empty text, or None after naming the problem. A bare ``null`` is a text: it names a mask."""
    if isinstance(node, Scalar) and node.text.strip():
        return node.text.strip()
    problems.add(node.at, f"{what} must be a text, not {shape_of(node)}")
    return None


def read_texts(node: Node, what: str, problems: Problems) -> tuple[str, ...]:
    """One text or a list of them."""
    items = node.items if isinstance(node, Items) else (node,)
    texts = (read_text(item, what, problems) for item in items)
    return tuple(text for text in texts if text is not None)


def read_word(node: Node, what: str, words: Mapping[str, Meaning], problems: Problems) -> Meaning | None:
    """What the word means, or None after naming the problem."""
    if isinstance(node, Scalar) and node.text in words:
        return words[node.text]
    *others, last = words
    listed = f"{', '.join(others)} or {last}"
    nearest = did_you_mean(node.text, words) if isinstance(node, Scalar) else ""
    written = node.text if isinstance(node, Scalar) and node.text.strip() else shape_of(node)
    problems.add(node.at, f"{what} must be {listed}, not {written}{nearest}")
    return None


def read_count(node: Node, what: str, problems: Problems) -> int | None:
    """A whole number of at least 1, or None after naming the problem."""
    count = node.value if isinstance(node, Scalar) else None
    if isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= _LARGEST:
        return count
    is_large = isinstance(count, int) and count > _LARGEST
    problems.add(
        node.at, f"{what} must be a whole number of at least 1{' and below 2^63' if is_large else ''}"
    )
    return None


def read_columns_of(node: Node, what: str, problems: Problems) -> ColumnsOf | None:
    """``schema.table.column`` or a list of such of one table, or None after naming the problem."""
    items = node.items if isinstance(node, Items) else (node,)
    if not items:
        problems.add(node.at, f"{what} names no column; write schema.table.column")
        return None
    before = len(problems)
    refs: list[ColumnRef] = []
    for item in items:
        ref = _read_column_ref(item, what, problems)
        if ref in refs:
            problems.add(item.at, f"{ref} is named twice in {what}")
        elif ref is not None and refs and ref.relation != refs[0].relation:
            message = f"{ref} is not a column of {refs[0].relation}; the columns of {what} are of one table"
            problems.add(item.at, message)
        elif ref is not None:
            refs.append(ref)
    if len(problems) > before:
        return None
    return refs[0].relation, tuple(ref.column for ref in refs)


def _read_column_ref(node: Node, what: str, problems: Problems) -> ColumnRef | None:
    text = read_text(node, what, problems)
    try:
        return parse_column_ref(text) if text is not None else None
    except NameInvalid as error:
        problems.add(node.at, str(error))
        return None
