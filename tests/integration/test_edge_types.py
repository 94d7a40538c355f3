"""Types at their ends and types seldom used, kept and masked by one refresh."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dbtool.errors import FindingsRefuse, VerificationFailed
from dbtool.findings import Finding
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

# type → values as PostgreSQL reads them
_KEPT = {
    "int2": ("-32768", "32767", "0"),
    "int8": ("-9223372036854775808", "9223372036854775807"),
    "numeric": ("NaN", "Infinity", "-Infinity", "1e400", "1e-400", "-0.00", "1.50", "12345678901234567890.123456789"),
    "numeric(6,-2)": ("99999900", "-100"),
    "float4": ("NaN", "Infinity", "-Infinity", "-0", "1e-45", "3.4028235e38", "0.1", "16777217"),
    "float8": ("NaN", "-Infinity", "-0", "5e-324", "1.7976931348623157e308", "0.1", "0.30000000000000004"),
    "money": ("-92233720368547758.08", "92233720368547758.07", "1234.5", "0"),
    "date": ("infinity", "-infinity", "4713-01-01 BC", "0001-01-01 BC", "5874897-12-31", "2024-02-29"),
    "time": ("24:00:00", "00:00:00.000001"),
    "timetz": ("24:00:00-15:59", "12:34:56.789+05:45", "00:00:00+15:59:59"),
    "timestamp": ("infinity", "-infinity", "4713-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999"),
    "timestamptz": ("infinity", "2024-03-31 02:30:00 Europe/Berlin", "1883-11-18 12:03:57 America/New_York", "0044-03-15 BC"),
    "interval": ("-1 year +2 months -3 days +04:05:06.789", "178000000 years", "24:00:00", "1 day", "-00:00:00.000001"),
    "xml": ("<a b='c'>&amp; é</a>", "no root at all <x/>", ""),
    "varbit": ("", "1", "0101"),
    "bit(3)": ("101", "000"),
    "inet": ("10.0.0.1/8", "10.0.0.1", "::ffff:1.2.3.4/96", "0.0.0.0/0"),
    "cidr": ("10.0.0.0/8", "10.0.0.1/32", "::/0"),
    "macaddr": ("08:00:2b:01:02:03",),
    "macaddr8": ("08:00:2b:01:02:03:04:05",),
    "pg_lsn": ("FFFFFFFF/FFFFFFFF", "0/0"),
    "oid": ("4294967295", "2147483648", "0"),
    "xid8": ("18446744073709551615",),
    '"char"': ("a", "\\377", ""),
    "name": ("", "n" * 63),
    "bpchar": ("  a  ", ""),
    "tsvector": ("'a':1A,2B 'it''s':3 'back\\\\slash'",),
    "tsquery": ("'a' & !'b':*AB <2> 'c'",),
    "jsonpath": ('$."a"[*] ? (@ > 1)',),
    "uuid": ("ffffffff-ffff-ffff-ffff-ffffffffffff",),
    "point": ("(1e-300,-0)", "(NaN,Infinity)"),
    "line": ("{1,-1,0.1}",),
    "lseg": ("[(1,2),(3,4)]",),
    "box": ("(3,4),(1,2)",),
    "path": ("[(1,2),(3,4)]", "((1,2))"),
    "polygon": ("((0.1,2),(3,4))",),
    "circle": ("<(1,2),0.1>",),
    "numrange": ("[0.10,1e30)", "empty", "(,)"),
    "int8multirange": ("{[1,5),[7,)}", "{}"),
    "tstzrange": ('["0044-03-15 00:00:00+00 BC",infinity)',),
    "bytea": ("\\x", "\\x00ff5c0a"),
    "int[]": ("[-5:-4]={1,NULL}", "{{1,2},{3,4}}", "{}"),
    "text[]": ('{"NULL",NULL,"","a,b","{}","back\\\\slash"," "}',),
    "regclass": ("pg_class",),
    "int2vector": ("1 2 3",),
}  # fmt: skip


def wrong_columns(refused: pytest.ExceptionInfo[FindingsRefuse]) -> list[str]:
    found = refused.value.findings
    return [one.where for one in found if isinstance(one, Finding) and one.is_error]


def has_xml(url: str) -> bool:
    """A server may be built without libxml."""
    try:
        execute(url, "SELECT '<a/>'::xml")
    except psycopg.errors.FeatureNotSupported:
        return False
    return True


def make_kept(url: str) -> dict[str, str]:
    """A table with a column per type; column → type. Each row has one value, so that none hides another."""
    kinds = [kind for kind in _KEPT if kind != "xml" or has_xml(url)]
    columns = {f"c{number}": kind for number, kind in enumerate(kinds)}
    spelt = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    execute(url, f"CREATE TABLE kept (id int GENERATED ALWAYS AS IDENTITY, mail text, {spelt})")
    with psycopg.connect(url, autocommit=True) as connection:
        for name, kind in columns.items():
            statement = sql.SQL("INSERT INTO kept (mail, {}) VALUES ('ada@lovelace.dk', {}::{})")
            for value in _KEPT[kind]:
                connection.execute(statement.format(sql.Identifier(name), sql.Literal(value), sql.SQL(kind)))
    return columns


@pytest.mark.parametrize("masked", [True, False], ids=["beside a mask", "untouched"])
def test_every_odd_value_is_kept_as_it_is(two_databases: TwoDatabases, tmp_path: Path, masked: bool) -> None:
    """Beside a mask each block is parsed; without one it passes as it came, or in binary where its types allow that."""
    source, target = two_databases
    columns = make_kept(source)
    if not masked:  # each in a table of its own, since one type that is not portable is enough for text
        for name in columns:
            execute(
                source, f"CREATE TABLE only_{name} AS SELECT id, {name} FROM kept WHERE {name} IS NOT NULL"
            )
    kept = "".join(f"    {name}: {{keep: k}}\n" for name in columns)
    mail = "mask: email" if masked else "keep: k"
    alone = "".join(
        f"  public.only_{name}: {{[id, {name}]: {{keep: k}}}}\n" for name in columns if not masked
    )
    rules = rules_of(f"  public.kept:\n    id: {{keep: k}}\n    mail: {{{mail}}}\n{kept}{alone}", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    for name, kind in columns.items():
        for table in ["kept"] if masked else ["kept", f"only_{name}"]:
            values = f"SELECT id, {name}::text FROM {table} WHERE {name} IS NOT NULL ORDER BY id"
            assert query(target, values) == query(source, values), kind
            assert len(query(target, values)) == len(_KEPT[kind])
    bits = "SELECT " + ", ".join(
        f"{kind}send({name})::text" for name, kind in columns.items() if kind in {"float4", "float8"}
    )
    assert query(target, f"{bits} FROM kept ORDER BY id") == query(source, f"{bits} FROM kept ORDER BY id")


def test_whole_numbers_stay_within_their_type_and_their_checks(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE ends (id int, a int2 UNIQUE, b int4 UNIQUE, c int8 UNIQUE);"
        "INSERT INTO ends VALUES (1, -32768, -2147483648, -9223372036854775808), (2, 32767, 2147483647, 9223372036854775807),"
        " (3, -1, -1, -1), (4, 0, 0, 0), (5, 9999, 999999999, 1000000000000000000);"
        "CREATE TABLE codes (id int, code int UNIQUE CHECK (code BETWEEN 20000 AND 29999), below int CHECK (below < 0));"
        "INSERT INTO codes SELECT n, 20000 + n, -1 - n FROM generate_series(0, 9999) n",
    )
    rules = rules_of(
        "  public.ends: {id: {keep: k}, [a, b, c]: {mask: permute_integer}}\n"
        "  public.codes: {id: {keep: k}, code: {mask: permute_integer, within: [20000, 29999]}, "
        "below: {mask: permute_integer}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    for column in "abc":
        signs = f"SELECT sign({column}), length({column}::text) FROM ends ORDER BY id"
        assert query(target, signs) == query(source, signs)
    assert query(target, "SELECT b = c, a = b FROM ends WHERE id = 3") == [(True, True)]
    counted = "SELECT count(DISTINCT code), min(code), max(code), max(below) FROM codes"
    assert query(target, counted) == [(10_000, 20_000, 29_999, -1)]
    assert query(target, "SELECT count(*) FROM codes WHERE code = 20000 + id")[0][0] < 20
    wide = rules_of(
        "  public.ends: {[id, a, b, c]: {keep: k}}\n"
        "  public.codes: {[id, below]: {keep: k}, code: {mask: permute_integer}}\n",
        tmp_path,
    )
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(source, target, tmp_path, wide))
    assert "code" in str(refused.value.findings)


def test_what_no_mask_can_change_of_numbers_and_dates_stays(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    """NaN and infinities are nobody's; years before Christ and those of five digits move as others do."""
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int, n numeric, f float8, r real, m money, d date, s timestamp, z timestamptz);"
        "INSERT INTO t VALUES (1, 'NaN', 'NaN', 'NaN', 0, 'infinity', 'infinity', '-infinity'),"
        " (2, 'Infinity', '-Infinity', 'Infinity', 0, '-infinity', '-infinity', 'infinity'),"
        " (3, 1e300, 5e-324, 1e-45, 92233720368547758.07::numeric, '4714-11-24 BC', '4713-01-01 00:00:00.123456 BC', '0044-03-15 BC'),"
        " (4, -1e-300, 1.7976931348623157e308, 3.4e38, -12.34::numeric, '5874897-12-31', '294276-12-31 23:59:59.999999', '20000-01-01')",
    )
    rules = rules_of(
        "  public.t: {id: {keep: k}, [n, f, r]: {mask: noise}, m: {mask: amount_noise}, [d, s, z]: {mask: shift_date, by: id}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    of_no_size = "SELECT n::text, f::text, r::text, d::text, s::text, z::text FROM t WHERE id < 3 ORDER BY id"
    assert query(target, of_no_size) == query(source, of_no_size)
    moved = "SELECT d::text, s::text, z::text FROM t WHERE id > 2 ORDER BY id"
    for ours, theirs in zip(query(target, moved), query(source, moved), strict=True):
        assert all(one != other for one, other in zip(ours, theirs, strict=True))
    of_day = "SELECT s::time, z::time FROM t WHERE id > 2 ORDER BY id"
    assert query(target, of_day) == query(source, of_day)
    years = "SELECT count(*) FROM t WHERE id = 3 AND d < '4713-06-01 BC' AND z < '0040-01-01 BC'"
    assert query(target, years) == [(1,)]


_KINDS = """
CREATE TYPE mood AS ENUM ('calm', 'it''s "odd"', 'a,b', '{}', '', 'ünhappy');
CREATE DOMAIN feeling AS mood NOT NULL;
CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{2}-[0-9]+$');
CREATE DOMAIN short_code AS code CHECK (length(VALUE) < 9);
CREATE DOMAIN codes AS short_code[] CHECK (cardinality(VALUE) > 0);
CREATE TYPE address AS (street text, "post code" varchar(9), moods mood[]);
CREATE TABLE t (
    id int, mood mood, feeling feeling, moods mood[], code code, short_code short_code UNIQUE, codes codes,
    kept_codes codes, elements short_code[], address address, kept_address address, addresses address[], span int4range,
    spans nummultirange
);
INSERT INTO t SELECT n, (enum_range(NULL::mood))[1 + n % 6], (enum_range(NULL::mood))[1 + n % 6],
    ARRAY[NULL, (enum_range(NULL::mood))[1 + n % 6]], 'AB-' || n, 'CD-' || n, ARRAY['EF-' || n], ARRAY['EF-' || n],
    ARRAY['GH-' || n, NULL],
    ROW('Street "' || n || '", \\ (x)', NULL, ARRAY['a,b', NULL]::mood[])::address,
    ROW('Street "' || n || '", \\ (x)', '', ARRAY['a,b', NULL]::mood[])::address, ARRAY[ROW(n, n, NULL)::address, NULL],
    int4range(n, n + 5), nummultirange(numrange(n, NULL))
FROM generate_series(1, 60) n;
"""
_KINDS_RULES = """\
  public.t:
    [id, kept_codes, kept_address, addresses, span]: {keep: k}
    [mood, feeling]: {mask: category}
    moods: {each: {mask: category}}
    [code, short_code]: {mask: permute_format}
    codes: {mask: constant, value: '{ZZ-0}'}
    elements: {each: {mask: permute_format}}
    address: {mask: constant, value: '(nowhere,,)'}
    spans: {mask: empty}
"""


def test_enums_domains_and_composites_are_masked_within_what_they_allow(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, _KINDS)
    refresh(request_for(source, target, tmp_path, rules_of(_KINDS_RULES, tmp_path)))
    agreed = "SELECT bool_and(mood = feeling::mood AND moods[2] = mood AND moods[1] IS NULL) FROM t"
    assert query(target, agreed) == [(True,)]
    how_often = "SELECT count(*) FROM t GROUP BY mood ORDER BY 1"
    assert query(target, how_often) == query(source, how_often)
    pairs = "SELECT count(DISTINCT short_code), bool_and(elements[2] IS NULL AND cardinality(elements) = 2) FROM t"
    assert query(target, pairs) == [(60, True)]
    assert query(target, "SELECT DISTINCT codes::text, address::text, spans::text FROM t") == [
        ("{ZZ-0}", "(nowhere,,)", "{}")
    ]
    kept = "SELECT kept_codes::text, kept_address::text, addresses::text, span FROM t ORDER BY id"
    assert query(target, kept) == query(source, kept)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("[mood, feeling]: {mask: word}", "[mood, feeling]: {mask: category}"),
        ("[mood, feeling]: {mask: constant, value: happy}", "[mood, feeling]: {mask: category}"),
        ("[mood, feeling]: {mask: 'null'}", "[mood, feeling]: {mask: category}"),
        ("[code, short_code]: {mask: token}", "[code, short_code]: {mask: permute_format}"),
        ("codes: {mask: 'empty'}", "codes: {mask: constant, value: '{ZZ-0}'}"),
        ("codes: {mask: constant, value: '{bad}'}", "codes: {mask: constant, value: '{ZZ-0}'}"),
        ("elements: {each: {mask: email}}", "elements: {each: {mask: permute_format}}"),
        ("address: {mask: redact}", "address: {mask: constant, value: '(nowhere,,)'}"),
        ("address: {mask: constant, value: '(nowhere,'}", "address: {mask: constant, value: '(nowhere,,)'}"),
        ("spans: {mask: shift_date}", "spans: {mask: empty}"),
    ],
)
@pytest.mark.one_major
def test_what_they_do_not_allow_is_refused_before_anything_is_copied(
    two_databases: TwoDatabases, tmp_path: Path, line: str, instead: str
) -> None:
    source, target = two_databases
    execute(source, _KINDS)
    assert instead in _KINDS_RULES
    with pytest.raises(FindingsRefuse) as refused:
        refresh(
            request_for(source, target, tmp_path, rules_of(_KINDS_RULES.replace(instead, line), tmp_path))
        )
    assert any("public.t" in where for where in wrong_columns(refused))


