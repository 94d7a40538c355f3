"""A refresh of XML: in text columns on every server, in columns of type xml on one that was built with libxml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import AnswerIsNo, VerificationFailed
from dbtool.postgres.binaries import find_installations
from dbtool.refresh.pipeline import refresh
from tests.conftest import ServerOf
from tests.databases import column_of, execute, own_database, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

_NO_XML = "cannot run here: no server on this machine was built with libxml"

_SCHEMA = "CREATE TABLE letters (id int PRIMARY KEY, email text, body {type})"
_DOCUMENTS = {
    1: "<l to='ada@lovelace.dk' n='1'>\r\n  <mail>ada@lovelace.dk</mail >\n  <p>Call <b>Ada</b> &amp; wait.</p></l>",
    2: "<mail>bob@lovelace.dk</mail> and <mail><![CDATA[eve@lovelace.dk]]></mail>",
    3: "only content",
    4: "",
    5: "<s:l xmlns:s='urn:shop' xml:lang='en'><s:mail>ada&#64;lovelace.dk</s:mail></s:l>",
    6: "<l><?p q?><!-- from Ada --><mail/></l>",
    7: None,
}
_RULES = """\
  public.letters:
    id: {keep: k}
    email: {mask: email}
    body:
      xml:
        "//mail": {mask: email}
        "//s:mail": {mask: email}
        /l/@to: {mask: email}
        /l/@n: keep
        "//@xml:lang": keep
        "//text()": {mask: redact}
        "//comment()": {mask: redact}
        "//processing-instruction()": keep
      namespaces: {s: urn:shop}
"""


def fill(source: str, column_type: str = "text") -> None:
    execute(source, _SCHEMA.format(type=column_type))
    with psycopg.connect(source, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO letters VALUES (%s, 'ada@lovelace.dk', %s::{column_type})", list(_DOCUMENTS.items())
        )


def expected(stand_ins: dict[str, str]) -> dict[int, str | None]:
    ada, bob, eve = (stand_ins[f"{name}@lovelace.dk"] for name in ("ada", "bob", "eve"))
    return {
        1: f"<l to='{ada}' n='1'>\r\n  <mail>{ada}</mail >\n  <p>Xxxx <b>Xxx</b> &amp; xxxx.</p></l>",
        2: f"<mail>{bob}</mail> xxx <mail><![CDATA[{eve}]]></mail>",
        3: "xxxx xxxxxxx",
        4: "",
        5: f"<s:l xmlns:s='urn:shop' xml:lang='en'><s:mail>{ada}</s:mail></s:l>",
        6: "<l><?p q?><!-- xxxx Xxx --><mail/></l>",
        7: None,
    }


def masked_documents(source: str, target: str, folder: Path, rules: str = _RULES) -> dict[int, str | None]:
    refresh(request_for(source, target, folder, rules_of(rules, folder)))
    return dict(query(target, "SELECT id, body::text FROM letters ORDER BY id"))


def stand_ins_of(source: str, target: str, folder: Path) -> dict[str, str]:
    """The e-mail addresses alone, as a plain column of the same domain gets them."""
    execute(source, "CREATE TABLE people (id int PRIMARY KEY, email text)")
    execute(source, "INSERT INTO people SELECT n, m || '@lovelace.dk' FROM unnest('{ada,bob,eve}'::text[]) WITH ORDINALITY AS u (m, n)")  # fmt: skip
    rules = f"{_RULES}  public.people: {{id: {{keep: k}}, email: {{mask: email}}}}\n"
    refresh(request_for(source, target, folder, rules_of(rules, folder)))
    originals = column_of(source, "SELECT email FROM people ORDER BY id")
    return dict(zip(originals, column_of(target, "SELECT email FROM people ORDER BY id"), strict=True))


def test_texts_that_hold_xml_are_masked_path_by_path(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    fill(source)
    stand_ins = stand_ins_of(source, target, tmp_path)
    landed = dict(query(target, "SELECT id, body FROM letters"))
    assert landed == expected(stand_ins)
    assert set(stand_ins).isdisjoint(stand_ins.values())


@pytest.mark.one_major
@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            "<l><phone>020 7946 0958</phone></l>",
            "holds a value at /l/phone, which no path of its rule decides",
        ),
        ("<l><mail>020 7946 0958</l>", r"is no well-formed XML \(mismatched tag\)"),
        ('<!DOCTYPE l [<!ENTITY x SYSTEM "file:///020-7946-0958">]><l>&x;</l>', "has a DOCTYPE"),
    ],
)
def test_what_cannot_be_decided_stops_the_run_with_the_column_and_no_value(
    two_databases: TwoDatabases, tmp_path: Path, document: str, told: str
) -> None:
    source, target = two_databases
    fill(source)
    execute(source, f"INSERT INTO letters VALUES (8, NULL, '{document}')")
    rules = _RULES.replace(
        '        "//text()": {mask: redact}\n',
        "        /l/p: keep\n        //b: keep\n        /text(): keep\n",
    )
    with pytest.raises(AnswerIsNo, match=rf"public\.letters\.body: a document {told}") as refused:
        refresh(request_for(source, target, tmp_path, rules_of(rules, tmp_path)))
    assert "7946" not in str(refused.value)
    assert query(target, "SELECT to_regclass('letters')") == [(None,)]


@pytest.mark.one_major
def test_an_original_that_stays_within_xml_is_found(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    fill(source)
    rules = _RULES.replace('"//s:mail": {mask: email}', '"//s:mail": keep')
    with pytest.raises(VerificationFailed) as failed:
        refresh(request_for(source, target, tmp_path, rules_of(rules, tmp_path)))
    (finding,) = failed.value.findings
    assert "surviving-value" in str(finding)
    assert "public.letters.body" in str(finding)


@pytest.fixture(scope="session")
def xml_server(server_of: ServerOf) -> EmbeddedServer:
    """Wheels come without libxml; a system's packages come with it."""
    for one in find_installations():
        if not one.origin.startswith("wheel") and one.has("initdb"):
            found = server_of(one.major)
            with psycopg.connect(found.url(), autocommit=True) as connection:
                try:
                    connection.execute("SELECT XMLPARSE(CONTENT '')")
                except psycopg.errors.FeatureNotSupported:
                    continue
            return found
    pytest.skip(_NO_XML)


