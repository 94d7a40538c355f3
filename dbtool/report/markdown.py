"""Text of others in Markdown that only shows it: no markup, no mention, no broken table. Pure."""

from __future__ import annotations

import html
import re

from dbtool.report.page import one_line, printable

# People, issues, merge requests, snippets, labels and milestones: GitHub and GitLab look for them after the markup
# is gone, so that no escape of Markdown's helps; a character without width between the sign and the name does.
_REFERENCE = re.compile(r"([@#!$~%])(?=[\w\"])")
_LINK = re.compile(r"(?i)\b(?:(?:https?|ftp)://|www\.|GH-(?=\d))")
_MARKUP = re.compile(r"[\\`*_\[\]|~$]|^[-+#]")
_UNSPEAKABLE_IN_CODE = frozenset("`\\|")
_NO_WIDTH = "\u200b"


def prose(text: str) -> str:
    """On one line, safe in a table's cell."""
    line = _REFERENCE.sub(rf"\1{_NO_WIDTH}", one_line(text))
    line = _LINK.sub(lambda found: _divide(found[0]), line)
    return _MARKUP.sub(lambda found: f"\\{found[0]}", html.escape(line, quote=False))


def _divide(word: str) -> str:
    return f"{word[0]}{_NO_WIDTH}{word[1:]}"


def code(text: str, longest: int | None = None) -> str:
    """On one line, safe in a table's cell."""
    line = one_line(text, longest)
    if not line:
        return ""
    return f"`{line}`" if _UNSPEAKABLE_IN_CODE.isdisjoint(line) else f"<code>{_entities(line)}</code>"


def _entities(line: str) -> str:
    """Every sign as a number: neither Markdown nor HTML sees it."""
    return re.sub(r"[^\w ]|_", lambda found: f"&#{ord(found[0])};", line)


def fence(block: str, language: str) -> str:
    lines = [printable(line) for line in block.expandtabs(4).splitlines()]
    longest = max((len(found) for found in re.findall(r"`+", block)), default=0)
    ticks = "`" * max(3, longest + 1)
    return "\n".join([f"{ticks}{language}", *lines, ticks])


def details(summary: str, body: str) -> str:
    """``summary`` is ours. The empty lines make Markdown of what is inside."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"