_DOCUMENTS = (
    '{"mail": "ada@lovelace.dk", "mail": "bob@lovelace.dk", "n": 1}',
    '{"people": [{"mail": "ada@lovelace.dk", "n": 12345678901234567890.10}, {"mail": null}, {"no": 1}, 7, "x"]}',
    '{"people": {"mail": "eve@lovelace.dk"}}',
    '{"mail": 42}',
    '{"mail": {"deep": {"mail": "joe@lovelace.dk"}}}',
    '{ "n" : 1e400 , "mail":"\\u0061da\\u0040lovelace.dk" }',
    '[1, "two", null]',
    '"ada@lovelace.dk"',
    "12345678901234567890123456789012345678901234567890",
    "null",
    "{}",
)
_PATHS = """{$.mail: {mask: email}, "$.people[*].mail": {mask: email}, $.people.mail: {mask: email}, $.n: keep,
      "$.people[*].n": keep, "$.mail.deep.mail": {mask: email}, $: {mask: redact}, "$[*]": keep}, unknown: drop"""


def test_documents_are_masked_wherever_the_paths_lead(two_databases: TwoDatabases, tmp_path: Path) -> None:
    """Keys that come twice, arrays and objects in one place, scalars for documents, numbers that no float holds."""
    source, target = two_databases
    execute(source, "CREATE TABLE t (id int, mail text, told json, stored jsonb)")
    with psycopg.connect(source, autocommit=True) as connection:
        for number, document in enumerate(_DOCUMENTS):
            connection.execute(
                "INSERT INTO t VALUES (%s, 'ada@lovelace.dk', %s, %s)", [number, document, document]
            )
    rules = rules_of(
        f"  public.t:\n    id: {{keep: k}}\n    mail: {{mask: email}}\n    told:\n      json: {_PATHS.replace(', unknown', chr(10) + '      unknown')}\n"
        f"    stored:\n      json: {_PATHS.replace(', unknown', chr(10) + '      unknown')}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    told = column_of(target, "SELECT told::text FROM t ORDER BY id")
    ((mail,),) = query(target, "SELECT DISTINCT mail FROM t")
    assert "lovelace" not in "".join(told)
    assert told[0].count("@example.") == 2
    assert told[0].startswith(f'{{"mail": "{mail}", "mail": ')
    assert f'"mail": "{mail}", "n": 12345678901234567890.10' in told[1]
    assert '{"mail": null}' in told[1]
    assert "@example." in told[2]
    assert "@example." in told[4]
    assert told[5].startswith('{ "n" : 1e400 , "mail":')
    assert mail in told[5]
    assert told[6] == '[1, "two", null]'
    assert told[8] == f'"{"0" * 50}"'
    assert told[9:] == ["null", "{}"]
    stored = column_of(target, "SELECT stored::text FROM t ORDER BY id")
    assert "lovelace" not in "".join(stored)
    assert column_of(target, "SELECT stored -> 'people' -> 0 ->> 'n' FROM t WHERE id = 1") == [
        "12345678901234567890.10"
    ]


def test_a_search_column_is_made_anew_from_what_is_masked(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int, body text, made tsvector GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED, filled tsvector);"
        "CREATE INDEX ON t USING gin (made);"
        "INSERT INTO t SELECT n, 'write to ada' || n || '@lovelace.dk' FROM generate_series(1, 30) n;"
        "UPDATE t SET filled = to_tsvector('simple', body)",
    )
    body = "  public.t: {id: {keep: k}, body: {mask: email}"
    with pytest.raises(FindingsRefuse) as undecided:
        refresh(request_for(source, target, tmp_path, rules_of(f"{body}}}\n", tmp_path)))
    assert wrong_columns(undecided) == ["public.t.filled"]
    with pytest.raises(FindingsRefuse):
        refresh(
            request_for(source, target, tmp_path, rules_of(f"{body}, filled: {{mask: redact}}}}\n", tmp_path))
        )
    refresh(request_for(source, target, tmp_path, rules_of(f"{body}, filled: {{mask: empty}}}}\n", tmp_path)))
    assert query(target, "SELECT bool_and(made = to_tsvector('simple', body)), max(filled::text) FROM t") == [
        (True, "")
    ]
    assert query(target, "SELECT count(*) FROM t WHERE made::text LIKE '%lovelace%'") == [(0,)]


