"""Did each mask do what it promised? Judged from the tallies that streaming left. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dbtool.catalog.relations import ColumnRef
from dbtool.findings import Finding, Severity
from dbtool.masking.block import ColumnTally
from dbtool.masking.compile import ColumnMask
from dbtool.masking.mask import Overlap

_SIGMAS = 5


@dataclass(frozen=True, slots=True)
class FixedRate:
    """How many distinct originals equal their own stand-in, beside what chance alone would give.

    ``distinct`` and ``fixed`` are estimates from a sample by hash where there are very many.
    """

    column: ColumnRef
    mask: str
    distinct: int
    fixed: int
    expected: float

    @property
    def rate(self) -> float:
        return self.fixed / self.distinct if self.distinct else 0.0


def judge_tally(
    column: ColumnMask, where: ColumnRef, tally: ColumnTally
) -> tuple[Finding | None, FixedRate | None]:
    """Zero rows may keep their original under a disjoint mask; by chance no more than chance and five sigma."""
    if column.overlap is Overlap.DISJOINT:
        if tally.fixed == 0:
            return None, None
        message = (
            f"{tally.fixed} of {tally.rows} rows kept their original under a mask whose outputs are disjoint"
        )
        return Finding("surviving-value", Severity.ERROR, str(where), message), None
    if column.overlap is Overlap.NOT_READ or column.source_sql is not None or column.mask is None:
        return None, None
    distinct, fixed = tally.distinct.estimate, tally.distinct_fixed.estimate
    expected = _expected_fixed(column, distinct)
    rate = FixedRate(where, column.mask.name, distinct, fixed, expected / distinct if distinct else 0.0)
    # At least one distinct value may be fixed by luck, however small the column.
    allowed = max(1.0, expected + _SIGMAS * math.sqrt(expected))
    if fixed <= allowed:
        return None, rate
    message = f"about {fixed} of {distinct} distinct values equal their own stand-in; chance would give {expected:.1f}"
    return Finding("fixed-above-chance", Severity.ERROR, str(where), message), rate


def _expected_fixed(column: ColumnMask, distinct: int) -> float:
    """A permutation has one fixed point on average, and a column has one of either sign for each count of digits.

    So what is expected depends on the spaces that so many values can fill, and on their number no more: a foreign
    key repeats 50 keys in a million rows, and as many of the 50 are fixed as there.
    """
    if not column.permutes:
        return column.expected_fixed_rate * distinct
    return min(float(distinct), 1.0 + 2 * len(str(distinct)))
