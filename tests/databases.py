"""Databases that tests make, ask, and drop with all that came to be beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer

_SESSIONS = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE starts_with(datname, %s) AND backend_type = 'client backend')
"""
_LEAVING_TAKES_AT_MOST_S = 0.2


def create_database(server: EmbeddedServer, name: str) -> str:
    """Its URL."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    return server.url(name)


@contextmanager
def own_database(server: EmbeddedServer, name: str) -> Iterator[str]:
    """For a database that outlives a test, or is on a server of its choice."""
    try:
        yield create_database(server, name)
    finally:
        drop_databases(server, name)


def drop_databases(server: EmbeddedServer, *prefixes: str) -> None:
    """Those whose names begin with one of ``prefixes``: candidates' and previous ones' begin with the live one's."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for prefix in prefixes:
            _await_the_end_of_sessions(connection, prefix)
            found = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
            )
            for (name,) in found.fetchall():
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _await_the_end_of_sessions(connection: psycopg.Connection, prefix: str) -> None:
    """A closed connection's process is there for some milliseconds yet, and DROP DATABASE looks every 100 whether it is."""
    until = time.monotonic() + _LEAVING_TAKES_AT_MOST_S
    while time.monotonic() < until and connection.execute(_SESSIONS, [prefix]).fetchone() == (True,):
        time.sleep(0.002)


def execute(url: str, statements: str) -> None:
    with psycopg.connect(
        url, autocommit=True, client_encoding="UTF8", options="-c statement_timeout=0"
    ) as connection:
        connection.execute(statements.encode())


def query(url: str, text: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(
        url, autocommit=True, client_encoding="UTF8", options="-c statement_timeout=0"
    ) as connection:
        return connection.execute(text.encode()).fetchall()


def column_of(url: str, text: str) -> list[Any]:
    return [value for (value,) in query(url, text)]
