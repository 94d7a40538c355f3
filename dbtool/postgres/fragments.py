"""Conditions written in the rules, before they become part of a query: parsed by the server, and not run."""

from __future__ import annotations

from psycopg import pq, sql

from dbtool.catalog.relations import RelationName
from dbtool.errors import DbtoolError, PrivilegeMissing, RulesInvalid, ServerFailed
from dbtool.postgres.server_errors import translated
from dbtool.postgres.session import Connection
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText

_INSUFFICIENT_PRIVILEGE = "42501"
_NOT_ITS_FAULT = ("08", "53", "55P03", "57")  # a lost connection, no room, a lock, an end

# Alone a condition must end where its text ends, so that no bracket in it closes ours; within brackets it must be one
# expression, so that nothing follows it. What is both stays itself wherever it is put within brackets. The lines of
# their own end its comments.
_ALONE = "SELECT FROM ONLY {} AS {} WHERE\n"
_IN_BRACKETS = "SELECT FROM ONLY {} AS {} WHERE (\n"


# The same of an expression of any type, which may be a constant: no bracket in it can close both kinds. In the first it stands
# as it will in the COPY, beside the column whose type it must have; WHERE takes no aggregates and no windows.
_IN_PLACE = "SELECT CASE WHEN {} IS NOT NULL THEN (\n", "\n) END, {} FROM ONLY {} AS {}"
_IN_ARRAY = "SELECT FROM ONLY {} AS {} WHERE ARRAY[\n"


def check_condition(
    connection: Connection, table: RelationName, condition: SqlText, *, called: str | None = None
) -> None:
    """The condition is one boolean expression over rows of ``table``, whose bare name, or what it is ``called``, it may use.

    The connection's transaction, if it is in one, goes on as it was.

    :raises RulesInvalid: it is not; with the server's own words, which quote the condition and no row, and the place.
    """
    names = sql.Identifier(table.schema, table.name), sql.Identifier(called or table.name)
    for opening, closing in ((_ALONE, "\n"), (_IN_BRACKETS, "\n)")):
        with translated(f"checking a condition on {table}"), connection.transaction(force_rollback=True):
            _prepare(connection, table, condition, sql.SQL(opening).format(*names), sql.SQL(closing))


# A subquery whose columns may change from one reading to the next is not dissolved into the query around it. Without
# its partitions a partitioned table would have no rows, and nothing to plan.
_TWICE = "EXPLAIN (FORMAT json) SELECT s.one FROM (SELECT (\n{}\n) AS holds, 1 AS one FROM {} AS {}) AS s"


def check_steady(
    connection: Connection, table: RelationName, condition: SqlText, *, called: str | None = None
) -> None:
    """The condition, which ``check_condition`` has let pass, says the same of a row whenever it is asked within a snapshot. It is
    planned and not run.

    :raises RulesInvalid: it does not.
    :raises PrivilegeMissing: the role may not use what it names.
    """
    names = sql.Identifier(table.schema, table.name), sql.Identifier(called or table.name)
    query = sql.SQL(_TWICE).format(sql.SQL(condition.text), *names)
    with translated(f"checking a condition on {table}"), connection.transaction(force_rollback=True):
        row = connection.execute(query).fetchone()
    if row is not None and row[0][0]["Plan"]["Node Type"] == "Subquery Scan":
        problem = (
            "the condition may say something else of the same row when it is asked again, or do more than say it, by a "
            "volatile function such as random() or nextval(); use what is declared STABLE or IMMUTABLE"
        )
        raise RulesInvalid([f"{condition.at}: {problem}"])


