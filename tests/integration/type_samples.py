"""Values of every family of types, as PostgreSQL reads them; NULL comes with each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SCHEMA = """
CREATE TYPE public.mood AS ENUM ('calm', 'glad', 'sad');
CREATE DOMAIN public.word AS text;
CREATE DOMAIN public.code AS text CHECK (VALUE ~ '^[A-Z]+-[0-9]+$');
CREATE DOMAIN public.short_code AS public.code CHECK (length(VALUE) < 12);
CREATE DOMAIN public.number AS integer;
CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN public.words AS text[];
CREATE TYPE public.pair AS (number integer, word text);
"""

_TEXTS = (
    "",
    "a",
    "Ada",
    "  ",
    "x\\y",
    "tab\tx",
    'q"q',
    "{a,b}",
    "NULL",
    "12345",
    "Zoë",
    "🙂",
    "42",
    "-7",
    "2024-02-29",
)
_LONG = (
    *_TEXTS,
    "ada@lovelace.example",
    "+44 20 7946 0958",
    "line one\nline two",
    "DE89370400440532013000",
    "4111 1111 1111 1111",
    "08:00:2b:01:02:03",
    "https://a.example/b?c=d",
    "81.2.69.160",
    "b0c5c4a4-4a5e-4b1e-8d7b-0123456789ab",
)
_CODES = ("AB-1", "C-1234567", "XYZ-99")
_NUMERICS = ("0", "1", "-1", "12.5", "99999", "-0.001", "12345678901234567890.123456789")
_INT4 = ("0", "1", "-1", "42", "1000000", "2147483647", "-2147483648")
_DATES = (
    "2024-02-29",
    "1970-01-01",
    "0044-03-15 BC",
    "infinity",
    "-infinity",
    "5874897-12-31",
    "4714-11-24 BC",
)
_TIMESTAMPS = (
    "2024-02-29 12:34:56.789",
    "1970-01-01 00:00:00",
    "0044-03-15 00:00:00 BC",
    "infinity",
    "294276-12-31 23:59:59.999999",
    "4714-11-24 00:00:00 BC",
)
_ZONED = tuple(f"{stamp}+00" if stamp[0].isdigit() and "BC" not in stamp else stamp for stamp in _TIMESTAMPS)
_DATE_RANGES = ("[2024-01-01,2024-02-01)", "empty", "(,2024-01-01)", "(,)", "[0044-03-15 BC,infinity)")
_UUIDS = ("b0c5c4a4-4a5e-4b1e-8d7b-0123456789ab", "00000000-0000-0000-0000-000000000000")
_DOCUMENTS = (
    "{}",
    "[]",
    '{"v": "Ada"}',
    '{"v": 42}',
    '{"v": [1, "a"]}',
    '"x"',
    "null",
    '{"v": null, "w": "k"}',
)
_XML = (
    "",
    "no markup",
    *(f"<a><v>{text}</v></a>" for text in ("x", "Zoë &amp; Ada", "42", "2024-02-29", "ada@lovelace.example")),
    "<v>\n  <![CDATA[a < b]]>\n</v>",
)
_STORES = ("", '"v"=>"Ada"', '"v"=>NULL, "k"=>"x"', '"v"=>"12"')

# By the label of the family.
SAMPLES: Mapping[str, Sequence[str]] = {
    "text": _LONG,
    "character varying": _LONG,
    "character varying(200)": _LONG,
    "character varying(5)": [text for text in _TEXTS if len(text) <= 5],
    "character(20)": [text for text in _LONG if len(text) <= 20],
    "character(3)": [text for text in _TEXTS if len(text) <= 3],
    "bpchar": _LONG,
    "name": _LONG,
    "citext": _LONG,
    '"char"': ("a", "", "7"),
    "boolean": ("t", "f"),
    "smallint": ("0", "1", "-1", "42", "32767", "-32768"),
    "integer": _INT4,
    "bigint": (*_INT4, "9223372036854775807", "-9223372036854775808"),
    "numeric": (*_NUMERICS, "NaN", "Infinity", "1e400", "1e-400"),
    "numeric(12,0)": ("0", "7", "-42", "999999999999"),
    "numeric(9,2)": ("0", "7.50", "-42.01", "9999999.99", "-9999999.99", "NaN"),
    "real": ("0", "7.5", "-1e-30", "3.4028235e+38", "NaN", "-Infinity"),
    "double precision": ("0", "7.5", "-1e-300", "1.7976931348623157e+308", "NaN", "Infinity"),
    "money": ("$0.00", "$7.50", "-$1,234.56", "$92,233,720,368,547,758.07"),
    "date": _DATES,
    "timestamp without time zone": _TIMESTAMPS,
    "timestamp with time zone": _ZONED,
    "time without time zone": ("00:00:00", "24:00:00", "12:34:56.789"),
    "time with time zone": ("00:00:00+00", "12:34:56.789-03:30"),
    "interval": ("1 day", "-1 year 2 mons 03:04:05.6", "0"),
    "uuid": _UUIDS,
    "inet": ("81.2.69.160", "10.0.0.0/8", "2a00:23c7::1", "::ffff:1.2.3.4", "0.0.0.0/0"),
    "cidr": ("10.0.0.0/8", "2a00::/16", "81.2.69.160/32"),
    "macaddr": ("08:00:2b:01:02:03", "ff:ff:ff:ff:ff:ff"),
    "macaddr8": ("08:00:2b:01:02:03:04:05", "00:00:00:00:00:00:00:00"),
    "bytea": ("\\x", "\\x00ff", "\\xffd8ffe000104a464946", "\\x41"),
    "an enum": ("calm", "glad", "sad"),
    "a domain over text": _LONG,
    "a domain over text with a CHECK": _CODES,
    "a domain over a domain": _CODES,
    "a domain over integer": _INT4,
    "a domain over integer with a CHECK": ("1", "42", "2147483647"),
    "a composite type": ("(1,a)", '(,"b c")', "(7,)"),
    "json": (*_DOCUMENTS, '{"v": 1, "v": 2}'),
    "jsonb": _DOCUMENTS,
    "a path within json or jsonb": [text for text in _DOCUMENTS if text.startswith("{") and "[" not in text],
    "hstore": _STORES,
    "a key within hstore": _STORES,
    "xml": (),  # the servers of these tests are built without
    "a path within xml, or within text that holds it": _XML,
    "int4range": ("[1,5)", "empty", "(,7)", "(,)"),
    "int4multirange": ("{[1,5),[7,9)}", "{}", "{(,)}"),
    "int8range": ("[1,5)", "empty", "(,7)"),
    "int8multirange": ("{[1,5),[7,9)}", "{}"),
    "numrange": ("[1.5,5)", "empty", "(,7]"),
    "nummultirange": ("{[1.5,5),[7,9]}", "{}"),
    "daterange": _DATE_RANGES,
    "datemultirange": ("{[2024-01-01,2024-02-01),[2024-03-01,2024-04-01)}", "{}", "{(,)}"),
    "tsrange": ('["2024-01-01 10:00:00","2024-01-01 12:00:00")', "empty", "(,infinity]"),
    "tsmultirange": ('{["2024-01-01 10:00:00","2024-01-01 12:00:00"),["2024-02-01 00:00:00",)}', "{}"),
    "tstzrange": ('["2024-01-01 10:00:00+00","2024-01-01 12:00:00+00")', "empty", "(,infinity]"),
    "tstzmultirange": ('{["2024-01-01 10:00:00+00","2024-01-01 12:00:00+00")}', "{}"),
    "an array, as a whole": ('{a,"b c",NULL,""}', "{}", "[0:1]={a,b}", "{{a,b},{c,d}}"),
    "each of text[]": ('{a,"b c",NULL,"","x\\\\y","q\\"q"}', "{}", "[0:1]={a,b}", "{{a,b},{c,NULL}}"),
    "each of character varying(5)[]": ('{a,"b c",NULL,""}', "{}", "{{12345,b}}"),
    "each of integer[]": ("{1,-2,NULL,2147483647}", "{}", "[-1:0]={7,8}", "{{1,2},{3,4}}"),
    "each of uuid[]": (f"{{{_UUIDS[0]},NULL}}", "{}", f"{{{{{_UUIDS[1]}}}}}"),
    "each of date[]": ("{2024-02-29,NULL,infinity}", "{}", '{{"0044-03-15 BC"},{2024-01-01}}'),
    "each of an array of an enum": ("{calm,NULL,sad}", "{}", "{{glad},{sad}}"),
    "each of an array of a domain": ("{AB-1,NULL}", "{}", "{{C-1234567},{XYZ-99}}"),
    "each of daterange[]": ('{"[2024-01-01,2024-02-01)",NULL,empty}', "{}"),
    "a domain over an array": ("{a,NULL}", "{}"),
    "bit(8)": ("00000000", "10110001"),
    "bit varying(8)": ("", "1", "10110001"),
    "bit varying": ("", "1", "1011000110110001"),
    "tsvector": ("'a':1 'b':2A", ""),
    "tsquery": ("'a' & !'b'", ""),
    "jsonpath": ('$."a"[*]?(@ > 1)',),
    "point": ("(1,2)", "(1e300,-Infinity)"),
    "line": ("{1,2,3}",),
    "lseg": ("[(1,2),(3,4)]",),
    "box": ("(3,4),(1,2)",),
    "path": ("((1,2),(3,4))", "[(1,2)]"),
    "polygon": ("((1,2),(3,4))",),
    "circle": ("<(1,2),3>",),
    "oid": ("0", "4294967295"),
    "xid": ("0", "4294967295"),
    "xid8": ("0", "18446744073709551615"),
    "cid": ("0", "4294967295"),
    "tid": ("(0,1)", "(4294967295,65535)"),
    "pg_lsn": ("0/0", "FFFFFFFF/FFFFFFFF"),
    "pg_snapshot": ("10:20:10,14,15",),
    "refcursor": ("a",),
    "regclass": ("pg_class", "0"),
    "regtype": ("integer",),
    "int2vector": ("1 2", ""),
    "oidvector": ("1 2", ""),
    "ltree": ("a.b", ""),
}

# Types of pg_catalog that no column of a user's holds, or of which another stands for all.
OTHERS = {
    "aclitem": "grants",
    "gtsvector": "indexes only",
    "pg_brin_bloom_summary": "indexes only",
    "pg_brin_minmax_multi_summary": "indexes only",
    "pg_dependencies": "statistics",
    "pg_mcv_list": "statistics",
    "pg_ndistinct": "statistics",
    "pg_node_tree": "the catalog",
    "regcollation": "as regclass",
    "regconfig": "as regclass",
    "regdatabase": "as regclass",
    "regdictionary": "as regclass",
    "regnamespace": "as regclass",
    "regoper": "as regclass",
    "regoperator": "as regclass",
    "regproc": "as regclass",
    "regprocedure": "as regclass",
    "regrole": "as regclass",
    "txid_snapshot": "as pg_snapshot",
}
