"""The parts of an ALTER TABLE, by their leading keywords. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dbtool.locks.tokens import Name, Token, TokenKind, split_at
from dbtool.locks.words import Reader

_CONSTRAINTS = {
    "CHECK": "ADD CHECK",
    "UNIQUE": "ADD UNIQUE",
    "PRIMARY": "ADD PRIMARY KEY",
    "FOREIGN": "ADD FOREIGN KEY",
    "EXCLUDE": "ADD EXCLUDE",
    "NOT": "ADD NOT NULL",
}
_FIXED = (
    ("VALIDATE", "CONSTRAINT"),
    ("DROP", "CONSTRAINT"),
    ("ATTACH", "PARTITION"),
    ("DETACH", "PARTITION"),
    ("SET", "SCHEMA"),
)
_OF_A_COLUMN = (
    ("SET", "NOT", "NULL"),
    ("DROP", "NOT", "NULL"),
    ("SET", "DEFAULT"),
    ("DROP", "DEFAULT"),
    ("SET", "EXPRESSION"),
    ("DROP", "EXPRESSION"),
)
_END_OF_TYPE = frozenset(
    [
        "DEFAULT",
        "NOT",
        "NULL",
        "CHECK",
        "UNIQUE",
        "PRIMARY",
        "REFERENCES",
        "GENERATED",
        "CONSTRAINT",
        "USING",
        "COLLATE",
    ]
)


@dataclass(frozen=True, slots=True)
class Action:
    """``kind`` is ADD COLUMN, ALTER TYPE, ADD CHECK, OTHER …; ``name`` the column, constraint or partition it names.

    ``type`` and ``default`` are SQL as written, empty where there is none.
    """

    kind: str
    words: tuple[str, ...]
    text: str
    name: str = ""
    to: str = ""
    type: str = ""
    default: str = ""

    def says(self, *words: str) -> bool:
        size = len(words)
        return any(self.words[at : at + size] == words for at in range(len(self.words) - size + 1))

    @property
    def not_valid(self) -> bool:
        return self.says("NOT", "VALID")


def parse_actions(sql: str, tokens: tuple[Token, ...]) -> tuple[Action, ...]:
    return tuple(_parse_action(sql, part) for part in split_at(tokens, ","))


def _parse_action(sql: str, tokens: tuple[Token, ...]) -> Action:
    words = tuple(token.text if token.kind is TokenKind.WORD else "" for token in tokens)
    text = sql[tokens[0].start : tokens[-1].end]
    kind, name, to, rest = _read_action(Reader(tokens))
    kind_of_column = kind in {"ADD COLUMN", "ALTER TYPE"}
    return Action(
        kind,
        words,
        text,
        name,
        to,
        type=_read_type(sql, rest) if kind_of_column else "",
        default=_read_default(sql, rest) if kind_of_column else "",
    )


def _read_action(reader: Reader) -> tuple[str, str, str, tuple[Token, ...]]:
    for words in _FIXED:
        if reader.take(*words):
            reader.skip("IF", "EXISTS")
            return " ".join(words), _text(reader.name()), "", ()
    for word, read in _READERS.items():
        if reader.take(word):
            return read(reader)
    return _read_other(reader)


def _read_other(reader: Reader) -> tuple[str, str, str, tuple[Token, ...]]:
    if reader.take("ENABLE", "ROW"):
        return "ENABLE ROW SECURITY", "", "", ()
    kind = "REPLICA IDENTITY" if reader.take("REPLICA", "IDENTITY") else "OTHER"
    return kind, "", "", ()


def _read_drop(reader: Reader) -> tuple[str, str, str, tuple[Token, ...]]:
    reader.skip("COLUMN", "IF", "EXISTS")
    return "DROP COLUMN", _text(reader.name()), "", ()


def _read_rename(reader: Reader) -> tuple[str, str, str, tuple[Token, ...]]:
    if reader.take("TO"):
        return "RENAME TABLE", "", _text(reader.name()), ()
    kind = "RENAME CONSTRAINT" if reader.take("CONSTRAINT") else "RENAME COLUMN"
    reader.skip("COLUMN")
    name = _text(reader.name())
    reader.skip("TO")
    return kind, name, _text(reader.name()), ()


def _read_add(reader: Reader) -> tuple[str, str, str, tuple[Token, ...]]:
    name = ""
    if reader.take("CONSTRAINT"):
        name = _text(reader.name())
    if reader.peek() in _CONSTRAINTS:
        return _CONSTRAINTS[reader.word()], name, "", reader.rest()
    reader.skip("COLUMN", "IF", "NOT", "EXISTS")
    return "ADD COLUMN", _text(reader.name()), "", reader.rest()


def _read_alter(reader: Reader) -> tuple[str, str, str, tuple[Token, ...]]:
    if reader.take("CONSTRAINT"):
        return "ALTER CONSTRAINT", _text(reader.name()), "", ()
    reader.skip("COLUMN")
    name = _text(reader.name())
    if reader.take("TYPE") or reader.take("SET", "DATA", "TYPE"):
        return "ALTER TYPE", name, "", reader.rest()
    for words in _OF_A_COLUMN:
        if reader.take(*words):
            return " ".join(words), name, "", reader.rest()
    return "OTHER", name, "", ()


_READERS = {"RENAME": _read_rename, "ADD": _read_add, "DROP": _read_drop, "ALTER": _read_alter}


def _read_type(sql: str, tokens: tuple[Token, ...]) -> str:
    """All up to the first word that can follow a type."""
    return _slice(sql, tuple(_until(tokens, _END_OF_TYPE)))


def _read_default(sql: str, tokens: tuple[Token, ...]) -> str:
    at = next((at for at, token in enumerate(tokens) if _is_word(token, "DEFAULT")), None)
    if at is None:
        return ""
    return _slice(sql, tuple(_until(tokens[at + 1 :], _END_OF_TYPE - {"NULL"})))


def _until(tokens: tuple[Token, ...], words: frozenset[str]) -> Iterator[Token]:
    depth = 0
    for token in tokens:
        if not depth and token.kind is TokenKind.WORD and token.text in words:
            return
        if token.kind is TokenKind.MARK:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        yield token


def _is_word(token: Token, word: str) -> bool:
    return token.kind is TokenKind.WORD and token.text == word


def _slice(sql: str, tokens: tuple[Token, ...]) -> str:
    return sql[tokens[0].start : tokens[-1].end] if tokens else ""


def _text(name: Name | None) -> str:
    """As Python wants it: the bare name of a column or constraint."""
    return name.parts[-1] if name is not None else ""
