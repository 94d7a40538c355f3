"""Statements by which the server itself goes elsewhere: what keeps env.py in does not keep the clone's server in. Pure.

Read from the text, before it is sent; what stands in functions and DO blocks is not seen.
"""

from __future__ import annotations

from itertools import pairwise

from dbtool.locks.statements import Statement, parse_statements
from dbtool.locks.tokens import Token, TokenKind, tokenize

_DBLINK = frozenset(
    ["DBLINK", "DBLINK_CONNECT", "DBLINK_CONNECT_U", "DBLINK_EXEC", "DBLINK_OPEN", "DBLINK_SEND_QUERY"]
)
_RUNS = frozenset(["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES"])


def find_way_out(sql: str) -> str:
    """What of the statement would reach beyond the clone, in words; empty where nothing does."""
    lowered = sql.lower()
    if not any(word in lowered for word in ("subscription", "program", "dblink", "foreign")):
        return ""
    return next((way for one in parse_statements(sql) if (way := _way_of(one))), "")


def _way_of(one: Statement) -> str:
    if one.verb == "CREATE SUBSCRIPTION" and not one.says("CONNECT", "", "FALSE"):  # marks are no words
        return "CREATE SUBSCRIPTION makes a slot on the publisher (connect = false does not)"
    if one.words[:3] == ("IMPORT", "FOREIGN", "SCHEMA"):
        return "IMPORT FOREIGN SCHEMA asks another server"
    tokens = tuple(tokenize(one.text))
    if one.words[:1] == ("COPY",) and _names_program(tokens):
        return "COPY … PROGRAM runs a program on the server's machine"
    if one.words[:1] and one.words[0] in _RUNS and _calls_dblink(tokens):
        return "dblink connects to another database"
    return ""


def _names_program(tokens: tuple[Token, ...]) -> bool:
    return any(
        word.kind is TokenKind.WORD and word.text == "PROGRAM" and command.kind is TokenKind.STRING
        for word, command in pairwise(tokens)
    )


def _calls_dblink(tokens: tuple[Token, ...]) -> bool:
    return any(
        word.kind is TokenKind.WORD and word.text in _DBLINK and mark.text == "("
        for word, mark in pairwise(tokens)
    )
