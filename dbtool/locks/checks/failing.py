"""The check on what does not run at all."""

from __future__ import annotations

from dbtool.locks.checks.check import Check

STATEMENT_FAILS = Check(
    "statement-fails",
    "A statement failed on the clone.",
    "It would fail on the target as well. Many failures need data to show: rows that break a new constraint, values that "
    "another type cannot hold.",
    bad='op.alter_column("orders", "email", nullable=False)  # 23502: column contains null values',
    good="""\
op.execute("UPDATE orders SET email = '' WHERE email IS NULL")  # in batches, the revision before
op.alter_column("orders", "email", nullable=False)""",
    never_waived="a revision that failed has not been rehearsed to its end, and nothing can be said of the rest",
)