def test_a_search_column_that_is_kept_gives_its_originals_away(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int, mail text, filled tsvector);"
        "INSERT INTO t SELECT n, 'ada' || n || '@lovelace.dk', to_tsvector('simple', 'ada' || n || '@lovelace.dk wrote')"
        " FROM generate_series(1, 30) n",
    )
    rules = "  public.t: {id: {keep: k}, mail: {mask: email}, filled: {keep: words}}\n"
    with pytest.raises(VerificationFailed) as failed:
        refresh(request_for(source, target, tmp_path, rules_of(rules, tmp_path)))
    assert "public.t.filled" in str(failed.value.findings)


def test_types_of_extensions_are_kept_where_a_rule_says_so_and_never_by_default(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE SCHEMA ext; CREATE EXTENSION cube SCHEMA ext; CREATE EXTENSION ltree SCHEMA ext;"
        "CREATE TABLE t (id int, mail text, place ext.cube, way ext.ltree, ways ext.ltree[]);"
        "INSERT INTO t VALUES (1, 'a@lovelace.dk', '(1,2),(3.5,-0)', 'Top.Science', '{a.b,NULL}'), (2, NULL, NULL, '', NULL)",
    )
    decided = "  public.t: {id: {keep: k}, mail: {mask: email}"
    with pytest.raises(FindingsRefuse) as undecided:
        refresh(request_for(source, target, tmp_path, rules_of(f"{decided}}}\n", tmp_path)))
    assert wrong_columns(undecided) == [f"public.t.{name}" for name in ("place", "way", "ways")]
    for wrong in ("way: {mask: redact}", "place: {mask: empty}", "ways: {each: {mask: token}}"):
        names = [name for name in ("place", "way", "ways") if not wrong.startswith(f"{name}:")]
        text = f"{decided}, {wrong}, [{', '.join(names)}]: {{keep: k}}}}\n"
        with pytest.raises(FindingsRefuse, match="1 finding"):
            refresh(request_for(source, target, tmp_path, rules_of(text, tmp_path)))
    refresh(
        request_for(
            source, target, tmp_path, rules_of(f"{decided}, [place, way, ways]: {{keep: k}}}}\n", tmp_path)
        )
    )
    kept = "SELECT place::text, way::text, ways::text FROM t ORDER BY id"
    assert query(target, kept) == query(source, kept)


