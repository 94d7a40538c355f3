"""The types that a column can have, as the page of types names them, and a value of each as PostgreSQL prints it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from dbtool.catalog.relations import ColumnType, TypeKind


class Part(StrEnum):
    """What of a column's value a mask is given."""

    WHOLE = "whole"
    ELEMENT = "element"  # of an array: each
    PATH = "path"  # of a JSON document
    XML = "xml"  # a path of an XML document
    KEY = "key"  # of an hstore


@dataclass(frozen=True, slots=True)
class Family:
    """``sample`` is a value, for masks that are told which to put. ``sql`` is how a table's definition has the type."""

    label: str
    type: ColumnType
    sample: str
    part: Part = Part.WHOLE

    @property
    def sql(self) -> str:
        return self.type.sql


def _base(
    sql: str,
    base: str,
    sample: str,
    *,
    length: int | None = None,
    precision: int | None = None,
    scale: int | None = None,
) -> Family:
    return Family(sql, ColumnType(sql, base, length=length, precision=precision, scale=scale), sample)


def _own(
    label: str, sql: str, base: str, sample: str, kind: TypeKind = TypeKind.BASE, **facts: Any
) -> Family:
    return Family(label, ColumnType(sql, base, kind, **facts), sample)


def _range(base: str, sample: str) -> Iterator[Family]:
    yield Family(base, ColumnType(base, base, TypeKind.RANGE), sample)
    many = base.replace("range", "multirange")
    yield Family(many, ColumnType(many, many, TypeKind.MULTIRANGE), f"{{{sample}}}")


def _each(family: Family, label: str) -> Family:
    """The elements of an array of them."""
    return Family(
        label,
        replace(family.type, sql=f"{family.type.sql}[]", is_array=True),
        f'{{"{family.sample}"}}',
        Part.ELEMENT,
    )


_TEXT = _base("text", "text", "a")
_SHORT = _base("character varying(5)", "varchar", "a", length=5)
_LONG = _base("character varying(200)", "varchar", "a", length=200)
_INT4 = _base("integer", "int4", "7")
_UUID = _base("uuid", "uuid", "00000000-0000-4000-8000-000000000001")
_DATE = _base("date", "date", "2000-01-01")
_ENUM = _own(
    "an enum",
    "public.mood",
    "mood",
    "calm",
    TypeKind.ENUM,
    type_schema="public",
    labels=("calm", "glad", "sad"),
)
_CODE = _own(
    "a domain over text",
    "public.word",
    "text",
    "a",
    domains=("public.word",),
)
_CHECKED = _own(
    "a domain over text with a CHECK",
    "public.code",
    "text",
    "AB-1",
    domains=("public.code",),
    domain_checks=("CHECK ((VALUE ~ '^[A-Z]+-[0-9]+$'::text))",),
)
_OVER = _own(
    "a domain over a domain",
    "public.short_code",
    "text",
    "AB-1",
    domains=("public.short_code", "public.code"),
    domain_checks=("CHECK ((length((VALUE)::text) < 12))", "CHECK ((VALUE ~ '^[A-Z]+-[0-9]+$'::text))"),
)
_POSITIVE = _own(
    "a domain over integer with a CHECK",
    "public.positive",
    "int4",
    "7",
    domains=("public.positive",),
    domain_checks=("CHECK ((VALUE > 0))",),
)
_DATES = Family("daterange", ColumnType("daterange", "daterange", TypeKind.RANGE), "[2000-01-01,2000-02-01)")

