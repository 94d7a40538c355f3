"""YAML text → nodes that know their line and column, and the list of everything wrong with them.

Only what a rule file needs of YAML is read: one document, no tags, no anchors or aliases (so no document
grows beyond its text), a bounded depth. Plain scalars follow YAML 1.2's core schema, where ``no`` and ``on``
are words and ``12:30`` is not a number; nor is ``010``, which may be a code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from dbtool.rules.position import Position

MAXIMUM_DEPTH = 30

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # libyaml reads ten times as fast
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,999})\Z")  # of some thousand digits Python makes no number
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}


@dataclass(frozen=True, slots=True)
class Scalar:
    """``text_at`` is where the first character of the text that is no blank stands: behind a quote, or in the line
    below ``|`` and ``>``. Exact but for escapes among leading blanks.
    """

    text: str
    at: Position
    quoted: bool = False
    text_at: Position | None = None

    @property
    def value(self) -> str | int | float | bool | None:
        if self.quoted:
            return self.text
        if self.text in _WORDS:
            return _WORDS[self.text]
        if _INTEGER.match(self.text):
            return int(self.text)
        return float(self.text) if _FLOAT.match(self.text) else self.text


@dataclass(frozen=True, slots=True)
class Items:
    items: tuple[Node, ...]
    at: Position


@dataclass(frozen=True, slots=True)
class Fields:
    pairs: tuple[tuple[Node, Node], ...]
    at: Position


Node = Scalar | Items | Fields


@dataclass(slots=True)
class Problems:
    """Collects, so that one run names everything that is wrong."""

    files: list[str] = field(default_factory=list)
    _found: list[tuple[Position, str]] = field(default_factory=list)

    def add(self, at: Position, message: str) -> None:
        self._found.append((at, message))

    def __len__(self) -> int:
        return len(self._found)

    def lines(self) -> list[str]:
        order = {name: index for index, name in enumerate(self.files)}
        ordered = sorted(
            self._found, key=lambda one: (order.get(one[0].file, -1), one[0].line, one[0].column)
        )
        return [f"{at}: {message}" for at, message in ordered]


def plain_value(node: Node) -> Any:
    """The node as the Python value an options model is given."""
    match node:
        case Scalar():
            return node.value
        case Items(items=items):
            return [plain_value(item) for item in items]
        case Fields(pairs=pairs):
            return {key.text: plain_value(value) for key, value in pairs if isinstance(key, Scalar)}


class _Unreadable(Exception):
    def __init__(self, at: Position, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


def parse_document(text: str, file: str, problems: Problems) -> Node | None:
    """The document's one node, or None after naming the problem."""
    try:
        return _Builder(file, text, problems).build(yaml.parse(text, Loader=_LOADER))
    except _Unreadable as problem:
        problems.add(problem.at, problem.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = _position(file, mark) if mark else Position(file, 1, 1)
        problems.add(at, f"not valid YAML: {_describe(error, text, at)}")
    except yaml.YAMLError:
        problems.add(Position(file, 1, 1), "not valid YAML: it contains characters that YAML does not allow")
    return None


def _position(file: str, mark: Any) -> Position:
    return Position(file, mark.line + 1, mark.column + 1)


def _describe(error: yaml.MarkedYAMLError, text: str, at: Position) -> str:
    """The parser's words, with where the construct began: the end is often all that it points at."""
    lines = text.splitlines()
    if at.line <= len(lines) and lines[at.line - 1][at.column - 1 : at.column] == "\t":
        return "a tab where the line is indented; indent with spaces"
    began = error.context_mark
    since = f" {error.context} that began in line {began.line + 1}" if began and error.problem else ""
    hint = "; is it indented like its neighbours?" if "block" in since else ""
    return f"{error.problem or error.context}{since}{hint}"


class _Builder:
    """Builds nodes from parser events without recursion, so that depth is ours to bound."""

    def __init__(self, file: str, text: str, problems: Problems) -> None:
        self._file, self._problems = file, problems
        self._lines = text.split("\n")
        self._open: list[tuple[yaml.Event, list[Node]]] = []
        self._root: list[Node] = []

    def build(self, events: Iterator[yaml.Event]) -> Node | None:
        for event in events:
            self._take(event)
        return self._root[0] if self._root else None

    def _at(self, event: yaml.Event) -> Position:
        return _position(self._file, event.start_mark)

    def _text_at(self, event: yaml.ScalarEvent) -> Position:
        at = self._at(event)
        if event.style in {"'", '"'}:
            blanks = len(event.value) - len(event.value.lstrip())
            return Position(at.file, at.line, at.column + 1 + blanks)
        if event.style in {"|", ">"}:
            below = enumerate(self._lines[at.line :], at.line + 1)
            found = ((number, line) for number, line in below if line.strip())
            number, line = next(found, (at.line, ""))
            return Position(at.file, number, len(line) - len(line.lstrip()) + 1) if line else at
        return at

    def _take(self, event: yaml.Event) -> None:
        self._refuse(event)
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._open.append((event, []))
        elif isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value:
                self._problems.add(self._at(event), "a null character, which nothing in PostgreSQL can hold")
            is_quoted = event.style not in (None, "")
            self._put(Scalar(event.value, self._at(event), is_quoted, self._text_at(event)))
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            start, children = self._open.pop()
            self._put(self._collection(start, children))

    def _collection(self, start: yaml.Event, children: list[Node]) -> Node:
        if isinstance(start, yaml.SequenceStartEvent):
            return Items(tuple(children), self._at(start))
        return Fields(tuple(zip(children[::2], children[1::2], strict=True)), self._at(start))

    def _put(self, node: Node) -> None:
        (self._open[-1][1] if self._open else self._root).append(node)

    def _refuse(self, event: yaml.Event) -> None:
        for message in _objections(event, depth=len(self._open), has_document=bool(self._root)):
            raise _Unreadable(self._at(event), message)


def _objections(event: yaml.Event, *, depth: int, has_document: bool) -> Iterable[str]:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        yield "anchors and aliases are not supported; define a domain instead, or write the rule out"
    if (tag := getattr(event, "tag", None)) is not None:
        yield f"tags such as {tag} are not supported; write the value without it"
    if isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.style in (None, ""):
        yield "merge keys (<<) are not supported; define a domain instead, or write the rules out"
    if depth > MAXIMUM_DEPTH:
        yield f"nested more than {MAXIMUM_DEPTH} levels deep"
    if has_document and isinstance(event, yaml.DocumentStartEvent):
        yield "a rule file holds one document; move what follows --- to a file of its own"
