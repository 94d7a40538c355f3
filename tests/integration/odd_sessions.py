"""Settings that sessions may begin with, a database in which each could change something, and what a copy of it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.urls import parse_url
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

Copy = dict[str, Any]
SCHEMAS = Path(__file__).parent.parent / "schemas"

_ODD = {
    "DateStyle": "SQL, DMY",
    "TimeZone": "Asia/Kathmandu",
    "IntervalStyle": "sql_standard",
    "search_path": "shadow, pg_catalog, public",
    "client_encoding": "LATIN1",
    "client_min_messages": "debug1",
    "statement_timeout": "250ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "250ms",
    "idle_session_timeout": "250ms",
    "transaction_timeout": "250ms",
    "default_transaction_read_only": "on",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "default_tablespace": "dbtool_test_odd",
    "temp_tablespaces": "dbtool_test_odd",
    "default_toast_compression": "pglz",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "xmloption": "document",
    "xmlbinary": "hex",
    "standard_conforming_strings": "off",
    "escape_string_warning": "on",
    "backslash_quote": "off",
    "quote_all_identifiers": "on",
    "array_nulls": "off",
    "transform_null_equals": "on",
    "row_security": "on",
    "session_replication_role": "replica",
    "check_function_bodies": "on",
    "synchronize_seqscans": "on",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_tidscan": "off",
    "enable_partition_pruning": "off",
    "jit_above_cost": "0",
    "parallel_setup_cost": "0",
    "parallel_tuple_cost": "0",
    "min_parallel_table_scan_size": "0",
    "debug_parallel_query": "on",
    "work_mem": "64kB",
    "maintenance_work_mem": "1MB",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_parameter_max_length_on_error": "-1",
    "plpgsql.extra_errors": "all",
}
_LISTS = {"search_path", "temp_tablespaces"}
OF_SUPERUSERS = {"session_replication_role", "log_statement", "log_min_duration_statement"}
_SINCE = {"transaction_timeout": 17, "debug_parallel_query": 16}

RULES = """\
  public.value:
    {id: {keep: k}, born: {keep: k}, day: {keep: k}, moment: {keep: k}, local: {keep: k}, clock: {keep: k}, span: {keep: k},
     spans: {keep: k}, cash: {keep: k}, number: {keep: k}, single: {keep: k}, double: {keep: k}, raw: {keep: k}, body: {keep: k},
     tags: {keep: k}, words: {keep: k}, feeling: {keep: k}, during: {keep: k}, until: {keep: k}, place: {keep: k}, note: {keep: k}}
  public.person:
    id: {mask: permute_integer}
    email: {mask: email}
    born: {mask: shift_date, by: id}
    seen: {mask: shift_date, by: id}
    wage: {mask: amount_noise}
    phone: {mask: phone}
    aliases: {each: {mask: email}}
    papers: {json: {"$.email": {mask: email}, "$.n": {keep: k}}}
    said: {mask: sql, expression: public.slowly(said)}
    manager: {mask: permute_integer}
  public.reading: {at: {keep: k}, amount: {keep: k}, person: {mask: permute_integer}}
  shadow.pg_class: {oid: {keep: k}, relname: {keep: k}, relkind: {keep: k}, note: {keep: k}}
  shadow.pg_namespace: {oid: {keep: k}, nspname: {keep: k}}
"""
SUBSET = """\
subset:
  roots:
    - {table: public.person, percent: 20}
    - {table: public.person, where: "seen = '2024-01-31 00:00' OR manager = NULL"}
    - {table: public.value, limit: 30}
  referencing:
    edges:
      public.person.manager: none
      public.reading.person: {max_per_row: 2, order: at}
"""


@dataclass(frozen=True, slots=True)
class Ends:
    """URLs of the superuser's, and of roles that may do no more than they must."""

    source: str
    target: str
    maintenance: str
    reader: str
    writer: str

    def names(self) -> tuple[str, ...]:
        return tuple(parse_url(url)["dbname"] for url in (self.source, self.target, self.maintenance))


def as_role(url: str, role: str) -> str:
    return make_conninfo("", **{**parse_url(url), "user": role, "password": "odd"})


def odd_settings(server: EmbeddedServer) -> dict[str, str]:
    return {name: value for name, value in _ODD.items() if _SINCE.get(name, 0) <= server.major}


def spell(name: str, value: str) -> str:
    return f"{name} = {value}" if name in _LISTS else f"{name} = {sql.Literal(value).as_string()}"


def set_for(server: EmbeddedServer, *subjects: str) -> None:
    """ALTER … SET, as the superuser says it."""
    settings = odd_settings(server).items()
    execute(
        server.url(),
        "".join(f"ALTER {subject} SET {spell(*each)};" for subject in subjects for each in settings),
    )


@contextmanager
def odd_tablespace(server: EmbeddedServer) -> Iterator[None]:
    """Nobody but superusers may make anything in it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute("CREATE TABLESPACE dbtool_test_odd LOCATION ''")
    try:
        yield
    finally:
        execute(server.url(), "DROP TABLESPACE dbtool_test_odd")


def copy(ends: Ends, folder: Path, subset: str, source: str | None = None, target: str | None = None) -> None:
    rules = rules_of(RULES + subset, folder)
    maintenance = parse_url(ends.maintenance)["dbname"]
    refresh(
        request_for(
            source or ends.source,
            target or ends.target,
            folder,
            rules,
            maintenance_database=maintenance,
            adopt=True,
        )
    )


def describe(server: EmbeddedServer, url: str) -> Copy:
    """All that is in a copy."""
    return {
        "rows": inspection.count_rows(url),
        "values": inspection.checksum_kept(url, inspection.find_columns(url)),
        "sequences": query(
            url, "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"
        ),
        "spaces": query(url, "SELECT relname FROM pg_class WHERE reltablespace <> 0 AND NOT relisshared"),
        "schema": inspection.dump_schema(server, url),
    }
