"""Which statements PostgreSQL refuses inside a transaction block. Source: PreventInTransactionBlock in PostgreSQL 15 to 18."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/", re.DOTALL)
_ALONE = re.compile(
    r"""
      (create|drop|alter)\s+(database|tablespace|subscription)\b
    | alter\s+system\b
    | create\s+(unique\s+)?index\s+concurrently\b
    | drop\s+index\s+concurrently\b
    | reindex\s+(\([^)]*\)\s*)?(schema|database|system)\b
    | reindex\s+(\([^)]*\)\s*)?(index|table)\s+concurrently\b
    | reindex\s*\([^)]*\bconcurrently\b
    | alter\s+table\b.*\bdetach\s+partition\b.*\bconcurrently\b
    | vacuum\b
    | cluster\s*(\([^)]*\)\s*)?(verbose\s*)?;?\s*\Z
    | discard\s+all\b
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
# Procedures and DO blocks may COMMIT; of a partitioned table, these work through its partitions in transactions.
_MAY_END_ITS_TRANSACTION = re.compile(r"(call|do|reindex|cluster)\b", re.IGNORECASE)
_OF_TRANSACTIONS = re.compile(
    r"(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b",
    re.IGNORECASE,
)


def skip_comments(sql: str) -> str:
    """The statement from its first word on."""
    place = 0
    while found := _COMMENT.match(sql, place):
        place = found.end()
    return sql[place:]


def must_stand_alone(sql: str) -> bool:
    """A partitioned table's REINDEX, too, but its name alone does not tell; the server does."""
    return _ALONE.match(skip_comments(sql)) is not None


def may_end_its_transaction(sql: str) -> bool:
    """Whether PostgreSQL would refuse it in a block only the server can tell: it is left to commit by itself."""
    return _MAY_END_ITS_TRANSACTION.match(skip_comments(sql)) is not None


def controls_transactions(sql: str) -> bool:
    return _OF_TRANSACTIONS.match(skip_comments(sql)) is not None