FAMILIES: tuple[Family, ...] = (
    _TEXT,
    _base("character varying", "varchar", "a"),
    _LONG,
    _SHORT,
    _base("character(20)", "bpchar", "a", length=20),
    _base("character(3)", "bpchar", "a", length=3),
    _base("bpchar", "bpchar", "a"),
    _base("name", "name", "a"),
    _own("citext", "public.citext", "citext", "a", type_schema="public", extension="citext"),
    _base('"char"', "char", "a"),
    _base("boolean", "bool", "t"),
    _base("smallint", "int2", "7"),
    _INT4,
    _base("bigint", "int8", "7"),
    _base("numeric", "numeric", "7.5"),
    _base("numeric(12,0)", "numeric", "7", precision=12, scale=0),
    _base("numeric(9,2)", "numeric", "7.50", precision=9, scale=2),
    _base("real", "float4", "7.5"),
    _base("double precision", "float8", "7.5"),
    _base("money", "money", "$7.50"),
    _DATE,
    _base("timestamp without time zone", "timestamp", "2000-01-01 12:00:00"),
    _base("timestamp with time zone", "timestamptz", "2000-01-01 12:00:00+00"),
    _base("time without time zone", "time", "12:00:00"),
    _base("time with time zone", "timetz", "12:00:00+00"),
    _base("interval", "interval", "1 day"),
    _UUID,
    _base("inet", "inet", "192.0.2.1"),
    _base("cidr", "cidr", "192.0.2.0/24"),
    _base("macaddr", "macaddr", "02:00:00:00:00:01"),
    _base("macaddr8", "macaddr8", "02:00:00:00:00:00:00:01"),
    _base("bytea", "bytea", "\\x00"),
    _ENUM,
    _CODE,
    _CHECKED,
    _OVER,
    _own("a domain over integer", "public.number", "int4", "7", domains=("public.number",)),
    _POSITIVE,
    _own(
        "a composite type",
        "public.pair",
        "pair",
        "(1,a)",
        TypeKind.COMPOSITE,
        type_schema="public",
    ),
    _base("json", "json", "{}"),
    _base("jsonb", "jsonb", "{}"),
    replace(_base("jsonb", "jsonb", '{"v": "a"}'), label="a path within json or jsonb", part=Part.PATH),
    _own("hstore", "public.hstore", "hstore", "", type_schema="public", extension="hstore"),
    replace(
        _own("a key within hstore", "public.hstore", "hstore", "", type_schema="public", extension="hstore"),
        part=Part.KEY,
    ),
    _base("xml", "xml", ""),
    replace(_TEXT, label="a path within xml, or within text that holds it", part=Part.XML),
    *_range("int4range", "[1,5)"),
    *_range("int8range", "[1,5)"),
    *_range("numrange", "[1.5,5)"),
    *_range("daterange", "[2000-01-01,2000-02-01)"),
    *_range("tsrange", '["2000-01-01 00:00:00","2000-02-01 00:00:00")'),
    *_range("tstzrange", '["2000-01-01 00:00:00+00","2000-02-01 00:00:00+00")'),
    Family("an array, as a whole", ColumnType("text[]", "text", is_array=True), "{a}"),
    _each(_TEXT, "each of text[]"),
    _each(_SHORT, "each of character varying(5)[]"),
    _each(_INT4, "each of integer[]"),
    _each(_UUID, "each of uuid[]"),
    _each(_DATE, "each of date[]"),
    _each(_ENUM, "each of an array of an enum"),
    _each(_CHECKED, "each of an array of a domain"),
    _each(_DATES, "each of daterange[]"),
    Family(
        "a domain over an array",
        ColumnType("public.words", "text", is_array=True, domains=("public.words",)),
        "{a}",
    ),
    _base("bit(8)", "bit", "00000001", length=8),
    _base("bit varying(8)", "varbit", "1", length=8),
    _base("bit varying", "varbit", "1"),
    _base("tsvector", "tsvector", "'a'"),
    _base("tsquery", "tsquery", "'a'"),
    _base("jsonpath", "jsonpath", '$."a"'),
    _base("point", "point", "(1,2)"),
    _base("line", "line", "{1,2,3}"),
    _base("lseg", "lseg", "[(1,2),(3,4)]"),
    _base("box", "box", "(3,4),(1,2)"),
    _base("path", "path", "((1,2),(3,4))"),
    _base("polygon", "polygon", "((1,2),(3,4))"),
    _base("circle", "circle", "<(1,2),3>"),
    _base("oid", "oid", "7"),
    _base("xid", "xid", "7"),
    _base("xid8", "xid8", "7"),
    _base("cid", "cid", "7"),
    _base("tid", "tid", "(0,1)"),
    _base("pg_lsn", "pg_lsn", "0/1"),
    _base("pg_snapshot", "pg_snapshot", "1:1:"),
    _base("refcursor", "refcursor", "a"),
    _base("regclass", "regclass", "pg_class"),
    _base("regtype", "regtype", "integer"),
    _base("int2vector", "int2vector", "1 2"),
    _base("oidvector", "oidvector", "1 2"),
    _own("ltree", "public.ltree", "ltree", "a.b", type_schema="public", extension="ltree"),
)
