"""What a new session begins with: the settings that decide how a migration behaves, not how fast."""

from __future__ import annotations

from collections.abc import Mapping

from dbtool.postgres.session import Connection
from dbtool.postgres.sql import read_rows

_OF_SESSIONS = (
    "array_nulls",
    "backslash_quote",
    "bytea_output",
    "check_function_bodies",
    "createrole_self_grant",
    "DateStyle",
    "default_table_access_method",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "escape_string_warning",
    "event_triggers",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "IntervalStyle",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lo_compat_privileges",
    "lock_timeout",
    "password_encryption",
    "quote_all_identifiers",
    "role",
    "row_security",
    "search_path",
    "session_replication_role",
    "standard_conforming_strings",
    "statement_timeout",
    "TimeZone",
    "timezone_abbreviations",
    "transaction_timeout",
    "transform_null_equals",
    "xmlbinary",
    "xmloption",
)
# How many locks one transaction may hold decides whether a migration of many partitions ends in "out of shared
# memory".
_OF_THE_SERVER = ("max_locks_per_transaction", "max_prepared_transactions")


def read_session_defaults(connection: Connection) -> Mapping[str, str]:
    """By name, for a session like the connection's before it changed anything."""
    rows = read_rows(connection, "session_defaults", {"names": list(_OF_SESSIONS)})
    return {row["name"]: row["value"] for row in rows}


def read_start_settings(connection: Connection) -> Mapping[str, str]:
    """Those that a server takes when it starts and not later."""
    rows = read_rows(connection, "server_settings", {"names": list(_OF_THE_SERVER)})
    return {row["name"]: row["value"] for row in rows}
