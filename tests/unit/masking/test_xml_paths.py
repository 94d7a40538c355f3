"""Masking by path inside XML: each case by piece and, in a crowd of its shape, as columns."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest

from dbtool.masking.fates import DocumentRefused, UndecidedPath, Unknown
from dbtool.masking.mask import BoundMask, DoesNotFit
from dbtool.masking.xml_paths import bind_xml, bind_xml_by_piece
from dbtool.masking.xml_text import HasDoctype, NotWellFormed

Rule = Mapping[str, BoundMask | None]

SHOP = "http://shop.example/ns"


def shout(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return values.str.to_uppercase() + "!"


def nothing(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return pl.Series(values.name, [None] * len(values), dtype=pl.String)


def odd(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    """All that has to be spelt otherwise in XML, and what it cannot hold."""
    return pl.Series(values.name, ["<a> & \"b\" 'c' ]]>\r\n\t--\x01?>-"] * len(values))


def mask_both_ways(
    document: str, rule: Rule, unknown: Unknown = "keep", namespaces: Mapping[str, str] | None = None
) -> str:
    slow = bind_xml_by_piece(rule, unknown, namespaces or {})(pl.Series([document]))
    fast = bind_xml(rule, unknown, namespaces or {})(pl.Series([document] * 60))
    assert fast.unique().to_list() == slow.to_list()
    output: str = slow[0]
    return output


@pytest.mark.parametrize(
    ("document", "rule", "expected"),
    [
        ("<a><b>x</b><c>y</c></a>", {"/a/b": shout}, "<a><b>X!</b><c>y</c></a>"),
        ('<a id="x" no="y">z</a>', {"/a/@id": shout}, '<a id="X!" no="y">z</a>'),
        ("<a  id = 'x'/>", {"/a/@id": shout}, "<a  id = 'X!'/>"),
        ("<a><b>x</b><c><b>y</b></c></a>", {"//b": shout}, "<a><b>X!</b><c><b>Y!</b></c></a>"),
        ("<a><b>x</b><c><b>y</b></c></a>", {"/a/b": shout}, "<a><b>X!</b><c><b>y</b></c></a>"),
        ("<a><b>x</b><c>y</c></a>", {"/a/*": shout}, "<a><b>X!</b><c>Y!</c></a>"),
        ("<a>x<b>y</b>z</a>", {"/a": shout}, "<a>X!<b>y</b>Z!</a>"),
        ("<a>x<b>y</b>z</a>", {"//text()": shout}, "<a>X!<b>Y!</b>Z!</a>"),
        ('<a i="x"><b i="y"/></a>', {"//@i": shout}, '<a i="X!"><b i="Y!"/></a>'),
        ('<a i="x"><b i="y"><c i="z"/></b></a>', {"/a/b//@*": shout}, '<a i="x"><b i="Y!"><c i="Z!"/></b></a>'),
        ("<a>\n  x\n</a>", {"/a": shout}, "<a>\n  X!\n</a>"),
        ("<a>x &amp; &#65;&#x42;&lt;</a>", {"/a": shout}, "<a>X &amp; AB&lt;!</a>"),
        ("<a><![CDATA[x<y]]></a>", {"/a": shout}, "<a><![CDATA[X<Y!]]></a>"),
        ("<a><![CDATA[x]]>y<![CDATA[z]]></a>", {"/a": shout}, "<a><![CDATA[XYZ!]]></a>"),
        ("<a>x<![CDATA[<y]]>&gt;</a>", {"/a": shout}, "<a>X&lt;Y&gt;!</a>"),
        ("<a>x<!-- c -->y</a>", {"/a": shout}, "<a>X!<!-- c -->Y!</a>"),
        ("<a><!-- c --></a>", {"/a/comment()": shout}, "<a><!-- C! --></a>"),
        ("<!--c--><a/><!--d-->", {"//comment()": shout}, "<!--C!--><a/><!--D!-->"),
        ("<!--c--><a><!--d--></a>", {"/comment()": shout}, "<!--C!--><a><!--d--></a>"),
        ("<a><?p x='1'?></a>", {"//processing-instruction()": shout}, "<a><?p X='1'!?></a>"),
        ("<a>x\r\ny</a>", {"/a": shout}, "<a>X\nY!</a>"),
        ("<a i='x\ny'/>", {"//@i": shout}, "<a i='X Y!'/>"),
        ("only content", {"/text()": shout}, "ONLY CONTENT!"),
        ("<a>x</a> and <a>y</a>", {"/a": shout}, "<a>X!</a> and <a>Y!</a>"),
        ("<a>x</a>", {"/a": nothing}, "<a></a>"),
        ("<a i='x'><!--y--></a>", {"//@i": nothing, "//comment()": nothing}, "<a i=''><!----></a>"),
        ("<é><ü>x</ü></é>", {"/é/ü": shout}, "<é><ü>X!</ü></é>"),
        ('<?xml version="1.0" encoding="latin1"?>\n<a>x</a>', {"/a": shout}, '<?xml version="1.0" encoding="latin1"?>\n<a>X!</a>'),
        ("\ufeff<a>x</a>", {"/a": shout}, "\ufeff<a>X!</a>"),
        ("", {"/a": shout}, ""),
    ],
)  # fmt: skip
def test_a_masked_value_is_replaced_in_place(document: str, rule: Rule, expected: str) -> None:
    assert mask_both_ways(document, rule) == expected


@pytest.mark.parametrize(
    ("document", "rule", "expected"),
    [
        ("<a>x</a>", {"/a": odd}, "<a>&lt;a&gt; &amp; \"b\" 'c' ]]&gt;&#13;\n\t--\ufffd?&gt;-</a>"),
        ("<a><![CDATA[x]]></a>", {"/a": odd}, "<a>&lt;a&gt; &amp; \"b\" 'c' ]]&gt;&#13;\n\t--\ufffd?&gt;-</a>"),
        ('<a i="x"/>', {"//@i": odd}, "<a i=\"&lt;a&gt; &amp; &quot;b&quot; 'c' ]]&gt;&#13;&#10;&#9;--\ufffd?&gt;-\"/>"),
        ("<a i='x'/>", {"//@i": odd}, "<a i='&lt;a&gt; &amp; \"b\" &apos;c&apos; ]]&gt;&#13;&#10;&#9;--\ufffd?&gt;-'/>"),
        ("<!--x-->", {"//comment()": odd}, "<!--<a> & \"b\" 'c' ]]>\r\n\t- -\ufffd?>- -->"),
        ("<?p x?>", {"//processing-instruction()": odd}, "<?p <a> & \"b\" 'c' ]]>\r\n\t--\ufffd? >-?>"),
    ],
)  # fmt: skip
def test_a_stand_in_is_spelt_as_its_place_needs(document: str, rule: Rule, expected: str) -> None:
    assert mask_both_ways(document, rule) == expected
    assert mask_both_ways(expected, {}) == expected, "what comes out is well-formed"


@pytest.mark.parametrize(
    "document",
    [
        "<a  z = '1'\n y=\"2\"><b/><b></b>&#65;&amp;<![CDATA[<]]>\r\n</a >",
        "<!-- c --><?p d?><a>x > y</a>",
        "<a b='>' c=\"'x'\"/>",
        "text <b>and</b> more",
        " \n ",
        "<x:a xmlns:x='u' x:i='1'/>",
        "<x:a/>",
    ],
)
def test_what_is_kept_is_spelt_as_it_was(document: str) -> None:
    assert mask_both_ways(document, {}) == document


RULE: Rule = {"/a": None, "/a/b": None, "/a/@i": None, "//d/@e": None, "/l/x/y": None, "//comment()": None}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<a>x<c>y</c><b>z</b></a>", "<a>x<b>z</b></a>"),
        ("<a i='1' k='2'>x</a>", "<a i='1'>x</a>"),
        ("<a><b>x<c/></b></a>", "<a><b>x</b></a>"),
        ("<a><o><d e='1' f='2'>x</d></o></a>", "<a><o><d e='1'></d></o></a>"),
        ("<o><p>x</p></o>", ""),
        ("<l>t<x>u<z/></x></l>", "<l><x></x></l>"),
        ("<a>x</a><?p y?>", "<a>x</a>"),
        ("<a><?p y?><!-- c --></a>", "<a><!-- c --></a>"),
        ("<a xmlns:n='u'><n:b>x</n:b><b>y</b></a>", "<a><b>y</b></a>"),
        ("<n:a xmlns:n='u'><d e='1'/></n:a>", ""),
        ("<a xmlns=''>x</a>", "<a xmlns=''>x</a>"),
    ],
)
def test_dropping_takes_what_is_undecided_and_leaves_xml(document: str, expected: str) -> None:
    assert mask_both_ways(document, RULE, "drop") == expected


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ("<a><c>x</c></a>", "/a/c"),
        ("<a k='1'/>", "/a/@k"),
        ("<a><c/></a>", "/a/c"),
        ("<a><b><c> </c></b></a>", "/a/b/c"),
        ("<l>x</l>", "/l"),
        ("text", "/text()"),
        ("<a/>text", "/text()"),
        ("<a><?p y?></a>", "/a/processing-instruction()"),
        ("<a xmlns:n='u'/>", "/a/@xmlns:n"),
        ("<a xmlns='u'/>", "/a/@xmlns"),
        ("<n:a>x</n:a>", "/a"),
        (f"<a><{'x' * 80}/></a>", "/a/*"),
        ("<a><![CDATA[ ]]><c><![CDATA[]]></c></a>", "/a/c"),
    ],
)
def test_an_undecided_value_stops_the_run_and_its_path_is_named(document: str, path: str) -> None:
    for bind in (bind_xml, bind_xml_by_piece):
        with pytest.raises(UndecidedPath) as undecided:
            bind(RULE, "error", {})(pl.Series([document] * 60))
        assert undecided.value.path == path
        assert f" at {path}, which no path" in str(undecided.value)


def test_comments_are_undecided_like_any_text() -> None:
    with pytest.raises(UndecidedPath) as undecided:
        mask_both_ways("<a>x<!-- call Ada --></a>", {"/a": None}, "error")
    assert undecided.value.path == "/a/comment()"
    assert "Ada" not in str(undecided.value)


@pytest.mark.parametrize("name", ["n:b", "m:b"])
def test_names_are_told_apart_by_their_namespace_and_not_by_their_prefix(name: str) -> None:
    prefix = name[0]
    document = f"<a xmlns:{prefix}='{SHOP}'><{name} {prefix}:i='x' i='y'>x</{name}><b>y</b></a>"
    rule: Rule = {"/a/s:b": shout, "/a/b": None, "//@s:i": shout, "//@i": None}
    expected = document.replace("'x'", "'X!'").replace(">x<", ">X!<")
    assert mask_both_ways(document, rule, "error", {"s": SHOP}) == expected


def test_the_empty_prefix_is_for_names_without_one() -> None:
    document = f"<a xmlns='{SHOP}' i='x'><b>x</b></a>"
    rule: Rule = {"/a/b": shout, "/a/@i": shout}
    expected = f"<a xmlns='{SHOP}' i='X!'><b>X!</b></a>"
    assert mask_both_ways(document, rule, "error", {"": SHOP}) == expected
    with pytest.raises(UndecidedPath, match="the declaration of a namespace at /a/@xmlns"):
        mask_both_ways(document, rule, "error")


def test_the_prefix_xml_is_known() -> None:
    assert mask_both_ways("<a xml:lang='x'/>", {"//@xml:lang": shout}, "error") == "<a xml:lang='X!'/>"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"/a/*": None, "//b": shout}, "X!"),
        ({"//b": shout, "/a/b": None}, "x"),
        ({"//*": shout, "/a/b": None}, "x"),
        ({"//text()": shout, "//b": None}, "x"),
        ({"//a//b": None, "//b": shout}, "x"),
        ({"//*": None, "//text()": shout}, "x"),
        ({"//text()": shout, "//*": None}, "X!"),
    ],
)
def test_of_several_paths_the_one_that_says_most_decides(rule: Rule, expected: str) -> None:
    assert mask_both_ways("<a><b>x</b></a>", rule) == f"<a><b>{expected}</b></a>"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("<a>", "no element found|mismatched tag"),
        ("<a></b>", "mismatched tag"),
        ("</x><x>", "junk after document element"),
        ("a & b", "not well-formed"),
        ("<a>&secret;</a>", "undefined entity"),
        ("<a i='1' i='2'/>", "duplicate attribute"),
        ("<a>\x01</a>", "not well-formed"),
        ("]]>", "not well-formed"),
        (' <?xml version="1.0"?><a/>', "declaration not at start"),
        ("<!-- a -- b -->", "not well-formed"),
    ],
)
@pytest.mark.parametrize("unknown", ["error", "drop", "keep"])
def test_what_is_no_xml_stops_the_run_and_is_not_quoted(document: str, reason: str, unknown: Unknown) -> None:
    for bind in (bind_xml, bind_xml_by_piece):
        with pytest.raises(NotWellFormed, match=reason) as refused:
            bind({"//a": None}, unknown, {})(pl.Series([*["<a>x</a>"] * 50, document]))
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE a>",
        '<!DOCTYPE a SYSTEM "http://evil.example/a.dtd">',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]>',
        "<?xml version='1.0'?>\n<!-- c --><?p d?> <!DOCTYPE a>",
    ],
)
def test_a_doctype_is_refused_whatever_is_in_it(doctype: str) -> None:
    with pytest.raises(HasDoctype, match="has a DOCTYPE"):
        mask_both_ways(f"{doctype}<a>&y;</a>", {"/a": None}, "keep")


def test_a_document_that_speaks_of_a_doctype_has_none() -> None:
    document = "<a><![CDATA[<!DOCTYPE a>]]><!-- <!DOCTYPE a> --></a>"
    assert mask_both_ways(document, {}) == document


def test_null_stays_null_and_rows_keep_their_order() -> None:
    documents = [
        None if row % 7 == 0 else f"<a>x{row}</a>" if row % 3 else f"<b><![CDATA[x{row}]]></b>"
        for row in range(500)
    ]
    outputs = bind_xml({"//*": shout}, "error", {})(pl.Series("d", documents))
    assert outputs.name == "d"
    expected = [None if one is None else one.replace("x", "X") for one in documents]
    assert [None if one is None else one.replace("!<", "<").replace("!]", "]") for one in outputs] == expected
    assert bind_xml({}, "keep", {})(pl.Series("d", [], dtype=pl.String)).to_list() == []
    assert bind_xml({}, "keep", {})(pl.Series("d", [None], dtype=pl.String)).to_list() == [None]


def test_documents_that_differ_from_their_crowd_are_masked_all_the_same() -> None:
    crowd = [f"<a i='{row}'>x</a>" for row in range(60)]
    others = ["<a i='1'>x > y</a>", "<a i='&#1000000;'>x</a>", '<a i="1">x</a>', "<a i='>'>x</a>"]
    outputs = bind_xml({"//a": shout}, "keep", {})(pl.Series([*crowd, *others]))
    assert outputs.to_list() == [
        one.replace(">x<", ">X!<").replace(">x > y<", ">X &gt; Y!<") for one in [*crowd, *others]
    ]


def test_documents_may_nest_deeper_than_calls() -> None:
    document = "<a>" * 20_000 + "x" + "</a>" * 20_000
    outputs = bind_xml({"//a": shout}, "error", {})(pl.Series([document]))
    assert outputs[0] == document.replace("x", "X!")
    assert bind_xml({"/b": None}, "drop", {})(pl.Series([document]))[0] == ""


def test_names_without_end_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbtool.masking.xml_states._MOST_STATES", 10)
    documents = [f"<a{row} b{row}='y'>x</a{row}>" for row in range(100)]
    outputs = bind_xml({"//*": shout}, "keep", {})(pl.Series(documents))
    assert outputs.to_list() == [one.replace(">x<", ">X!<") for one in documents]


@pytest.mark.parametrize(
    "path", ["a", "", "/", "//", "/a/", "/a[1]", "/a/@", "/@a/b", "/a/text()/b", "$.a", "/a b", "/p:", "/..", "/a|/b"]
)  # fmt: skip
def test_what_is_no_path_is_refused_while_binding(path: str) -> None:
    with pytest.raises(DoesNotFit, match="no path"):
        bind_xml({path: None}, "keep", {})


def test_a_prefix_that_the_rule_does_not_know_is_refused() -> None:
    with pytest.raises(DoesNotFit, match="prefix s, which stands for no namespace"):
        bind_xml({"/s:a": None}, "keep", {})


def test_an_error_is_of_documents() -> None:
    for one in (NotWellFormed("a reason"), HasDoctype(), UndecidedPath("/a")):
        assert isinstance(one, DocumentRefused)
        assert str(one).startswith("a document ")
