"""Sources that are not in UTF-8, and characters that are more than one byte or none at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import DbtoolError, ServerFailed
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, drop_databases, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]
MakeEncoded = Callable[[str], str]


@pytest.fixture
def make_encoded(server: EmbeddedServer) -> Iterator[MakeEncoded]:
    with ExitStack() as stack:

        def make(encoding: str) -> str:
            name = f"dbtool_test_{os.getpid()}_in_{encoding.lower()}"
            stack.callback(drop_databases, server, name)
            execute(
                server.url(),
                f"CREATE DATABASE {name} TEMPLATE template0 ENCODING {encoding} LC_COLLATE 'C' LC_CTYPE 'C'",
            )
            return server.url(name)

        yield make


def test_masks_read_and_write_the_characters_of_another_encoding(
    make_encoded: MakeEncoded, target_url: str, tmp_path: Path
) -> None:
    """The same person in a source of LATIN1 and in one of UTF-8 is one person."""
    source = make_encoded("LATIN1")
    execute(
        source,
        "CREATE TABLE t (id int, kept text, mail text, name text, note varchar(9));"
        "INSERT INTO t VALUES (1, 'Größe ñ ÿ', 'zoë@lovelace.dk', 'Zoë Müller', 'señor äöü')",
    )
    rules = rules_of(
        "  public.t: {id: {keep: k}, kept: {keep: k}, mail: {mask: email}, "
        "name: {mask: full_name, locale: de_DE}, note: {mask: redact}}\n",
        tmp_path,
    )
    refresh(request_for(source, target_url, tmp_path, rules))
    ((kept, mail, name, note),) = query(target_url, "SELECT kept, mail, name, note FROM t")
    assert (kept, note) == ("Größe ñ ÿ", "xxxxx xxx")
    assert mail.endswith(("@example.com", "@example.org", "@example.net"))
    assert name != "Zoë Müller"


def test_stand_ins_that_the_encoding_does_not_have_stop_the_run(
    make_encoded: MakeEncoded, target_url: str, tmp_path: Path
) -> None:
    source = make_encoded("LATIN1")
    execute(
        source, "CREATE TABLE t (name text); INSERT INTO t SELECT 'Name ' || n FROM generate_series(1, 50) n"
    )
    execute(target_url, "CREATE TABLE live (); COMMENT ON TABLE live IS 'as it was'")
    rules = rules_of("  public.t: {name: {mask: full_name, locale: ja_JP}}\n", tmp_path)
    with pytest.raises(DbtoolError) as failed:
        refresh(request_for(source, target_url, tmp_path, rules, adopt=True))
    assert "public.t" in str(failed.value)
    assert "locale" in str(failed.value)
    assert column_of(target_url, "SELECT obj_description('live'::regclass)") == ["as it was"]


@pytest.mark.parametrize("masked", [True, False], ids=["masked", "searched"])
def test_the_column_with_bytes_that_are_no_text_is_named(
    make_encoded: MakeEncoded, target_url: str, tmp_path: Path, masked: bool
) -> None:
    source = make_encoded("SQL_ASCII")
    execute(source, "CREATE TABLE t (id int, fine text, broken text, also text)")
    execute(source, "INSERT INTO t VALUES (1, 'Größe', 'Größe', 'x'), (2, 'fine', E'\\xff\\xfe secret', 'x')")
    rule = "mask: email" if masked else "keep: k"
    rules = rules_of(
        f"  public.t: {{id: {{keep: k}}, fine: {{{rule}}}, broken: {{keep: k}}, also: {{{rule}}}}}\n",
        tmp_path,
    )
    with pytest.raises(ServerFailed) as failed:
        refresh(request_for(source, target_url, tmp_path, rules))
    assert "public.t.broken" in str(failed.value)
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize("mask", ["'null'", "constant, value: x"])
def test_a_column_that_is_not_read_may_hold_any_bytes(
    make_encoded: MakeEncoded, target_url: str, tmp_path: Path, mask: str
) -> None:
    source = make_encoded("SQL_ASCII")
    execute(
        source, "CREATE TABLE t (id int, broken text); INSERT INTO t VALUES (1, E'\\xff\\xfe'), (2, NULL)"
    )
    rules = rules_of(f"  public.t: {{id: {{keep: k}}, broken: {{mask: {mask}}}}}\n", tmp_path)
    refresh(request_for(source, target_url, tmp_path, rules))
    assert column_of(target_url, "SELECT id FROM t ORDER BY id") == [1, 2]


def test_text_in_a_source_without_an_encoding_is_taken_for_utf_8(
    make_encoded: MakeEncoded, target_url: str, tmp_path: Path
) -> None:
    source = make_encoded("SQL_ASCII")
    execute(source, "CREATE TABLE t (kept text, note text)")
    execute(source, "INSERT INTO t VALUES ('Größe 漢字', 'señor')")
    rules = rules_of("  public.t: {kept: {keep: k}, note: {mask: redact}}\n", tmp_path)
    refresh(request_for(source, target_url, tmp_path, rules))
    raw = "SELECT convert_to(kept, 'SQL_ASCII'), note FROM t"
    ((kept, note),) = query(target_url, raw)
    assert (bytes(kept).decode(), note) == ("Größe 漢字", "xxxxx")


_DOCUMENT = (
    r'{"mail": "ada\u0000@lovelace.dk", "note": "a\u0000b\ud83d\ude00", "kept": "x\u0000y", "\u0000": 1}'
)


def test_a_nul_in_json_is_kept_and_masked(two_databases: TwoDatabases, tmp_path: Path) -> None:
    """It is text of JSON, which json holds as it was written and jsonb refuses."""
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int, kept json, told json, listed json[])")
    kept = _DOCUMENT.replace("ada", "eve")
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO t VALUES (1, %s::json, %s::json, ARRAY[%s::json])", [kept, _DOCUMENT, kept]
        )
    paths = "{$.mail: {mask: email}, $.note: {mask: redact}, $.kept: keep}"
    rules = rules_of(
        f"  public.t: {{id: {{keep: k}}, kept: {{keep: k}}, listed: {{keep: k}}, told: {{json: {paths}, unknown: drop}}}}\n",
        tmp_path,
    )
    with psycopg.connect(source) as connection, pytest.raises(psycopg.errors.UntranslatableCharacter):
        connection.execute("SELECT told::jsonb FROM t")
    refresh(request_for(source, target, tmp_path, rules))
    as_written = "SELECT kept::text, listed::text FROM t"
    assert query(target, as_written) == query(source, as_written)
    (told,) = column_of(target, "SELECT told::text FROM t")
    document = json.loads(told)
    assert document["kept"] == "x\0y"
    assert document["note"] == "x x😀"
    assert "lovelace" not in told
    assert set(document) == {"mail", "note", "kept"}


_WIDE = ("😀😃😄😁😆", "👩‍👩‍👧", "日本語テキ", "é\u0301éab", "abcde")


def test_a_limit_counts_characters_however_many_bytes_they_are(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    columns = {
        "redacted": "mask: redact",
        "shaped": "mask: permute_format",
        "worded": "mask: lorem",
        "dated": "mask: constant, value: 😀😀😀😀😀",
        "listed": "mask: dictionary, file: faces.txt",
        "kept": "keep: k",
    }
    (tmp_path / "faces.txt").write_text("🙂🙂🙂🙂🙂\n🙃🙃🙃🙃🙃\n", encoding="utf-8")
    execute(
        source,
        f"CREATE TABLE t (id int, {', '.join(f'{name} varchar(5)' for name in columns)}, padded char(5))",
    )
    for number, value in enumerate(_WIDE):
        with psycopg.connect(source, autocommit=True) as connection:
            connection.execute(
                f"INSERT INTO t VALUES (%s{', %s' * (len(columns) + 1)})".encode(),
                [number, *[value] * (len(columns) + 1)],
            )
    decided = ", ".join(f"{name}: {{{rule}}}" for name, rule in columns.items())
    rules = rules_of(f"  public.t: {{id: {{keep: k}}, {decided}, padded: {{mask: redact}}}}\n", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    assert column_of(target, "SELECT kept FROM t ORDER BY id") == list(_WIDE)
    for name in ("redacted", "shaped"):
        lengths = f"SELECT length({name}) FROM t ORDER BY id"
        assert column_of(target, lengths) == column_of(source, lengths)
    assert set(column_of(target, "SELECT dated FROM t")) == {"😀" * 5}
    assert set(column_of(target, "SELECT listed FROM t")) <= {"🙂" * 5, "🙃" * 5}
    assert column_of(target, "SELECT padded FROM t ORDER BY id LIMIT 1") == ["😀😃😄😁😆"]


def test_the_blanks_of_char_do_not_part_a_key_from_what_refers_to_it(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE branch (code char(40) PRIMARY KEY, short char(8) UNIQUE NOT NULL);"
        "CREATE TABLE wide (code char(48) REFERENCES branch, short char(8) REFERENCES branch (short));"
        "CREATE TABLE plain (code varchar(40) REFERENCES branch, short text REFERENCES branch (short));"
        "INSERT INTO branch SELECT 'Branch ' || n, 'B' || n FROM generate_series(1, 50) n;"
        "INSERT INTO wide SELECT code, short FROM branch; INSERT INTO plain SELECT code, short FROM branch",
    )
    rules = rules_of("  public.branch: {code: {mask: token}, short: {mask: permute_format}}\n", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    for table in ("wide", "plain"):
        joined = f"SELECT count(*) FROM {table} r JOIN branch b ON r.code = b.code AND r.short = b.short"
        assert query(target, joined) == [(50,)]
    raw = "SELECT count(*) FROM plain WHERE code LIKE '% ' OR short LIKE '% '"
    assert query(target, raw) == [(0,)]
