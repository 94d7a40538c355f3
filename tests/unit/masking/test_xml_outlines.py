"""Documents that differ in what they say only have one shape."""

from __future__ import annotations

import polars as pl
import pytest

from dbtool.masking import xml_outlines
from dbtool.masking.xml_outlines import find_shapes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a>x</a>", "<a>y z &amp; é 💡</a>"),
        ("<a>x</a>", '<a>don\'t "quote"</a>'),
        ("<a i='x'/>", "<a i='\"y=z\"'/>"),
        ('<a i="x" j="">y</a>', '<a i="" j="it\'s">é</a>'),
        ("<?xml version='1.0'?><a>x</a>", "<?xml version='1.0'?><a> y </a>"),
        ("content", "other"),
    ],
)
def test_what_is_said_is_no_part_of_a_shape(one: str, other: str) -> None:
    shapes = find_shapes(pl.Series([one, other]))
    assert shapes[0] == shapes[1]
    assert shapes[0] is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a>x</a>", "<b>x</b>"),
        ("<a>x</a>", "<a> </a>"),
        ("<a></a>", "<a/>"),
        ("<a i='x'/>", '<a i="x"/>'),
        ("<a i='x'/>", "<a j='x'/>"),
        ("<a> </a>", "<a>\n</a>"),
        ("<a>x<b/></a>", "<a><b/>x</a>"),
    ],
)
def test_all_else_is(one: str, other: str) -> None:
    shapes = find_shapes(pl.Series([one, other]))
    assert shapes[0] != shapes[1]


@pytest.mark.parametrize("document", ["<a><!-- c --></a>", "<a><![CDATA[x]]></a>", "<a/><?p?>", None])
def test_what_has_no_shape_leaves_the_others_theirs(document: str | None) -> None:
    shapes = find_shapes(pl.Series("d", ["<a>x</a>", document, "<a>y</a>"]))
    assert shapes.name == "d"
    assert shapes[1] is None
    assert shapes[0] == shapes[2] is not None


@pytest.mark.parametrize("stray", ["\x01", "\x02", "\ufffe", "\uffff"])
def test_a_letter_that_no_xml_holds_leaves_none_a_shape(stray: str) -> None:
    assert find_shapes(pl.Series([f"<a>{stray}</a>", "<a>x</a>"])).to_list() == [None, None]


def test_many_documents_have_the_shapes_that_few_have(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = pl.Series(
        "d", [None if row % 5 == 0 else f"<a>{'<b/>' * (row % 4)}x{row}</a>" for row in range(100)]
    )
    together = find_shapes(documents)
    monkeypatch.setattr(xml_outlines, "_AT_ONCE", 7)
    assert find_shapes(documents).to_list() == together.to_list()
    assert together.n_unique() == 5
