"""What PostgreSQL's own functions would do beside giving a value, where the rules' SQL calls them. A read-only transaction
keeps tables as they are; it does not keep a function from ending sessions, reading the server's files or writing elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from psycopg import sql

from dbtool.catalog.relations import RelationName
from dbtool.errors import RulesInvalid
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.rules.subset_model import SqlText

# EXPLAIN spells every call anew, after what is SQL has been put in its place: no comment hides one, and no quotes.
_EXPLAINED = "EXPLAIN (VERBOSE, COSTS off, FORMAT json) SELECT (\n{}\n) FROM ONLY {} AS {}"
_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_CALL = re.compile(rf"'(?:[^']|'')*'|({_NAME}(?:\.{_NAME})*)(\()?")
# All that they do is to give what nobody can foresee.
_HARMLESS = (
    "random",
    "random_normal",
    "gen_random_uuid",
    "uuidv4",
    "uuidv7",
    "clock_timestamp",
    "timeofday",
    "array_sample",
    "array_shuffle",
    "gen_random_bytes",
    "gen_salt",
    "pgp_sym_encrypt",
    "pgp_sym_encrypt_bytea",
    "pgp_pub_encrypt",
    "pgp_pub_encrypt_bytea",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
)
_DOING_MORE = """
SELECT DISTINCT p.proname::pg_catalog.text
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE (pg_catalog.quote_ident(p.proname) = ANY (%(names)s)
    OR pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) = ANY (%(names)s))
  AND p.provolatile = 'v' AND NOT p.proname = ANY (%(harmless)s)
  AND (n.nspname = 'pg_catalog' OR EXISTS (
      SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'))
ORDER BY 1
"""


def check_harmless(
    connection: Connection, relation: RelationName, expression: SqlText, *, called: str | None = None
) -> None:
    """The expression, which ``check_expression`` has let pass, calls no volatile function of PostgreSQL or an extension that
    does more than to give a value. What the database's own functions do is their owner's to know. It is planned and not run.

    :raises RulesInvalid: it does.
    """
    names = sql.Identifier(relation.schema, relation.name), sql.Identifier(called or relation.name)
    query = sql.SQL(_EXPLAINED).format(sql.SQL(expression.text), *names)
    with translated(f"checking an expression for {relation}"), connection.transaction(force_rollback=True):
        row = connection.execute(query).fetchone()
        calls = {call for text in _texts(row and row[0]) for call in find_calls(text)}
        found = connection.execute(
            _DOING_MORE, {"names": list(calls), "harmless": list(_HARMLESS)}
        ).fetchall()
    if found:
        listed = ", ".join(f"{name}()" for (name,) in found)
        problem = (
            f"the expression calls {listed}, which may do more than give a value; leave it out, or where it is meant call a "
            "function of your own that does"
        )
        raise RulesInvalid([f"{expression.at}: {problem}"])


def find_calls(text: str) -> Iterator[str]:
    """Pure. The functions called in SQL as the server spells it, each as it is spelt there."""
    for found in _CALL.finditer(text):
        if found[2]:
            yield found[1]


def _texts(plan: Any) -> Iterator[str]:
    """Everything that is said in a plan."""
    if isinstance(plan, str):
        yield plan
    elif isinstance(plan, dict | list):
        for part in plan.values() if isinstance(plan, dict) else plan:
            yield from _texts(part)
