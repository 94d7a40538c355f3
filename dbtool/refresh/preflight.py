"""Everything that can be known before the first byte: who, where, whether the rules decide every column.

All findings are gathered before any of them stops the run. Nothing is written, on either end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dbtool.catalog.relations import RelationName
from dbtool.errors import ConsentMissing, FindingsRefuse, KeptColumnChanged, PrivilegeMissing
from dbtool.findings import Finding
from dbtool.masking.accepted import DRIFT
from dbtool.masking.compile import MaskingPlan
from dbtool.postgres.binaries import Installation, Tools, choose_tools
from dbtool.refresh.capacity import judge_capacity
from dbtool.refresh.compiled import MaskingInputs, compile_for
from dbtool.refresh.disk import judge_disk
from dbtool.refresh.ends import (
    SourceSeen,
    TargetSeen,
    refuse_same_database,
)
from dbtool.refresh.looking import Look, look_at_ends
from dbtool.refresh.objections import PRIVILEGES, judge_key, judge_source, judge_target
from dbtool.refresh.preserved_shapes import judge_shapes
from dbtool.refresh.preserving import (
    judge_masked_references,
    judge_preserved,
    judge_skipped_references,
    preserved_names,
)
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.requirements import judge_requirements
from dbtool.refresh.skipped import skipped_tables
from dbtool.refresh.wide_rows import judge_wide_rows
from dbtool.rules.profiles import choose_subset
from dbtool.rules.subset_model import SubsetRules


@dataclass(frozen=True, slots=True)
class Preflight:
    """``subset`` None: every row is copied. ``own_tools`` are for tables that only the target has."""

    source: SourceSeen
    target: TargetSeen
    tools: Tools
    inputs: MaskingInputs
    plan: MaskingPlan
    findings: tuple[Finding, ...]
    subset: SubsetRules | None = None
    own_tools: Tools | None = None

    @property
    def target_psql(self) -> Installation | None:
        """The psql that reads the target: the source may have asked for less of it."""
        psql = self.tools.psql
        return psql if psql is None or psql.has_tls or not self.target.facts.has_tls else None


def preflight(request: RefreshRequest, look: Look = look_at_ends) -> Preflight:
    """Look at both ends and at the rules.

    :raises TargetRefused: the two ends are one database, or the target may not be replaced.
    :raises ServerUnreachable: an end cannot be reached; says which.
    :raises FindingsRefuse: an error among the findings, such as an undecided column; carries them all.
    :raises KeptColumnChanged: as ``refuse_errors`` says.
    """
    seen = look(request)
    source, target = seen.source, seen.target
    refuse_same_database(request, source, target, same_server=seen.same_server)
    subset, preserved = choose_subset(request.rules, request.profile), preserved_names(request.target)
    tools = _choose_tools(seen.installations, source, target)
    own_tools = _choose_own_tools(seen.installations, preserved, source, target)
    inputs, plan = compile_for(request, source.copied, skipped_tables(subset))
    findings = (
        *judge_source(request.source, source),
        *judge_target(request.target, target, source.facts.major),
        *judge_requirements(request.target, source, target),
        *judge_capacity(request.source, source, request.target, target, request.jobs),
        *judge_key(request.target, target, request.key.key_id),
        *_judge_preserved(request, source, target, plan),
        *judge_disk(request.target, source, seen.disk),
        *inputs.findings,
        *source.subset_findings,
        *judge_wide_rows(request.source, plan, is_subset=subset is not None),
    )
    for finding in findings:
        request.observer.found(finding)
    refuse_errors(request, findings)
    return Preflight(source, target, tools, inputs, plan, findings, subset, own_tools)


def _judge_preserved(
    request: RefreshRequest, source: SourceSeen, target: TargetSeen, plan: MaskingPlan
) -> Iterator[Finding]:
    """Where revisions will bring the copy forward, its shape is judged when they have."""
    names, live = preserved_names(request.target), target.preserving
    if not names:
        return
    yield from judge_preserved(request.target, names, source.made, live)
    yield from judge_skipped_references(source.catalog, source.preserved, source.left_out)
    yield from judge_masked_references(source.made, source.preserved, plan.masked_columns)
    if live is not None and (source.heads == live.heads or request.bring_forward is None):
        yield from judge_shapes(request.target, names, source.made, live.catalog)


def _choose_tools(installations: Sequence[Installation], source: SourceSeen, target: TargetSeen) -> Tools:
    """A source newer than its target is a finding of its own; programs for the source can still be looked for."""
    return choose_tools(
        source.facts.major,
        max(source.facts.major, target.facts.major),
        installations,
        source_tls=source.facts.has_tls,
        target_tls=target.facts.has_tls,
        source_marks=source.facts.marks_columns,
    )


def _choose_own_tools(
    installations: Sequence[Installation],
    preserved: Sequence[RelationName],
    source: SourceSeen,
    target: TargetSeen,
) -> Tools | None:
    """pg_dump must read the target, too, where that has a table that the source has not."""
    live, made = target.preserving, source.made
    if live is None or not any(
        name in live.catalog.relations and name not in made.relations for name in preserved
    ):
        return None
    major, has_tls = target.facts.major, target.facts.has_tls
    return choose_tools(
        major,
        major,
        installations,
        source_tls=has_tls,
        target_tls=has_tls,
        source_marks=target.facts.marks_columns,
    )


def refuse_errors(request: RefreshRequest, findings: tuple[Finding, ...]) -> None:
    """:raises PrivilegeMissing: nothing but grants is wanting.
    :raises KeptColumnChanged: nothing is wrong but that kept columns are not as accepted.
    """
    errors = [finding for finding in findings if finding.is_error]
    if not errors:
        return
    raise _kind_of(errors)(
        f"{len(errors)} finding{'s' * (len(errors) > 1)} must be settled first; nothing was copied and "
        f"{request.target} is as it was.",
        findings,
    )


def _kind_of(
    errors: Sequence[Finding],
) -> type[PrivilegeMissing | KeptColumnChanged | FindingsRefuse]:
    checks = {finding.check for finding in errors}
    if checks <= PRIVILEGES:
        return PrivilegeMissing
    return KeptColumnChanged if checks <= DRIFT else FindingsRefuse


def require_consent(request: RefreshRequest, target: TargetSeen) -> None:
    """:raises ConsentMissing: the target holds tables that dbtool never made, and nobody said it may go."""
    if target.live is None or target.made_by_dbtool or not target.holds_tables or request.adopt:
        return
    raise ConsentMissing(
        f"{request.target} holds tables and was never refreshed by dbtool; nothing was done. If it may be replaced "
        f"(the old database is kept as previous), adopt it once: dbtool refresh {request.source} {request.target} --yes"
    )