def check_expression(
    connection: Connection,
    relation: RelationName,
    column: str,
    expression: SqlText,
    *,
    called: str | None = None,
) -> None:
    """The expression is one value over rows of ``relation``, of a type that ``column`` takes without being asked to.

    :raises RulesInvalid: it is not; as ``check_condition``.
    """
    doing = f"checking an expression for {relation}"
    names = sql.Identifier(relation.schema, relation.name), sql.Identifier(called or relation.name)
    own = sql.Identifier(column)
    with translated(doing), connection.transaction(force_rollback=True):
        _prepare(
            connection, relation, expression, sql.SQL(_IN_ARRAY).format(*names), sql.SQL("\n] IS NOT NULL")
        )
    with translated(doing), connection.transaction(force_rollback=True):
        opening, closing = (sql.SQL(part) for part in _IN_PLACE)
        found, wanted = _prepare(
            connection, relation, expression, opening.format(own), closing.format(own, *names)
        )
        row = connection.execute(_FITS, {"found": found, "wanted": wanted}).fetchone()
    if row is not None and not row[0]:
        raise RulesInvalid(
            [
                f"{expression.at}: the expression is of type {row[1]}, and the column of type {row[2]}; cast it to that"
            ]
        )


# Texts of every type are told alike. A domain is told as what it is over.
_FITS = """
SELECT %(found)s::oid = %(wanted)s::oid
    OR (SELECT pg_catalog.count(*) = 2 FROM pg_catalog.pg_type
        WHERE oid IN (%(found)s, %(wanted)s) AND typcategory = 'S')
    OR EXISTS (SELECT FROM pg_catalog.pg_cast
               WHERE castsource = %(found)s AND casttarget = %(wanted)s AND castcontext = 'i'),
    pg_catalog.format_type(%(found)s, NULL), pg_catalog.format_type(%(wanted)s, NULL)
"""


def _prepare(
    connection: Connection,
    table: RelationName,
    text: SqlText,
    opening: sql.Composable,
    closing: sql.Composable,
) -> tuple[int, ...]:
    """The protocol's Parse, which takes one statement, looks names up and runs nothing; the types of what it would give."""
    prefix = opening.as_string(connection)
    statement = f"{prefix}{text.text}{closing.as_string(connection)}"
    result = connection.pgconn.prepare(b"", statement.encode())
    if result.status != pq.ExecStatus.COMMAND_OK:
        raise _refusal(result, table, text, len(prefix))
    described = connection.pgconn.describe_prepared(b"")
    if described.nparams:
        raise RulesInvalid([f"{text.at}: a condition has no parameters such as $1"])
    return tuple(described.ftype(index) for index in range(described.nfields))


def _refusal(result: pq.abc.PGresult, table: RelationName, condition: SqlText, before: int) -> DbtoolError:
    code = _field(result, pq.DiagnosticField.SQLSTATE)
    message = _field(result, pq.DiagnosticField.MESSAGE_PRIMARY) or "the condition could not be checked"
    if code == _INSUFFICIENT_PRIVILEGE:
        return PrivilegeMissing(f"{message} while checking a condition on {table}")
    if not code or code.startswith(_NOT_ITS_FAULT):
        return ServerFailed(f"{message} while checking a condition on {table}", code or None)
    position = _field(result, pq.DiagnosticField.STATEMENT_POSITION)
    at = place_in(condition, int(position) - 1 - before) if position else condition.at
    hint = _field(result, pq.DiagnosticField.MESSAGE_HINT)
    message = " ".join(message.split())  # some quote the line's end behind the condition
    return RulesInvalid([f"{at}: {message}" + (f" ({hint})" if hint else "")])


def _field(result: pq.abc.PGresult, name: pq.DiagnosticField) -> str:
    return (result.error_field(name) or b"").decode(errors="replace")


def place_in(condition: SqlText, index: int) -> Position:
    """Where in the file the character at ``index`` of the text stands; beyond its end, the last one.

    Text of several lines is a block, whose lines are all indented as its first is.
    """
    before = condition.text[: max(0, min(index, len(condition.text) - 1))]
    line = before.count("\n")
    column = len(before) - (before.rfind("\n") + 1)
    return Position(condition.at.file, condition.at.line + line, condition.at.column + column)
