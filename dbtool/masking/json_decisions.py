"""What becomes of each scalar of a document, by the paths of its column's rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dbtool.masking.fates import Decision, Fate, UndecidedPath, Unknown
from dbtool.masking.json_text import TokenKind, kind_of, read_string
from dbtool.masking.mask import DoesNotFit

_STEP = re.compile(
    r"""\.(?P<any>\*)|\.(?P<key>[^.\[\]"*]+)|\[(?P<item>\*)\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]"""
)
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")


@dataclass(slots=True)
class Node:
    """The rule's paths as a tree. ``decision`` is None where no path ends here."""

    decision: Decision | None = None
    keys: dict[str, Node] = field(default_factory=dict)
    any_key: Node | None = None
    item: Node | None = None

    def find(self, key: str) -> Node | None:
        """The node of a member: its own path, or that of every key (``.*``)."""
        return self.keys.get(key, self.any_key)


def parse_paths(paths: Iterable[tuple[str, Decision]]) -> Node:
    """The tree of paths like ``$.contacts[*].phone``, ``$["odd key"]``, ``$.by_id.*.name``; DoesNotFit for others."""
    root = Node()
    for path, decision in paths:
        _grow(root, path).decision = decision
    return root


def _grow(node: Node, path: str) -> Node:
    position = 1 if path.startswith("$") else -1
    while 0 <= position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            position = -1
            break
        node = _grow_step(node, step)
        position = step.end()
    if position < 0:
        raise DoesNotFit(f"{path} is no path", 'steps like .key, .*, [*] and ["a key"] after a $')
    return node


def _grow_step(node: Node, step: re.Match[str]) -> Node:
    if step["any"]:
        node.any_key = node.any_key or Node()
        return node.any_key
    if step["item"]:
        node.item = node.item or Node()
        return node.item
    key = step["key"] if step["key"] is not None else read_string(f'"{step["quoted"]}"')
    return node.keys.setdefault(key, Node())


@dataclass(slots=True)
class _Container:
    """An object or array being read, and where its member begins: ``separator`` is the comma before it."""

    is_object: bool
    node: Node | None
    opened_at: int
    key: str | None = None
    separator: int | None = None
    member: int = 0
    kept: int = 0


class _Reader:
    """One pass over a document's tokens. It keeps its own stack, since documents nest deeper than Python calls."""

    def __init__(self, tokens: Sequence[str], root: Node, unknown: Unknown) -> None:
        self.fates: list[Decision] = [Fate.KEEP] * len(tokens)
        self._tokens = tokens
        self._root = root
        self._unknown = unknown
        self._open: list[_Container] = []

    def read(self) -> list[Decision]:
        for position, token in enumerate(self._tokens):
            kind = kind_of(token)
            if kind is TokenKind.MARK:
                self._read_mark(position, token)
            elif kind is not TokenKind.BLANK:
                self._read_text(position, token, kind)
        return self.fates

    def _read_mark(self, position: int, mark: str) -> None:
        if mark in "{[":
            self._begin_member(position)
            self._open.append(_Container(mark == "{", self._find_node(), position))
        elif mark in "}]":
            closed = self._open.pop()
            is_empty = closed.member == 0
            self._end_member(position, is_decided=closed.node is not None, is_final=is_empty)
        elif mark == ",":
            self._open[-1].separator = position
            self._open[-1].key = None

    def _read_text(self, position: int, token: str, kind: TokenKind) -> None:
        container = self._open[-1] if self._open else None
        if container is not None and container.is_object and container.key is None:
            container.key = read_string(token)
            container.member = position
            return
        self._begin_member(position)
        decision = _decide_scalar(self._find_node(), kind)
        if isinstance(decision, int):
            self.fates[position] = decision
        self._end_member(position, is_decided=decision is not None, is_final=True)

    def _begin_member(self, position: int) -> None:
        if self._open and not self._open[-1].is_object:
            self._open[-1].member = position

    def _find_node(self) -> Node | None:
        if not self._open:
            return self._root
        container = self._open[-1]
        if container.node is None:
            return None
        return container.node.item if container.key is None else container.node.find(container.key)

    def _end_member(self, position: int, *, is_decided: bool, is_final: bool) -> None:
        """``is_final``: nothing inside it could have been reported in its place."""
        if not is_decided and self._unknown == "error" and is_final:
            raise UndecidedPath(self._spell_path())
        is_dropped = not is_decided and self._unknown == "drop"
        if self._open:
            self._settle(self._open[-1], position, is_dropped=is_dropped)
        elif is_dropped:
            self._drop(0, len(self._tokens))

    def _settle(self, container: _Container, position: int, *, is_dropped: bool) -> None:
        """Drop a member with the comma before it; the first that stays loses the comma before it too."""
        start = container.member if container.separator is None else container.separator
        if is_dropped:
            self._drop(start, position + 1)
            return
        if container.kept == 0:
            self._drop(start, container.member)
        container.kept += 1

    def _drop(self, start: int, end: int) -> None:
        self.fates[start:end] = [Fate.DROP] * (end - start)

    def _spell_path(self) -> str:
        steps = (spell_key(container.key) if container.is_object else "[*]" for container in self._open)
        return "$" + "".join(steps)


def spell_key(key: str | None) -> str:
    """What a message may say of a key."""
    return f".{key}" if key is not None and _PLAIN_KEY.fullmatch(key) else ".*"


def _decide_scalar(node: Node | None, kind: TokenKind) -> Decision | None:
    """None where the rule leaves it open. A null tells nothing where the rule knows the place."""
    if node is None or kind is TokenKind.NULL:
        return None if node is None else Fate.KEEP
    if isinstance(node.decision, int) and kind is TokenKind.BOOLEAN:
        return None
    return node.decision


def decide(tokens: Sequence[str], root: Node, unknown: Unknown) -> list[Decision]:
    """The fate of each token; raises UndecidedPath where ``unknown`` is "error" and something is undecided."""
    return _Reader(tokens, root, unknown).read()
