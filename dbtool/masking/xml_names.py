"""The paths of a rule on XML: ``/customer/email``, ``/customer/@id``, ``//note``, ``//comment()``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from dbtool.masking.fates import Decision
from dbtool.masking.mask import DoesNotFit

XML = "http://www.w3.org/XML/1998/namespace"
Name = tuple[str, str]  # of a namespace, '' for none, and within it

_NAME = r"[^\W\d][\w.\-\u00b7]*"
_STEP = re.compile(
    r"(?P<axis>//?)(?:(?P<leaf>text|comment|processing-instruction)\(\)"
    rf"|(?P<at>@)?(?:(?P<any>\*)|(?:(?P<prefix>{_NAME}):)?(?P<name>{_NAME})))"
)
_INSTEAD = "steps like /name, //name, /*, /@name, /text(), /comment() and /processing-instruction()"


class Leaf(IntEnum):
    """What of an element a path decides."""

    TEXT = 0
    ATTRIBUTE = 1
    COMMENT = 2
    INSTRUCTION = 3


_LEAVES = {"text": Leaf.TEXT, "comment": Leaf.COMMENT, "processing-instruction": Leaf.INSTRUCTION}


@dataclass(frozen=True, slots=True)
class Step:
    """``name`` None: any. ``is_deep``: at any depth."""

    name: Name | None
    is_deep: bool


@dataclass(frozen=True, slots=True)
class XmlPath:
    """``steps`` lead to the element; ``attribute`` None is any of them, where ``leaf`` is an attribute. ``is_deep``: of
    the elements within as well.
    """

    steps: tuple[Step, ...]
    leaf: Leaf
    attribute: Name | None
    is_deep: bool
    decision: Decision

    @property
    def rank(self) -> tuple[int, int, int]:
        """The lowest decides: the path whose last step has a name, then that with most names, then without //."""
        ends_named = self.attribute is not None
        if self.leaf is not Leaf.ATTRIBUTE:
            ends_named = bool(self.steps) and self.steps[-1].name is not None
        named = sum(step.name is not None for step in self.steps) + (self.attribute is not None)
        is_deep = self.is_deep or any(step.is_deep for step in self.steps)
        return -ends_named, -named, is_deep


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Prefix → namespace, as the rule has them; the empty prefix is that of names without one."""

    of: Mapping[str, str]

    def knows(self, namespace: str | None) -> bool:
        return namespace in {"", XML, *self.of.values()}

    def find(self, prefix: str) -> str | None:
        return XML if prefix == "xml" else self.of.get(prefix)

    def spell(self, name: Name) -> str:
        """As the rule would write it; of a namespace that it does not know, without prefix."""
        prefixes = {uri: prefix for prefix, uri in (("xml", XML), *self.of.items())}
        prefix = prefixes.get(name[0], "")
        return f"{prefix}:{name[1]}" if prefix else name[1]


def parse_path(path: str, decision: Decision, namespaces: Namespaces) -> XmlPath:
    """:raises DoesNotFit: it is no path, or has a prefix that the rule does not know."""
    steps: list[Step] = []
    at = 0
    while (step := _STEP.match(path, at)) is not None:
        at = step.end()
        is_deep = step["axis"] == "//"
        if step["leaf"] or step["at"]:
            if at < len(path):
                break
            leaf = _LEAVES[step["leaf"]] if step["leaf"] else Leaf.ATTRIBUTE
            attribute = _read_name(step, path, namespaces) if step["at"] else None
            return XmlPath(tuple(steps), leaf, attribute, is_deep, decision)
        steps.append(Step(_read_name(step, path, namespaces), is_deep))
    if at < len(path) or not steps:
        raise DoesNotFit(f"{path} is no path", _INSTEAD)
    return XmlPath(tuple(steps), Leaf.TEXT, None, is_deep=False, decision=decision)


def _read_name(step: re.Match[str], path: str, namespaces: Namespaces) -> Name | None:
    if step["any"]:
        return None
    prefix = step["prefix"] or ""
    if not prefix:
        return ("" if step["at"] else namespaces.of.get("", "")), step["name"]
    namespace = namespaces.find(prefix)
    if namespace is None:
        raise DoesNotFit(
            f"{path} has the prefix {prefix}, which stands for no namespace",
            f"namespaces: {{{prefix}: its URI}} beside xml",
        )
    return namespace, step["name"]
