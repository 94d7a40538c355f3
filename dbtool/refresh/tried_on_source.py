"""What the source is asked of a plan, beyond its catalog: does it take the constants and what the
rules' own SQL and functions make, and do CHECKs hold?
"""

from __future__ import annotations

from dbtool.findings import Finding
from dbtool.masking.compile import MaskingPlan
from dbtool.refresh.ends import Lend
from dbtool.refresh.sampled_checks import sample_checks
from dbtool.refresh.tried_constants import try_constants
from dbtool.refresh.tried_own import try_own


def try_on_source(lend: Lend, plan: MaskingPlan) -> tuple[Finding, ...]:
    """The plan's findings, after the source was asked. Its masks see rows for that: whoever records what they see must not
    listen.
    """
    tried = (*sample_checks(lend, plan), *try_constants(lend, plan))
    return (*tried, *try_own(lend, plan, tried))
