"""Values that are hard to carry, beside a masked column, so that every block is parsed and written again."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

TEXTS = (
    "''",
    "NULL",
    r"'\N'",
    r"'\.'",
    "' '",
    r"E'\\'",
    r"E'a\tb'",
    r"E'a\nb'",
    r"E'a\rb'",
    r"E'\r\n'",
    r"E'\x07\x08\x0b\x0c\x7f'",
    "U&'\\FEFFstarts with a byte order mark'",
    "'it''s \"quoted\", with commas'",
    "'nfc é', 'nfd e' || U&'\\0301'",
    "'😀 \u200d 漢字'",
    "repeat('long ', 100000)",
)


def test_text_is_carried_byte_for_byte(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, kept text, kept2 text, email text)")
    for text in TEXTS:
        value = text if text.startswith("'nfc") else f"{text}, 'x'"
        execute(source, f"INSERT INTO t (kept, kept2, email) VALUES ({value}, 'somebody@lovelace.dk')")
    rules = rules_of(
        "  public.t: {id: {keep: k}, kept: {keep: k}, kept2: {keep: k}, email: {mask: email}}\n", tmp_path
    )
    refresh(request_for(source, target, tmp_path, rules))
    kept = {("public", "t"): ["id", "kept", "kept2"]}
    assert inspection.checksum_kept(target, kept) == inspection.checksum_kept(source, kept)
    assert column_of(target, "SELECT kept IS NULL FROM t ORDER BY id") == [text == "NULL" for text in TEXTS]
    assert len(column_of(target, "SELECT DISTINCT email FROM t")) == 1


def test_a_masked_value_needs_no_escaping_and_is_decoded_before_it_is_keyed(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    """COPY writes a backslash twice: the stand-in is the value's own, not that of its spelling."""
    source, target = two_databases
    execute(source, r"CREATE TABLE a (v text); INSERT INTO a VALUES (E'one\\two\tthree')")
    execute(
        source,
        r"CREATE TABLE b (v varchar(40)[]); CREATE TABLE c (v text); INSERT INTO c VALUES (E'one\\two\tthree')",
    )
    rules = rules_of(
        "  public.a: {v: {mask: token}}\n  public.b: {v: {keep: k}}\n  public.c: {v: {mask: token}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    assert query(target, "SELECT v FROM a") == query(target, "SELECT v FROM c")
    assert query(target, "SELECT v FROM a") != query(source, "SELECT v FROM a")


def test_null_stays_null_and_empty_stays_apart_from_it(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int, email text, phone text, note text, born date, name text)")
    execute(
        source,
        "INSERT INTO t (id) VALUES (1); INSERT INTO t VALUES (2, 'a@b.dk', '+4520202020', 'n', '1990-01-01', 'N N')",
    )
    rules = rules_of(
        "  public.t:\n    id: {keep: k}\n    email: {mask: email}\n    phone: {mask: phone}\n    note: {mask: redact}\n"
        "    born: {mask: birth_date}\n    name: {mask: full_name}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    first, second = query(target, "SELECT email, phone, note, born, name FROM t ORDER BY id")
    assert first == (None,) * 5
    assert None not in second


def test_a_large_value_is_carried_whole(two_databases: TwoDatabases, tmp_path: Path) -> None:
    """Larger than a block, beside a masked column."""
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int, body text, raw bytea, email text)")
    execute(
        source,
        "INSERT INTO t SELECT n, repeat(md5(n::text), 300000), decode(repeat('00ff0a5c', 500000), 'hex'), n || '@lovelace.dk' "
        "FROM generate_series(1, 2) AS n",
    )
    rules = rules_of(
        "  public.t: {id: {keep: k}, body: {keep: k}, raw: {keep: k}, email: {mask: email}}\n", tmp_path
    )
    result = refresh(request_for(source, target, tmp_path, rules))
    digests = "SELECT id, md5(body), md5(raw) FROM t ORDER BY id"
    assert query(target, digests) == query(source, digests)
    assert [table.rows for table in result.tables] == [2]


_ODD_SETTINGS = (
    "DateStyle = 'SQL, DMY'",
    "TimeZone = 'Asia/Kolkata'",
    "IntervalStyle = sql_standard",
    "search_path = odd, public",
    "extra_float_digits = -15",
    "bytea_output = escape",
    "statement_timeout = '20ms'",
    "idle_in_transaction_session_timeout = '1ms'",
    "default_transaction_read_only = on",
    "standard_conforming_strings = off",
    "client_encoding = LATIN1",
)


@pytest.mark.parametrize("owner", ["database", "role"])
def test_settings_of_databases_and_roles_change_nothing(
    two_databases: TwoDatabases, tmp_path: Path, server: EmbeddedServer, owner: str
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int, d date, at timestamptz, i interval, f float8, r real, b bytea, n numeric, s text, email text);"
        "INSERT INTO t VALUES (1, '2024-02-01', '2024-02-01 03:04:05.678+00', '1 year -3 days 04:05:06.789', 0.1, 0.3,"
        " '\\x00ff5c', 1e30, 'é 漢 \\', 'a@lovelace.dk')",
    )
    names_of = [url.rsplit("/", 1)[1] for url in two_databases]
    if owner == "role":
        role = f"dbtool_odd_{names_of[0]}"
        execute(source, f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'odd'")
        execute(source, ";".join(f"ALTER ROLE {role} SET {setting}" for setting in _ODD_SETTINGS))
        source, target = (f"postgresql://{role}:odd@127.0.0.1:{server.port}/{name}" for name in names_of)
    else:
        for name in names_of:
            execute(
                server.url(), ";".join(f"ALTER DATABASE {name} SET {setting}" for setting in _ODD_SETTINGS)
            )
    names = ["id", "d", "at", "i", "f", "r", "b", "n", "s"]
    keeps = "".join(f"    {name}: {{keep: k}}\n" for name in names)
    rules = rules_of(f"  public.t:\n{keeps}    email: {{mask: email}}\n", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    kept = {("public", "t"): names}
    assert inspection.checksum_kept(target, kept) == inspection.checksum_kept(source, kept)
