"""Lines of a report, wrapped by us where there is a terminal: what is to be pasted is never broken."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

_NARROWEST = 40


def printable(text: str) -> str:
    """Without what would move a terminal's cursor or turn its writing around: migrations may say anything."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text
    )


def one_line(text: str, longest: int | None = None) -> str:
    """White space is folded; ``longest`` ends it with an ellipsis."""
    line = printable(" ".join(text.split()))
    return line if longest is None or len(line) <= longest else line[: longest - 1].rstrip() + "…"


class Page:
    """``width`` None: no terminal, so that no line is broken."""

    def __init__(self, width: int | None = None) -> None:
        self._width = max(width, _NARROWEST) if width is not None else None
        self._text = Text()

    def say(
        self,
        words: str,
        *,
        indent: int = 0,
        hang: int = 2,
        style: str = "",
        lead: str = "",
        lead_style: str = "",
    ) -> None:
        """A paragraph. ``lead`` are its first words, in a style of their own; ``hang`` indents all lines but the first."""
        lead = one_line(lead)
        for number, line in enumerate(self._wrap(f"{lead} {one_line(words)}".strip(), indent, hang)):
            told = Text(line, style)
            if number == 0:
                told.stylize(lead_style, 0, len(lead))
            self._text.append(" " * indent).append(told).append("\n")

    def _wrap(self, line: str, indent: int, hang: int) -> list[str]:
        if self._width is None:
            return [line]
        width = max(self._width - indent, _NARROWEST // 2)
        return textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * hang,
            break_long_words=False,
            break_on_hyphens=False,
        )

    def code(self, block: str, *, indent: int) -> None:
        """As it is, line by line."""
        for line in block.expandtabs(4).splitlines():
            self._text.append(f"{' ' * indent}{printable(line)}".rstrip() + "\n")

    def gap(self) -> None:
        self._text.append("\n")

    def heading(self, words: str, *, style: str = "bold") -> None:
        self.gap()
        self.say(words, style=style)

    @property
    def text(self) -> Text:
        return self._text


def print_page(console: Console, render: Callable[[int | None], Text]) -> None:
    """Wrapped to a terminal's width; elsewhere each line stays whole."""
    text = render(console.width if console.is_terminal else None)
    console.print(text, end="", highlight=False, markup=False, soft_wrap=True)
