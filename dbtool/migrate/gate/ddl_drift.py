"""Whether the target's DDL is still the one that was rehearsed for. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dbtool.catalog.definitions import (
    changed_subjects,
    ddl_fingerprint,
    describe_drift,
    outline_ddl,
)
from dbtool.errors import Drift
from dbtool.findings import Finding, Severity
from dbtool.migrate.gate.evidence import Evidence
from dbtool.migrate.gate.outlines import Outlines
from dbtool.targets import Target

_NAMED = 5


def require_same_ddl(target: Target, evidence: Evidence, outlines: Outlines, ddl: Sequence[str]) -> None:
    """:raises Drift: it is another; named where the outline of the rehearsal's is at hand."""
    if ddl_fingerprint(ddl) == evidence.fingerprint_before:
        return
    drift = ""
    if outlines.before:
        drift = describe_drift(outlines.before, outline_ddl(ddl), _NAMED, with_texts=False)
    raise _drifted(target, evidence, drift or "the fingerprints of its DDL differ")


def compare_midway(
    target: Target, evidence: Evidence, outlines: Outlines, ddl: Sequence[str]
) -> tuple[Finding, ...]:
    """In the middle of an application nobody knows the whole, but what it does not touch must be as it was.

    :raises Drift: it is not.
    """
    if not outlines.before or not outlines.after:
        return (_not_compared(target),)
    touched = changed_subjects(outlines.before, outlines.after)
    elsewhere = sorted(changed_subjects(outlines.before, outline_ddl(ddl)) - touched)
    if elsewhere:
        more = f" and {len(elsewhere) - _NAMED} more" if len(elsewhere) > _NAMED else ""
        raise _drifted(target, evidence, f"{', '.join(elsewhere[:_NAMED])}{more}")
    return ()


def _drifted(target: Target, evidence: Evidence, drift: str) -> Drift:
    return Drift(
        f"{target} changed since it was rehearsed for ({evidence.made_at:%Y-%m-%d %H:%M} UTC): {drift}; nothing was done. "
        f"If that is meant, rehearse again: dbtool migrate rehearse --target {target}"
    )


def _not_compared(target: Target) -> Finding:
    return Finding(
        "ddl-not-compared",
        Severity.WARNING,
        target.name,
        "an application under this evidence had begun, and the outline of the rehearsed DDL is not beside the evidence: "
        "whether anything else changed since is not known",
        "keep the file .ddl.gz together with the evidence",
    )
