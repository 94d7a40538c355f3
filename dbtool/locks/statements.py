"""What one text of SQL says it does, by its leading keywords. Pure.

It is not a parser: the server has parsed the statement, and the trace says what came of it. Read here is only
what a trace cannot say: the words NOT VALID, the names that a remedy needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from dbtool.locks.actions import Action, parse_actions
from dbtool.locks.tokens import Name, Token, TokenKind, split_at, tokenize
from dbtool.locks.words import Reader

_OBJECTS = {
    "MATERIALIZED": "VIEW",
    "FOREIGN": "TABLE",
    "EVENT": "TRIGGER",
    "TEXT": "SEARCH",
    "USER": "MAPPING",
}
_ADJECTIVES = frozenset(
    [
        "OR",
        "REPLACE",
        "UNIQUE",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "GLOBAL",
        "LOCAL",
        "RECURSIVE",
        "CONSTRAINT",
        "TRUSTED",
    ]
)
_LISTS = frozenset(["DROP TABLE", "DROP VIEW", "DROP MATERIALIZED VIEW", "DROP INDEX", "TRUNCATE"])
_ON_A_TABLE = frozenset(["TRIGGER", "POLICY", "RULE"])
_CHANGES = frozenset(["UPDATE", "DELETE", "INSERT", "MERGE"])
_LONGEST = 250_000  # characters: half a second's reading
_OPAQUE = frozenset(["DO", "CALL", "SELECT", "EXECUTE"])


@dataclass(frozen=True, slots=True)
class Statement:
    """``verb`` is upper case with its object: ALTER TABLE, CREATE INDEX, UPDATE. ``names`` are the relations that it
    is about, as written; ``index`` that of CREATE INDEX. ``actions`` are those of ALTER TABLE.
    """

    verb: str
    text: str
    words: tuple[str, ...]
    names: tuple[Name, ...] = ()
    index: Name | None = None
    actions: tuple[Action, ...] = ()

    def says(self, *words: str) -> bool:
        """Whether it holds these words next to each other, outside of strings and quoted names."""
        size = len(words)
        return any(self.words[at : at + size] == words for at in range(len(self.words) - size + 1))

    @property
    def concurrently(self) -> bool:
        return "CONCURRENTLY" in self.words

    @property
    def is_opaque(self) -> bool:
        """What it does stands elsewhere: in a function or a block of code."""
        return self.verb in _OPAQUE

    @property
    def is_change(self) -> bool:
        return self.verb in _CHANGES

    def find(self, *kinds: str) -> Action | None:
        return next((action for action in self.actions if action.kind in kinds), None)

    def is_about(self, relation: str) -> bool:
        return any(name.means(relation) for name in self.names)


@lru_cache(maxsize=128)  # the tracer, the judge and squawk ask for the same ones
def parse_statements(sql: str) -> tuple[Statement, ...]:
    """Each statement of a text; a driver may send several at once. Of a text of megabytes, which is data, the first."""
    known = sql[:_LONGEST]
    return tuple(_parse(known, tokens) for tokens in split_at(tuple(tokenize(known)), ";"))


def _parse(sql: str, tokens: tuple[Token, ...]) -> Statement:
    text = sql[tokens[0].start : tokens[-1].end]
    words = tuple(token.text if token.kind is TokenKind.WORD else "" for token in tokens)
    reader = Reader(tokens)
    verb = _read_verb(reader)
    index = None
    names: tuple[Name, ...] = ()
    if verb == "CREATE INDEX":
        index, names = _read_index(reader)
    else:
        names = tuple(_read_names(verb, reader))
    actions = parse_actions(sql, reader.rest()) if verb.startswith("ALTER TABLE") else ()
    return Statement(verb, text, words, names, index, actions)


def _read_verb(reader: Reader) -> str:
    first = reader.word()
    if first == "WITH":
        return _read_change(reader)
    if first in {"CREATE", "ALTER", "DROP", "COMMENT"}:
        reader.skip(*_ADJECTIVES)
        if first == "COMMENT":
            reader.skip("ON")
        return f"{first} {_read_object(reader)}"
    if first == "REFRESH":
        reader.skip("MATERIALIZED", "VIEW")
    return first


def _read_object(reader: Reader) -> str:
    kind = reader.word()
    second = _OBJECTS.get(kind)
    return f"{kind} {reader.word()}" if second and reader.peek() == second else kind


def _read_change(reader: Reader) -> str:
    """The statement that the queries of WITH are for; a change among them counts as well."""
    changes = list(reader.find_words(*_CHANGES))
    verb = changes[-1] if changes else "SELECT"
    reader.move_to(verb)
    return verb


def _read_names(verb: str, reader: Reader) -> Iterator[Name]:
    _skip_to_name(verb, reader)
    if verb.partition(" ")[2] in _ON_A_TABLE:
        reader.move_to("ON")
    elif verb in {"DO", "SELECT", "CALL", ""}:
        return
    while (name := reader.name()) is not None:
        yield name
        if verb not in _LISTS or not reader.comma():
            return


def _skip_to_name(verb: str, reader: Reader) -> None:
    reader.parenthesis()  # VACUUM (FULL), REINDEX (VERBOSE)
    if verb == "REINDEX":
        reader.skip("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")
    reader.skip(
        "FROM",
        "INTO",
        "TABLE",
        "IF",
        "NOT",
        "EXISTS",
        "ONLY",
        "CONCURRENTLY",
        "FULL",
        "FREEZE",
        "VERBOSE",
        "ANALYZE",
    )


def _read_index(reader: Reader) -> tuple[Name | None, tuple[Name, ...]]:
    reader.skip("CONCURRENTLY", "IF", "NOT", "EXISTS")
    index = None if reader.peek() == "ON" else reader.name()
    reader.skip("ON")
    reader.skip("ONLY")
    table = reader.name()
    return index, () if table is None else (table,)