@pytest.fixture
def xml_databases(xml_server: EmbeddedServer) -> Iterator[TwoDatabases]:
    with (
        own_database(xml_server, "dbtool_test_xml_source") as source,
        own_database(xml_server, "dbtool_test_xml_target") as target,
    ):
        yield source, target


def test_columns_of_type_xml_are_masked_path_by_path(xml_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = xml_databases
    fill(source, "xml")
    stand_ins = stand_ins_of(source, target, tmp_path)
    assert dict(query(target, "SELECT id, body::text FROM letters")) == expected(stand_ins)
    mails = "SELECT (xpath('/l/mail/text()', body))[1]::text = email FROM letters WHERE id = 1"
    assert query(target, mails) == [(True,)]
    assert query(target, "SELECT body IS DOCUMENT FROM letters ORDER BY id") == query(
        source, "SELECT body IS DOCUMENT FROM letters ORDER BY id"
    )


def test_what_is_dropped_leaves_xml_that_the_server_takes(
    xml_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = xml_databases
    fill(source, "xml")
    rules = (
        "  public.letters: {id: {keep: k}, email: {mask: email}, "
        "body: {xml: {//mail: {mask: constant, value: 'a < b'}, /l/@n: keep}, unknown: drop}}\n"
    )
    assert masked_documents(source, target, tmp_path, rules) == {
        1: "<l n='1'>\r\n  <mail>a &lt; b</mail >\n  </l>",
        2: "<mail>a &lt; b</mail><mail><![CDATA[a < b]]></mail>",
        3: "",
        4: "",
        5: "",
        6: "<l><mail/></l>",
        7: None,
    }


@pytest.mark.parametrize("document", ["<!DOCTYPE l><l/>", "<!DOCTYPE l [<!ENTITY x 'y'>]><l>&x;</l>"])
def test_a_doctype_that_the_server_takes_is_refused(
    xml_databases: TwoDatabases, tmp_path: Path, document: str
) -> None:
    source, target = xml_databases
    fill(source, "xml")
    execute(source, f"SET xmloption = document; INSERT INTO letters VALUES (8, NULL, $${document}$$)")
    with pytest.raises(AnswerIsNo, match=r"public\.letters\.body: a document has a DOCTYPE"):
        refresh(request_for(source, target, tmp_path, rules_of(_RULES, tmp_path)))
