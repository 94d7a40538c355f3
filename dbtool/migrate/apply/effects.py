"""What a statement leaves behind and gives back, as far as its text tells: what a rerun of its revision must know. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dbtool.locks.statements import Statement, parse_statements
from dbtool.locks.tokens import Name, TokenKind, split_name, tokenize
from dbtool.migrate.revisions.canonical import is_plain_dml

_REPEATABLE = frozenset(
    "VACUUM ANALYZE REINDEX CLUSTER REFRESH CHECKPOINT SET RESET SHOW DISCARD".split()  # noqa: SIM905  reads as a list
) | {"ALTER SYSTEM"}
_OF_SESSION = frozenset({"SET", "RESET", "DISCARD"})
_OF_TRANSACTION = frozenset({"LOCAL", "TRANSACTION", "CONSTRAINTS"})
_READS = frozenset({"SELECT", "VALUES", "TABLE", "SHOW"})
_CHANGES = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE"})
_REPEATED = _READS | {"SET", "RESET", "SAVEPOINT", "RELEASE", "ROLLBACK", ""}


class EffectKind(Enum):
    """What a statement that no transaction can hold leaves behind, as far as the catalog shows it."""

    INDEX_BUILT = "index built"
    INDEX_GONE = "index gone"
    REPEATABLE = "repeatable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Effect:
    """``index`` and ``table`` as SQL spells them, with a schema where the statement has one; an index that is built lies in
    its table's.
    """

    kind: EffectKind
    index: str = ""
    table: str = ""

    def render(self) -> str:
        return " ".join(
            part for part in (self.kind.value, self.index, self.table and f"on {self.table}") if part
        )


def describe_effect(sql: str) -> Effect:
    statements = parse_statements(sql)
    if len(statements) != 1:
        return Effect(EffectKind.UNKNOWN)
    (one,) = statements
    if one.verb in _REPEATABLE:
        return Effect(EffectKind.REPEATABLE)
    if not one.says("INDEX", "CONCURRENTLY") or len(one.names) != 1:
        return Effect(EffectKind.UNKNOWN)
    if one.verb == "CREATE INDEX" and one.index is not None:
        return Effect(EffectKind.INDEX_BUILT, str(one.index), str(one.names[0]))
    if one.verb == "DROP INDEX":
        return Effect(EffectKind.INDEX_GONE, str(one.names[0]))
    return Effect(EffectKind.UNKNOWN)


def drop_index(sql: str) -> str:
    """What takes away the INVALID index that an earlier run of this statement left."""
    effect = describe_effect(sql)
    schema = split_name(effect.table)[-2:-1]
    return f"DROP INDEX CONCURRENTLY IF EXISTS {Name((*schema, *split_name(effect.index)))}"


def is_repeated(sql: str) -> bool:
    """It reads, or sets something of a session or a transaction that are others in a rerun: it is run again."""
    statements = parse_statements(sql)
    if all(one.verb == "DISCARD" for one in statements):
        return bool(statements)
    return all(one.verb in _REPEATED for one in statements) and is_plain_dml(sql)


def find_settings(sql: str) -> tuple[str, ...]:
    """What a text of several statements sets for the rest of the session."""
    return tuple(one.text for one in parse_statements(sql) if _sets_session(one))


def _sets_session(one: Statement) -> bool:
    return one.verb in _OF_SESSION and not _OF_TRANSACTION.intersection(one.words[1:2])


def returns_rows(sql: str) -> bool:
    """The revision may go on from rows that it gives back."""
    words = tuple(_outermost_words(sql))
    first = words[0] if words else ""
    if first in _READS:
        return "INTO" not in words
    if first not in {*_CHANGES, "WITH"}:
        return False
    main = next((word for word in words if word in _CHANGES | _READS), "")
    return main in _READS or "RETURNING" in words


def _outermost_words(sql: str) -> Iterator[str]:
    depth = 0
    for token in tokenize(sql):
        if token.kind is TokenKind.MARK:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif token.kind is TokenKind.WORD and not depth:
            yield token.text


def locks_nobody_out(sql: str) -> bool:
    """While it waits, others queue behind nothing that they need: it may wait for as long as it takes."""
    return all(
        one.concurrently or (one.verb == "VACUUM" and "FULL" not in one.words)
        for one in parse_statements(sql)
    )
