"""Rows of pg_type → ColumnType, with domains and arrays taken off. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dbtool.catalog.relations import ColumnType, RelationName, TypeKind, quote_identifier
from dbtool.postgres.sql import Row

_KINDS = {
    "e": TypeKind.ENUM,
    "c": TypeKind.COMPOSITE,
    "r": TypeKind.RANGE,
    "m": TypeKind.MULTIRANGE,
}
_HEADER = 4  # VARHDRSZ: varchar, char and numeric count it into their type modifier
_NUMERIC_SCALE_BITS = 0x7FF
_NUMERIC_SCALE_SIGN = 0x400


def resolve_type(types: Mapping[int, Row], oid: int, modifier: int, sql: str) -> ColumnType:
    """Follow domains and arrays, in any nesting, down to what single values are made of."""
    row, is_array = types[oid], False
    domains: list[str] = []
    checks: list[str] = []
    while (inner := row["element"] or row["domain_of"]) != 0:
        if row["element"]:
            is_array = True
        else:
            domains.append(str(RelationName(row["schema"], row["name"])))
            checks.extend(row["checks"])
            modifier = row["domain_modifier"]
        row = types[inner]
    length, precision, scale = read_modifier(row["name"], modifier)
    return ColumnType(
        sql=sql,
        base=row["name"],
        kind=_KINDS.get(row["kind"], TypeKind.BASE),
        is_array=is_array,
        type_schema=row["schema"],
        extension=row["extension"],
        length=length,
        precision=precision,
        scale=scale,
        labels=tuple(row["labels"]),
        domains=tuple(domains),
        domain_checks=tuple(checks),
        made_of=tuple(_spell_part(types, *part) for part in row["parts"] or ()),
    )


def _spell_part(types: Mapping[int, Row], name: str | None, oid: int, modifier: int, sql: str) -> str:
    """An attribute or a range's bounds, with what these are made of in turn."""
    part = resolve_type(types, oid, modifier, sql)
    inner = f" ({', '.join(part.made_of)})" if part.made_of else ""
    return f"{quote_identifier(name)} {sql}{inner}" if name else f"{sql}{inner}"


def forbids_null(types: Mapping[int, Row], oid: int) -> bool:
    """Whether a domain of the column itself (not of an array's elements) is NOT NULL."""
    row = types[oid]
    while row["domain_of"] != 0:
        if row["domain_not_null"]:
            return True
        row = types[row["domain_of"]]
    return False


def read_modifier(base: str, modifier: int) -> tuple[int | None, int | None, int | None]:
    """Length, precision and scale as pg_attribute.atttypmod packs them; -1 is no limit."""
    if modifier < 0:
        return None, None, None
    match base:
        case "varchar" | "bpchar":
            return modifier - _HEADER, None, None
        case "bit" | "varbit":
            return modifier, None, None
        case "numeric":
            packed = modifier - _HEADER
            scale = ((packed & _NUMERIC_SCALE_BITS) ^ _NUMERIC_SCALE_SIGN) - _NUMERIC_SCALE_SIGN
            return None, packed >> 16, scale
    return None, None, None
