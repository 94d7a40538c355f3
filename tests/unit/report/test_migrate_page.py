from __future__ import annotations

from dbtool.report.page import Page, one_line, printable


def test_white_space_is_folded_and_the_end_of_what_is_long_is_marked() -> None:
    assert one_line("  a\n\t b  ") == "a b"
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("abcd", 4) == "abcd"


def test_what_cannot_be_printed_is_spelt() -> None:
    assert printable("é → 漢 🙂") == "é → 漢 🙂"
    assert printable("\x1b\u202e\x9b\x00") == "\\x1b\\u202e\\x9b\\x00"


def test_a_paragraph_hangs_under_its_first_words() -> None:
    page = Page(40)
    page.say("one two three four five six seven eight nine ten", indent=2, lead="error:", lead_style="red")
    assert page.text.plain == "  error: one two three four five six\n    seven eight nine ten\n"
    (span,) = [each for each in page.text.spans if each.style == "red"]
    assert page.text.plain[span.start : span.end] == "error:"


def test_a_word_that_is_longer_than_the_line_stays_whole() -> None:
    page = Page(40)
    page.say(f"see {'x' * 60}.py:12")
    assert f"{'x' * 60}.py:12\n" in page.text.plain


def test_without_a_width_nothing_is_broken() -> None:
    page = Page()
    page.say("word " * 100)
    assert page.text.plain.count("\n") == 1


def test_code_keeps_its_lines_and_its_indentation() -> None:
    page = Page(40)
    page.code(f"if x:\n\ty = '{'z' * 60}'\n\nend", indent=2)
    assert page.text.plain == f"  if x:\n      y = '{'z' * 60}'\n\n  end\n"


def test_a_narrow_terminal_does_not_stop_the_report() -> None:
    page = Page(3)
    page.say("some words on a very narrow terminal", indent=8)
    assert page.text.plain.startswith("        some words on a")
