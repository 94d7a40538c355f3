"""Masking XML by shape is masking it piece by piece; what is not masked stays as it was spelt; and another parser agrees."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dbtool.masking.fates import UndecidedPath, Unknown
from dbtool.masking.mask import BoundMask
from dbtool.masking.xml_paths import bind_xml, bind_xml_by_piece
from dbtool.masking.xml_text import find_tokens
from tests.examples import examples

MANY = 50  # of one shape, so that it is worth a pattern
NAMES = ["a", "b", "é", "long-name", "s:a"]
Rule = dict[str, BoundMask | None]


def _marking(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    """A stand-in that shows what the mask was given; NULL for one text."""
    return ("<" + values + "&\">'").set(values == "2", None)


names = st.sampled_from(NAMES)
blanks = st.sampled_from(["", " ", "\n\t", "\r\n"])
_LETTERS = st.characters(
    min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="<>&'\"", exclude_categories=["Cs"]
)
texts = st.sampled_from(
    ["1", "2", "x > y", "&amp;", "&#65;&#x1F600;", "a='b'", "'", '"', "]]", "é", " z ", "x\r\ny", "&#13;"]
) | st.text(_LETTERS, max_size=5)  # fmt: skip
asides = st.sampled_from(["<!-- <a b='> -->", "<?p x='>'?>", "<![CDATA[<b>]]>", "<![CDATA[]]>", "<!---->"])


@st.composite
def attributes(draw: st.DrawFn) -> str:
    found = draw(st.lists(st.sampled_from(["i", "j", "s:i"]), unique=True, max_size=2))
    spelt = []
    for name in found:
        quote = draw(st.sampled_from(["'", '"']))
        value = draw(texts).replace(quote, "")
        spelt.append(f"{draw(blanks)} {name}{draw(blanks)}={draw(blanks)}{quote}{value}{quote}")
    return "".join(spelt)


@st.composite
def elements(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    name = draw(names)
    content = "".join(draw(st.lists(children, max_size=4)))
    start = f"<{name}{draw(attributes())}{draw(blanks)}"
    return (
        f"{start}/>" if not content and draw(st.booleans()) else f"{start}>{content}</{name}{draw(blanks)}>"
    )


contents = st.recursive(texts | asides | blanks, elements, max_leaves=10)
roots = elements(contents).map(lambda one: f"<r xmlns:s='urn:s'>{one}</r>")
paths = st.sampled_from(
    ["//a", "//b", "/r/a", "/r/*/b", "//*", "//text()", "//@i", "/r//@*", "//comment()", "//s:a", "//@s:i", "/r/a//b"]
)  # fmt: skip
rules = st.dictionaries(paths, st.sampled_from([_marking, None]), max_size=4)
unknowns: st.SearchStrategy[Unknown] = st.sampled_from(["error", "drop", "keep"])


def _run(column: list[str | None], rule: Rule, unknown: Unknown, *, fast: bool) -> object:
    bind = bind_xml if fast else bind_xml_by_piece
    try:
        return bind(rule, unknown, {"s": "urn:s"})(pl.Series("d", column, dtype=pl.String)).to_list()
    except UndecidedPath as undecided:
        return undecided.path


def _walk(root: ET.Element) -> Iterator[str]:
    """All that a document says, in order."""
    for one in root.iter():
        yield f"<{one.tag}"
        yield from (f"{name}={value}" for name, value in one.items())
        yield from (f"text {text}" for text in (one.text, one.tail) if text and text.strip())


@examples(200)
@given(st.lists(roots, min_size=1, max_size=3), rules, unknowns)
def test_by_shape_is_by_piece(found: list[str], rule: Rule, unknown: Unknown) -> None:
    column = [*found, None] * MANY
    fast, slow = (_run(column, rule, unknown, fast=fast) for fast in (True, False))
    if isinstance(slow, str) or isinstance(fast, str):
        assert isinstance(fast, str), slow
        assert isinstance(slow, str), fast
    else:
        assert fast == slow


@examples(150)
@given(st.lists(roots | contents, max_size=3))
def test_what_no_path_masks_stays_as_it_was_spelt(found: list[str]) -> None:
    whole: list[str | None] = [f"<r xmlns:s='urn:s'>{one}</r>" for one in found]
    for fast in (True, False):
        assert _run([*whole, None] * MANY, {}, "keep", fast=fast) == [*whole, None] * MANY
        assert _run(whole, {"//*": None, "//@*": None, "//comment()": None, "//processing-instruction()": None}, "error", fast=fast) == whole  # fmt: skip


@examples(150)
@given(roots, rules, unknowns)
def test_what_comes_out_is_well_formed_and_dropping_leaves_only_what_was_there(
    document: str, rule: Rule, unknown: Unknown
) -> None:
    output = _run([document], rule, unknown, fast=False)
    if not isinstance(output, list) or not output[0]:
        return
    kept = [said for said in _walk(ET.fromstring(output[0])) if "text <" not in said and "=<" not in said]  # noqa: S314  made here
    there = list(_walk(ET.fromstring(document)))  # noqa: S314  made here
    assert {said for said in kept if said.startswith("<")} <= set(there)


@examples(150)
@given(roots)
def test_masking_everything_leaves_nothing_as_it_was(document: str) -> None:
    rule: Rule = dict.fromkeys(
        ["//text()", "//@*"], lambda values, _by: values.str.replace_all("(?s).+", "Q")
    )
    output = _run([document], rule, "keep", fast=False)
    assert isinstance(output, list)
    said = [one for one in _walk(ET.fromstring(output[0])) if not one.startswith("<")]  # noqa: S314  made here
    told = [one.removeprefix("text ").strip(" \n\t\r") for one in said if one.startswith("text ")]
    assert all(set(one) <= {*"Q \n\t\r"} for one in told)
    assert all(one.endswith(("=Q", "=")) for one in said if not one.startswith("text "))


@examples(150)
@given(roots | contents)
def test_tokens_joined_are_the_document(document: str) -> None:
    whole = f"<r xmlns:s='urn:s'>{document}</r>"
    assert "".join(find_tokens(whole)) == whole
