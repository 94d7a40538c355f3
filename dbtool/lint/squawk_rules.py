"""Which of squawk's rules add to what a rehearsal has seen. Pure.

squawk judges the text alone: it takes a table of 300 rows for a large one, and a change that PostgreSQL proves to be
harmless for a rewrite. Where the trace has the answer, the trace is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dbtool.findings import Finding, Severity
from dbtool.locks.trace import StatementTrace

_PREFIX = "squawk-"

# Said by a check of ours from what was measured; rule → by which.
SUPERSEDED = {
    "require-concurrent-index-creation": "index-build-under-lock",
    "require-concurrent-index-deletion": "lock-queue",
    "require-concurrent-reindex": "index-build-under-lock",
    "require-concurrent-partition-detach": "lock-queue",
    "constraint-missing-not-valid": "scan-under-lock",
    "adding-foreign-key-constraint": "scan-under-lock and lock-on-other-relation",
    "adding-field-with-default": "rewrite-under-lock",
    "adding-not-nullable-field": "scan-under-lock and statement-fails",
    "adding-serial-primary-key-field": "rewrite-under-lock and index-build-under-lock",
    "changing-column-type": "rewrite-under-lock; without a rewrite it is harmless",
    "disallowed-unique-constraint": "index-build-under-lock",
    "prefer-repack": "rewrite-under-lock",
    "renaming-column": "renamed",
    "renaming-table": "renamed",
    "renaming-object": "renamed",
    "ban-set-schema": "renamed",
    "ban-drop-column": "column-dropped",
    "ban-drop-table": "relation-dropped",
    "ban-drop-view": "relation-dropped",
    "ban-drop-database": "cluster-wide-statement",
    "ban-concurrent-index-creation-in-transaction": "statement-fails",
    "ban-alter-domain-with-add-constraint": "scan-under-lock",
    "require-enum-value-ordering": "enum-order",
}

# Done by dbtool itself, or about the text, whatever it does; rule → why it is left out.
LEFT_OUT = {
    "require-lock-timeout": "apply sets lock_timeout before every statement",
    "require-statement-timeout": "lock_timeout bounds the wait, and the rehearsal has measured the work",
    "require-timeout-settings": "both of the above",
    "syntax-error": "PostgreSQL has parsed the statement",
    "prefer-robust-stmts": "a revision is one transaction, and apply's journal knows what committed outside of one",
    "prefer-text-field": "a matter of taste: widening a varchar rewrites nothing",
    "prefer-bigint-over-smallint": "a matter of taste",
    "unused-ignore": "about squawk's own comments",
}

# Worth knowing, of no consequence to a database in use.
STYLE = frozenset(["prefer-bigint-over-int", "prefer-identity", "prefer-timestamp-tz", "ban-char-field"])


def merge(statement: StatementTrace, found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The statement's findings and those of squawk's that say something else."""
    return (*statement.findings, *_remaining(statement, found))


def _remaining(statement: StatementTrace, found: Iterable[Finding]) -> Iterator[Finding]:
    was_measured = _was_measured(statement)
    for finding in found:
        rule = finding.check.removeprefix(_PREFIX)
        if rule in LEFT_OUT or (rule in SUPERSEDED and was_measured):
            continue
        yield replace(finding, severity=Severity.INFO) if rule in STYLE else finding


def _was_measured(statement: StatementTrace) -> bool:
    """Locks are told where they are new: a later statement on the same table has none of its own, and its work alone."""
    seen = (
        statement.locks,
        statement.rewrites,
        statement.scans,
        statement.index_builds,
        statement.column_changes,
    )
    return any(seen) or statement.failure is not None