def test_bytes_are_kept_or_lose_what_they_say(two_databases: TwoDatabases, tmp_path: Path) -> None:
    source, target = two_databases
    execute(
        source,
        "CREATE TABLE t (id int, kept bytea, zeros bytea, nothing bytea, gone bytea, placeholder bytea, tokens bytea,"
        " fixed bytea)",
    )
    picture = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\x00\\\n\t secret"
    values = (picture, b"", b"\\x5c", bytes(range(256)), b"%PDF-1.7 secret")
    with psycopg.connect(source, autocommit=True) as connection:
        for number, value in enumerate(values):
            connection.execute(
                "INSERT INTO t VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", [number, *[value] * 7]
            )
    rules = rules_of(
        "  public.t: {[id, kept]: {keep: k}, zeros: {mask: redact}, nothing: {mask: empty}, gone: {mask: 'null'}, "
        "placeholder: {mask: file}, tokens: {mask: token}, fixed: {mask: constant, value: '\\x00ff'}}\n",
        tmp_path,
    )
    refresh(request_for(source, target, tmp_path, rules))
    rows = query(target, "SELECT kept, zeros, nothing, gone, placeholder, tokens, fixed FROM t ORDER BY id")
    for (kept, zeros, nothing, gone, placeholder, token, fixed), value in zip(rows, values, strict=True):
        assert (kept, zeros, nothing, gone, fixed) == (value, bytes(len(value)), b"", None, b"\x00\xff")
        assert len(token) == 16
        assert b"secret" not in placeholder
    assert rows[0][4].startswith(picture[:8])
    assert rows[4][4].startswith(b"%PDF-")
