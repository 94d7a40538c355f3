"""Conditions written in the rules, before they become part of a query: parsed by the server, and not run."""

from __future__ import annotations

from psycopg import pq, sql

from dbtool.catalog.relations import RelationName
from dbtool.errors import DbtoolError, PrivilegeMissing, RulesInvalid, ServerFailed
from dbtool.postgres.session import Connection, translated
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SqlText

_INSUFFICIENT_PRIVILEGE = "42501"
_CONNECTION_FAILURES = ("08", "57P")

# Alone a condition must end where its text ends, so that no bracket in it closes ours; within brackets it must be one
# expression, so that nothing follows it. What is both stays itself wherever it is put within brackets. The lines of
# their own end its comments.
_ALONE = "SELECT FROM ONLY {} AS {} WHERE\n"
_IN_BRACKETS = "SELECT FROM ONLY {} AS {} WHERE (\n"


def check_condition(connection: Connection, table: RelationName, condition: SqlText) -> None:
    """The condition is one boolean expression over rows of ``table``, whose bare name it may use.

    The connection's transaction, if it is in one, goes on as it was.

    :raises RulesInvalid: it is not; with the server's own words, which quote the condition and no row, and the place.
    """
    for opening, closing in ((_ALONE, "\n"), (_IN_BRACKETS, "\n)")):
        with translated(f"checking a condition on {table}"), connection.transaction():
            _parse(connection, table, condition, opening, closing)


def _parse(
    connection: Connection, table: RelationName, condition: SqlText, opening: str, closing: str
) -> None:
    """The protocol's Parse, which takes one statement, looks names up and runs nothing."""
    names = sql.Identifier(table.schema, table.name), sql.Identifier(table.name)
    prefix = sql.SQL(opening).format(*names).as_string(connection)
    result = connection.pgconn.prepare(b"", f"{prefix}{condition.text}{closing}".encode())
    if result.status != pq.ExecStatus.COMMAND_OK:
        raise _refusal(result, table, condition, len(prefix))
    if connection.pgconn.describe_prepared(b"").nparams:
        raise RulesInvalid([f"{condition.at}: a condition has no parameters such as $1"])


def _refusal(result: pq.abc.PGresult, table: RelationName, condition: SqlText, before: int) -> DbtoolError:
    code = _field(result, pq.DiagnosticField.SQLSTATE)
    message = _field(result, pq.DiagnosticField.MESSAGE_PRIMARY) or "the condition could not be checked"
    if code == _INSUFFICIENT_PRIVILEGE:
        return PrivilegeMissing(f"{message} while checking a condition on {table}")
    if not code or code.startswith(_CONNECTION_FAILURES):
        return ServerFailed(f"{message} while checking a condition on {table}", code or None)
    position = _field(result, pq.DiagnosticField.STATEMENT_POSITION)
    at = place_in(condition, int(position) - 1 - before) if position else condition.at
    hint = _field(result, pq.DiagnosticField.MESSAGE_HINT)
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
