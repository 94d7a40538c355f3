"""What the source is asked of a plan, beyond its catalog: does it take the constants and what the
rules' own SQL and functions make, and do CHECKs hold?
"""

from __future__ import annotations

from dbtool.findings import Finding
from dbtool.masking.compile import MaskingPlan
from dbtool.refresh.sampled_checks import sample_checks
from dbtool.refresh.tried_constants import try_constants
from dbtool.refresh.tried_own import try_own
from dbtool.targets import Target


def try_on_source(source: Target, plan: MaskingPlan) -> tuple[Finding, ...]:
    """The plan's findings, after the source was asked. Its masks see rows for that: whoever records what they see must not
    listen.
    """
    tried = (*sample_checks(source, plan), *try_constants(source, plan))
    return (*tried, *try_own(source, plan, tried))
