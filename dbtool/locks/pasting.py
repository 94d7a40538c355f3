"""Lines of Alembic Python for a remedy, with the names of the case in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dbtool.catalog.relations import quote_identifier
from dbtool.locks.tokens import split_name

_INDENT = "    "
_BATCH = 10_000
_PARAMETER = re.compile(r"%\(|%s|\$\d")
_BARE_COLON = re.compile(r"(?<!:):(?!:)")

LATER = "# a later revision, whose transaction is another:"


def paste(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def execute(sql: str) -> str:
    """``op.execute(...)`` of one line of SQL, in the quotes that need no escapes."""
    return f"op.execute({quote(' '.join(sql.split()))})"


def quote(text: str) -> str:
    """A Python literal, in double quotes where it holds none itself."""
    if '"' in text or "\\" in text:
        return repr(text)
    return f'"{text}"'


def in_autocommit(lines: Iterable[str]) -> Iterator[str]:
    yield "with op.get_context().autocommit_block():"
    for line in lines:
        yield _INDENT + line


def in_batches(table: str, change: str, condition: str = "") -> Iterator[str]:
    """A change of many rows, by ranges of the table's key: each row is met once, whatever the change makes of it."""
    where = f"({condition}) AND " if condition else ""
    sql = _BARE_COLON.sub(r"\:", f"{change} WHERE {where}") + "id >= :low AND id < :high"
    yield from in_autocommit(
        [
            f"highest = op.get_bind().scalar(sa.text({quote(f'SELECT max(id) FROM {table}')})) or 0  # id: its integer key",
            f"batch = sa.text({quote(sql)})",
            f"for low in range(0, highest + 1, {_BATCH:_}):",
            f'{_INDENT}op.get_bind().execute(batch, {{"low": low, "high": low + {_BATCH:_}}})',
        ]
    )


def has_parameters(sql: str) -> bool:
    """Values that were sent beside the text cannot be pasted with it."""
    return bool(_PARAMETER.search(sql))


def bare(relation: str) -> str:
    """The relation's name without its schema, unquoted."""
    return split_name(relation)[-1]


def derived(relation: str, *parts: str) -> str:
    """A name for something that belongs to a relation, as SQL spells it: ``orders_state_not_null``."""
    return quote_identifier("_".join([bare(relation), *parts])[:63])
