"""What becomes of each piece of an XML document, by the paths of its column's rule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain

from dbtool.masking.documents import Pieces
from dbtool.masking.fates import Decision, Fate, UndecidedPath, Unknown
from dbtool.masking.xml_names import XML, Leaf, Name
from dbtool.masking.xml_states import PathStates, State
from dbtool.masking.xml_text import BLANK, find_tokens, split_tag

_PLAIN_NAME = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_.-]{0,62}:)?[A-Za-z_][A-Za-z0-9_.-]{0,62}")
_XMLNS = "xmlns"
_NAME_NAMESPACE = "Name the namespace under namespaces, beside xml, or drop what is in it with unknown: drop"


class PieceKind(IntEnum):
    MARKUP = 0
    TEXT = 1
    ATTRIBUTE = 2


@dataclass(slots=True)
class _Open:
    """An element being read. ``at`` is its first piece; ``is_kept``: something in it is decided, or it is named itself."""

    state: State
    namespaces: dict[str, str]
    at: int
    name: Name
    is_known: bool
    is_kept: bool


class XmlReader:
    """One pass over a document's tokens, with a stack of its own: documents nest deeper than Python calls."""

    def __init__(self, states: PathStates, unknown: Unknown) -> None:
        self._states = states
        self._unknown = unknown
        self._texts: list[str] = []
        self._fates: list[Decision] = []
        self._kinds: list[int] = []
        self._dropped: list[tuple[int, int]] = []  # runs of pieces, none within another
        self._open = [_Open(states.root, {"": "", "xml": XML}, 0, ("", ""), is_known=True, is_kept=True)]

    def read(self, document: str) -> Pieces:
        declaration, *tokens = find_tokens(document)
        self._put(declaration)
        text: list[str] = []
        for token in chain(tokens, [""]):
            if token and (token[0] != "<" or token.startswith("<![CDATA[")):
                text.append(token)
                continue
            if text:
                self._read_text("".join(text))
                text.clear()
            self._read_markup(token)
        for start, end in self._dropped:
            self._fates[start:end] = [Fate.DROP] * (end - start)
        return Pieces(self._texts, self._fates, self._kinds)

    def _put(self, text: str, fate: Decision = Fate.KEEP, kind: PieceKind = PieceKind.MARKUP) -> None:
        if text:
            self._texts.append(text)
            self._fates.append(fate)
            self._kinds.append(kind)

    def _read_markup(self, token: str) -> None:
        if token.startswith("<!--"):
            self._read_aside(Leaf.COMMENT, "<!--", token[4:-3], "-->")
        elif token.startswith("<?"):
            target, blank, data = _split_instruction(token[2:-2])
            self._read_aside(Leaf.INSTRUCTION, f"<?{target}{blank}", data, "?>")
        elif token.startswith("</"):
            self._put(token)
            self._close()
        elif token:
            self._read_tag(token)

    def _read_text(self, text: str) -> None:
        if not text.strip(BLANK):
            self._put(text)
            return
        fate = self._settle(self._open[-1].state.leaves[Leaf.TEXT], "")
        self._put(text, fate, PieceKind.TEXT)

    def _read_aside(self, leaf: Leaf, start: str, data: str, end: str) -> None:
        """A comment or an instruction: it may say anything of anybody, so that it is decided like a text."""
        where = "/comment()" if leaf is Leaf.COMMENT else "/processing-instruction()"
        fate = self._settle(self._open[-1].state.leaves[leaf], where)
        is_masked = isinstance(fate, int)
        self._put(start, Fate.KEEP if is_masked else fate)
        self._put(data, fate)
        self._put(end, Fate.KEEP if is_masked else fate)

    def _read_tag(self, tag: str) -> None:
        start, attributes, end = split_tag(tag)
        outer = self._open[-1]
        namespaces = _declare(outer.namespaces, attributes)
        name = _resolve(start[1:], namespaces)
        is_known = name is not None and self._states.namespaces.knows(name[0])
        state = self._states.enter(outer.state, name if is_known else None)
        shown = name or ("", start[1:].rpartition(":")[2])
        self._open.append(_Open(state, namespaces, len(self._texts), shown, is_known, state.is_named))
        self._put(start)
        for before, spelt, value in attributes:
            self._read_attribute(before, spelt, value)
        self._put(end)
        if end.endswith("/>"):
            self._close()

    def _read_attribute(self, before: str, spelt: str, value: str) -> None:
        if spelt == _XMLNS or spelt.startswith(f"{_XMLNS}:"):
            self._read_declaration(before, spelt, value)
            return
        name = _resolve(spelt, self._open[-1].namespaces) if ":" in spelt else ("", spelt)
        is_known = name is not None and self._states.namespaces.knows(name[0])
        decided = (
            self._states.decide_attribute(self._open[-1].state, name)
            if name is not None and is_known
            else None
        )
        shown = self._states.namespaces.spell(name) if name is not None else spelt.rpartition(":")[2]
        fate = self._settle(decided, f"/@{_show(shown)}")
        self._put(before, Fate.DROP if fate is Fate.DROP else Fate.KEEP)
        self._put(value, fate, PieceKind.ATTRIBUTE)

    def _read_declaration(self, before: str, spelt: str, value: str) -> None:
        is_known = self._states.namespaces.knows(value[1:-1])
        if not is_known and self._unknown == "error":
            where = f"{self._spell_path()}/@{_show(spelt)}"
            raise UndecidedPath(where, "the declaration of a namespace", _NAME_NAMESPACE)
        fate = Fate.DROP if not is_known and self._unknown == "drop" else Fate.KEEP
        self._put(before, fate)
        self._put(value, fate)

    def _settle(self, decided: Decision | None, where: str) -> Decision:
        """The fate of a value in the element that is open."""
        if decided is None and self._unknown == "error":
            raise UndecidedPath(f"{self._spell_path()}{where}" or "/text()")
        if decided is None:
            return Fate.DROP if self._unknown == "drop" else Fate.KEEP
        self._open[-1].is_kept = True
        return decided

    def _close(self) -> None:
        """An element that no step leads to, and nothing in which is decided, tells by being there."""
        closed = self._open[-1]
        is_kept = closed.is_kept and (closed.is_known or self._unknown != "drop")
        if not is_kept and self._unknown == "error":
            raise UndecidedPath(self._spell_path(), "an element")
        self._open.pop()
        if is_kept:
            self._open[-1].is_kept = True
        elif self._unknown == "drop":
            while self._dropped and self._dropped[-1][0] >= closed.at:
                self._dropped.pop()
            self._dropped.append((closed.at, len(self._fates)))

    def _spell_path(self) -> str:
        spell = self._states.namespaces.spell
        return "".join(f"/{_show(spell(one.name))}" for one in self._open[1:])


def _split_instruction(inner: str) -> tuple[str, str, str]:
    target = inner.split(maxsplit=1)[0]
    data = inner[len(target) :].lstrip(BLANK)
    return target, inner[len(target) : len(inner) - len(data)], data


def _declare(namespaces: dict[str, str], attributes: Sequence[tuple[str, str, str]]) -> dict[str, str]:
    found = {
        spelt.removeprefix(_XMLNS).removeprefix(":"): value[1:-1]
        for _, spelt, value in attributes
        if spelt == _XMLNS or spelt.startswith(f"{_XMLNS}:")
    }
    return {**namespaces, **found} if found else namespaces


def _resolve(spelt: str, namespaces: dict[str, str]) -> Name | None:
    """None where nothing declares the prefix."""
    prefix, _, local = spelt.rpartition(":")
    namespace = namespaces.get(prefix)
    return None if namespace is None else (namespace, local)


def _show(name: str) -> str:
    """What a message may say of a name."""
    return name if _PLAIN_NAME.fullmatch(name) else "*"
