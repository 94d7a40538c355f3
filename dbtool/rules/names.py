"""Names as SQL spells them: ``public.users``, ``public."Order Details"``, ``public.users.id``."""

from __future__ import annotations

import re

from dbtool.catalog.relations import ColumnRef, RelationName, quote_identifier

_PART = re.compile(r'"((?:[^"]|"")+)"|([^\s".]+)')


class NameInvalid(ValueError):
    """``str()`` is the message to print after the position."""


def _parse_parts(text: str) -> list[str]:
    parts: list[str] = []
    rest = text.strip()
    while match := _PART.match(rest):
        quoted, bare = match.groups()
        parts.append(quoted.replace('""', '"') if quoted is not None else _unfolded(bare, text))
        rest = rest[match.end() :]
        if not rest:
            return parts
        if not rest.startswith("."):
            break
        rest = rest[1:]
    raise NameInvalid(f"{text.strip() or 'an empty name'} is not a name as SQL spells it; quote what is not "
                      'plain, as in public."Order Details"')  # fmt: skip


def _unfolded(bare: str, text: str) -> str:
    """SQL would fold upper case silently; whoever wrote it may mean either table, so ask."""
    if bare != bare.lower():
        raise NameInvalid(
            f"{text.strip()}: SQL reads {bare} as {bare.lower()}; write {quote_identifier(bare.lower())}, "
            f"or {quote_identifier(bare)} if the name has upper case"
        )
    return bare


def parse_relation(text: str) -> RelationName:
    """:raises NameInvalid: not ``schema.table``; the schema is required, because search_path is empty."""
    parts = _parse_parts(text)
    if len(parts) == 1:
        raise NameInvalid(f"{text.strip()} has no schema; write public.{quote_identifier(parts[0])}")
    if len(parts) != 2:  # noqa: PLR2004  schema and table
        raise NameInvalid(f"{text.strip()} has too many parts; a table is written schema.table")
    return RelationName(*parts)


def parse_column_ref(text: str) -> ColumnRef:
    """:raises NameInvalid: not ``schema.table.column``."""
    parts = _parse_parts(text)
    if len(parts) != 3:  # noqa: PLR2004  schema, table and column
        raise NameInvalid(f"{text.strip()} does not name a column; write schema.table.column")
    return ColumnRef(RelationName(parts[0], parts[1]), parts[2])


def parse_column(text: str) -> str:
    """A column's key is its exact name. SQL's quotes are accepted too, for names copied from SQL."""
    if len(text) > 2 and text.startswith('"') and text.endswith('"'):  # noqa: PLR2004  the two quotes
        return text[1:-1].replace('""', '"')
    return text
