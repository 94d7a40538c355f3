"""Text of others in Markdown, judged by an independent reader of GitHub's dialect: markdown-it."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt

from dbtool.report.markdown import code, details, fence, prose

HOSTILE = [
    "plain words",
    "a | b || c",
    r"back\slash \| and \\| more",
    "`code` and ``more`` ```",
    "*bold* _em_ __init__ **x** ~~gone~~",
    "<script>alert(1)</script> <img src=x onerror=y> &lt; &amp;",
    "[link](javascript:x) ![image](http://x) [ref][y]",
    "# heading",
    "- item",
    "+ item",
    "line one\n\n# line two\n/close",
    "$a$ and $$b$$",
    "</details> <!-- hidden -->",
    "\u202ebackwards",
    "\x1b[31mred",
]
READER = MarkdownIt("gfm-like", {"html": True, "linkify": False})


def read(markdown: str) -> str:
    return str(READER.render(markdown))


def text_of(rendered: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", rendered)).replace("\u200b", "").strip()


def as_one_line(text: str) -> str:
    line = " ".join(text.split())
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in line
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_prose_is_read_as_it_was_written_and_marks_nothing_up(text: str) -> None:
    rendered = read(prose(text))
    assert set(re.findall(r"<(\w+)", rendered)) == {"p"}
    assert text_of(rendered) == as_one_line(text)


@pytest.mark.parametrize("spell", [prose, code])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_stays_one_cell(spell: object, text: str) -> None:
    assert callable(spell)
    rendered = read(f"| a | b |\n|---|---|\n| {spell(text)} | second |")
    cells = re.findall(r"<td>(.*?)</td>", rendered)
    assert [text_of(cell) for cell in cells] == [as_one_line(text), "second"]
    assert set(re.findall(r"<(\w+)", " ".join(cells))) <= {"code"}


@pytest.mark.parametrize("text", HOSTILE)
def test_code_is_read_as_it_was_written(text: str) -> None:
    rendered = read(code(text))
    assert text_of(rendered) == as_one_line(text)
    assert set(re.findall(r"<(\w+)", rendered)) == {"p", "code"}


@pytest.mark.parametrize(
    "text",
    [
        "@ada",
        "ask @team/dba",
        "#12",
        "see GH-12",
        "!7",
        "~label",
        "%milestone",
        "$3",
        "https://x.test",
        "www.x.test",
    ],
)
def test_nobody_is_called_and_nothing_is_linked(text: str) -> None:
    shown = html.unescape(re.sub(r"<[^>]+>", "", read(prose(text))))
    assert not re.search(r"[@#!~%$]\w|https?://|www\.|GH-\d", shown)
    assert text_of(shown) == text


def test_long_code_ends_with_an_ellipsis() -> None:
    assert code("SELECT  1,\n 2", 9) == "`SELECT 1…`"
    assert code("  ") == ""


@pytest.mark.parametrize("block", ["x = 1", "a\n```\nb", "````", "tab\there"])
def test_a_fence_holds_whatever_is_in_it(block: str) -> None:
    rendered = read(f"{fence(block, 'python')}\n\nafter")
    assert rendered.count("<pre>") == 1
    assert rendered.endswith("<p>after</p>\n")
    inside = re.search(r"<code[^>]*>(.*?)</code>", rendered, re.DOTALL)
    assert inside is not None
    assert html.unescape(inside[1]).rstrip("\n") == block.expandtabs(4)


def test_details_are_markdown_inside() -> None:
    rendered = read(details("more", "- `x`"))
    assert "<summary>more</summary>" in rendered
    assert "<li><code>x</code></li>" in rendered
