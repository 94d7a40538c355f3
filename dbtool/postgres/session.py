"""Connections whose every session setting is pinned.

Both ends of a copy must print and read values alike: with a role on ``DateStyle SQL, DMY`` 2024-02-01 arrived
as 2024-01-02 without an error. psql gets the same settings as text (``PINNED_SETTINGS_SQL``),
pg_dump and pg_restore as options (``pinned_options``): they pin a part of them by themselves.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg

from dbtool.errors import DbtoolError, ServerUnreachable
from dbtool.postgres.parameters import CONNECT_TIMEOUT_S
from dbtool.postgres.server_errors import translated
from dbtool.postgres.urls import parse_url

Connection = psycopg.Connection[tuple[Any, ...]]

# What psycopg could not do for a connection that is being ended is of no use to the user, for whom logging's last
# resort would print it.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_PINNED = (
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("xmloption", "content"),
    ("xmlbinary", "base64"),
    ("lc_monetary", "C"),
    ("lc_numeric", "C"),  # these two by to_char, in materialised views
    ("lc_time", "C"),
    ("search_path", "pg_catalog, pg_temp"),  # last: a trigger on login may have made temporary tables
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("synchronize_seqscans", "off"),
    ("row_security", "off"),  # an error instead of hidden rows
    ("client_encoding", "UTF8"),
    ("standard_conforming_strings", "on"),
    ("default_transaction_isolation", "read committed"),  # a standby has no serializable one
    ("default_transaction_deferrable", "off"),
    ("default_tablespace", ""),  # the database's own
    ("transform_null_equals", "off"),
    ("client_min_messages", "error"),  # what a session may have the server log may be sent to it, too
    ("array_nulls", "on"),  # without it NULL in an array arrives as the text NULL
    ("quote_all_identifiers", "off"),  # expressions of the catalog are compared between servers
)
PINNED_SETTINGS_SQL = "".join(
    "SET {} = '{}';\n".format(name, value.replace(", ", "', '")) for name, value in _PINNED
)
# transaction_timeout exists from 17 on; to name it on an older server would be an error.
_PINNED_FROM_17_SQL = "SET transaction_timeout = '0';\n"
_HAS_TRANSACTION_TIMEOUT = 17
READ_ONLY_SQL = "SET default_transaction_read_only = on;\n"
READ_WRITE_SQL = "SET default_transaction_read_only = off;\n"

# A session may be silent for hours while another builds an index. What lies between forgets it within minutes (a load
# balancer, NAT), and a server that is gone would be waited for for ever: the systems' own keepalives begin after two hours.
KEEPALIVES = {"keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "6"}


def pinned_options(server_major: int) -> str:
    """The same for programs that connect by themselves, in PGOPTIONS."""
    pinned = [*_PINNED, *([("transaction_timeout", "0")] if server_major >= _HAS_TRANSACTION_TIMEOUT else [])]
    return " ".join("-c " + f"{name}={value}".replace(" ", r"\ ") for name, value in pinned)


def connect(
    url: str,
    *,
    application_name: str = "dbtool",
    autocommit: bool = True,
    database: str | None = None,
    read_only: bool = False,
) -> Connection:
    """Connect with every session setting pinned. Close it yourself, or use it as a context manager.

    :raises ServerUnreachable: with the server's own reason, never the URL.
    """
    parameters: dict[str, Any] = dict(parse_url(url, database=database))
    parameters = {"connect_timeout": CONNECT_TIMEOUT_S, **KEEPALIVES, **parameters}
    parameters["application_name"] = application_name
    try:
        connection: Connection = psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise _unreachable(parameters, error) from None
    pinned = PINNED_SETTINGS_SQL + (READ_ONLY_SQL if read_only else READ_WRITE_SQL)
    if connection.info.server_version // 10_000 >= _HAS_TRANSACTION_TIMEOUT:
        pinned += _PINNED_FROM_17_SQL
    try:
        with translated("setting up the session"):
            connection.execute(pinned.encode())
    except DbtoolError:
        connection.close()
        raise
    connection.autocommit = autocommit
    return connection


def describe_address(parameters: dict[str, Any]) -> str:
    host = parameters.get("host") or "the local socket"
    return f"{host}:{parameters.get('port') or 5432}/{parameters.get('dbname') or ''}"


def _unreachable(parameters: dict[str, Any], error: psycopg.Error) -> ServerUnreachable:
    """The first line has the reason; what follows asks whether the server is running."""
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
    secret = parameters.get("password")
    if secret:
        reason = reason.replace(str(secret), "…")
    return ServerUnreachable(f"cannot connect to {describe_address(parameters)}: {reason}")
