"""How many rows follow another one, and in which order they come."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dbtool.rules.fields import (
    Entry,
    is_empty,
    keep_known,
    read_count,
    read_entries,
    read_text,
    read_word,
    shape_of,
)
from dbtool.rules.nodes import Fields, Items, Node, Problems, Scalar
from dbtool.rules.subset_model import Follow, OrderTerm

ORDER_EXAMPLE = "order: [created_at desc, id]"

_WORDS = {"all": Follow(), "none": Follow(0), "always": Follow(always=True)}
_KNOWN = ("max_per_row", "order", "always")
_TERM = re.compile(
    r'\s*(?:"((?:[^"]|"")+)"|([^\W\d][\w$]*))(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*\Z',
    re.IGNORECASE,
)
_PART = re.compile(r'(?:[^,"]|"(?:[^"]|"")*"|")+')
_ALLOWED = 'column names, each with asc or desc and nulls first or nulls last: created_at desc, "Odd Name"'


def read_follow(node: Node, what: str, problems: Problems) -> Follow | None:
    """``all``, ``none``, ``always`` or ``{max_per_row: …, order: …, always: …}``; None after naming the problem."""
    if isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool):
        instead = f"{{max_per_row: {node.value}}}" if node.value > 0 else "none"
        problems.add(node.at, f"{what} must be all, none, always or a mapping; write {instead}")
    elif isinstance(node, (Scalar, Items)):
        if isinstance(node, Scalar) and not is_empty(node):
            return read_word(node, what, _WORDS, problems)
        problems.add(node.at, f"{what} must be all, none, always or {{max_per_row: …}}, not {shape_of(node)}")
    else:
        return _read_cap(node, what, problems)
    return None


def _read_cap(node: Fields, what: str, problems: Problems) -> Follow | None:
    entries = read_entries(node, what, problems)
    known = keep_known(entries, _KNOWN, what, problems, refused=find_loose_terms(entries, _KNOWN))
    order = read_order(known["order"].value, problems) if "order" in known else ()
    if "max_per_row" not in known:
        problems.add(
            node.at, f"{what} needs max_per_row: how many rows may follow each; or write all, none or always"
        )
        return None
    cap = known["max_per_row"].value
    if isinstance(cap, Scalar) and cap.value == 0 and cap.value is not False:
        problems.add(cap.at, f"max_per_row of {what} is 0; write none")
        return None
    most = read_count(cap, f"max_per_row of {what}", problems)
    always = "always" in known and _read_always(known["always"].value, what, problems)
    return Follow(most, order, always) if most is not None else None


def _read_always(node: Node, what: str, problems: Problems) -> bool:
    if isinstance(node, Scalar) and isinstance(node.value, bool):
        return node.value
    problems.add(
        node.at, f"always of {what} must be true or false: do rows follow any chosen row, followed or not?"
    )
    return False


def find_loose_terms(entries: dict[str, Entry], known: tuple[str, ...]) -> dict[str, str]:
    """Keys without a value beside ``order:`` are what YAML makes of the terms behind its first comma."""
    loose = [key for key, entry in entries.items() if key not in known and is_empty(entry.value)]
    message = f"several terms of order are written as a list: {ORDER_EXAMPLE}"
    return dict.fromkeys(loose, message) if "order" in entries else {}


def read_order(node: Node, problems: Problems) -> tuple[OrderTerm, ...]:
    """One text with commas, or a list."""
    if is_empty(node) or isinstance(node, Fields) or (isinstance(node, Items) and not node.items):
        problems.add(node.at, f"order must name columns, not be {shape_of(node)}")
        return ()
    items = node.items if isinstance(node, Items) else (node,)
    return tuple(term for item in items for term in _read_terms(item, problems))


def _read_terms(node: Node, problems: Problems) -> Iterator[OrderTerm]:
    for text in _split(read_text(node, "order", problems) or ""):
        if (term := _parse_term(text)) is not None:
            yield term
        else:
            problems.add(node.at, f"order cannot have {text.strip() or 'an empty term'}; it takes {_ALLOWED}")


def _split(text: str) -> list[str]:
    """At the commas outside quotes; nothing has no terms."""
    parts: list[str] = []
    rest = f",{text}" if text else ""
    while rest:
        match = _PART.match(rest, 1)
        end = match.end() if match else 1
        parts.append(rest[1:end])
        rest = rest[end:]
    return parts


def _parse_term(text: str) -> OrderTerm | None:
    match = _TERM.match(text)
    if match is None:
        return None
    quoted, bare, direction, nulls = match.groups()
    column = quoted.replace('""', '"') if quoted is not None else bare
    return OrderTerm(column, (direction or "").lower() == "desc", nulls.lower() == "first" if nulls else None)
