"""Keys of a root's rows, told in one value for each page range: a row at a time the driver would take far longer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from psycopg import sql

from dbtool.catalog.relations import Relation
from dbtool.copytext import column_names, decode, parse_block
from dbtool.digest import Digest
from dbtool.postgres.readings import column
from dbtool.postgres.tid_arrays import join_tids
from dbtool.subset.row_set import NO_ROWS, RowIds
from dbtool.subset.seeds import NO_PLACES, Places, find_places, find_places_of_numbers

_NUMBERS = frozenset(["int2", "int4", "int8", "oid"])
_PLAIN = _NUMBERS | {"uuid"}
_TOLD = np.dtype([("block", ">u4"), ("offset", ">u2"), ("key", ">i8")])


def tell_keys(relation: Relation, key: Sequence[str], alias: str) -> sql.Composable:
    """An aggregate of the rows' ctids and keys: one number in binary, all else as text in COPY's escapes."""
    tid = sql.SQL("pg_catalog.tidsend({})").format(column(alias, "ctid"))
    if _is_number(relation, key):
        number = sql.SQL("pg_catalog.int8send({}::pg_catalog.int8)").format(column(alias, key[0]))
        row = sql.SQL("pg_catalog.byteacat({}, {})").format(tid, number)
        return sql.SQL("pg_catalog.string_agg({}, ''::pg_catalog.bytea)").format(row)
    fields = [
        sql.SQL("pg_catalog.encode({}, 'hex')").format(tid),
        *(_told(relation, alias, name) for name in key),
    ]
    return sql.SQL("pg_catalog.string_agg(pg_catalog.concat_ws(E'\t', {}), E'\n')").format(
        sql.SQL(", ").join(fields)
    )


def parse_keys(
    relation: Relation, key: Sequence[str], told: bytes | str | None, digest: Digest
) -> tuple[RowIds, Places]:
    """What ``tell_keys`` gave, None of no rows → each row's id and the place that the hash of its key gives it."""
    if not told:
        return NO_ROWS, NO_PLACES
    if isinstance(told, bytes):
        rows = np.frombuffer(told, _TOLD)
        return join_tids(rows["block"], rows["offset"]), find_places_of_numbers(digest, rows["key"])
    width = 1 + len(key)
    frame = parse_block(f"{told}\n".encode(), width, str(relation.ruled_by))
    first, *rest = column_names(width)
    ids = frame[first].str.to_integer(base=16, dtype=pl.UInt64).to_numpy()
    return ids, find_places(digest, pl.DataFrame([decode(frame[name]) for name in rest]))


def _is_number(relation: Relation, key: Sequence[str]) -> bool:
    return len(key) == 1 and _is_one_of(_NUMBERS, relation, key[0])


def _is_one_of(types: frozenset[str], relation: Relation, name: str) -> bool:
    kind = relation.get_column(name).type
    return kind.type_schema == "pg_catalog" and kind.base in types and not kind.is_array


def _told(relation: Relation, alias: str, name: str) -> sql.Composable:
    """Numbers have nothing to escape, and looking for it would be most of what they cost."""
    if _is_one_of(_PLAIN, relation, name):
        return sql.SQL("{}::pg_catalog.text").format(column(alias, name))
    return _escaped(column(alias, name))


def _escaped(name: sql.Composable) -> sql.Composable:
    """A text as COPY would write it. Under "C": in one of a nondeterministic collation nothing can be replaced before 18."""
    text: sql.Composable = sql.SQL('{}::pg_catalog.text COLLATE pg_catalog."C"').format(name)
    for plain, escaped in ((r"\\", r"\\\\"), (r"\t", r"\\t"), (r"\n", r"\\n"), (r"\r", r"\\r")):
        text = sql.SQL("pg_catalog.replace({}, E'{}', E'{}')").format(text, sql.SQL(plain), sql.SQL(escaped))
    return text
