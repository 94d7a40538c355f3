"""A rehearsal in a few sentences: the answer and its reason, what was on the clone, the next step. Pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from dbtool.findings import Finding, Severity
from dbtool.locks.trace import Population, RelationSize, RevisionTrace, StatementTrace
from dbtool.locks.wording import spell_bytes, spell_seconds
from dbtool.migrate.result import CloneDescription, Rehearsal
from dbtool.report.findings import merge_rules, render_count
from dbtool.report.numbers import human_count
from dbtool.report.traces import count_of, describe_failure, list_in_words, place_of, telling_locks

_TIME = "%Y-%m-%d %H:%M UTC"
_RULES = "tables:\n"
_RAN = frozenset({"ok", "failed"})


def passed(rehearsal: Rehearsal) -> bool:
    return rehearsal.verdict == "pass"


def describe_verdict(rehearsal: Rehearsal) -> str:
    """The reason in a phrase, after "pass production: "."""
    if not rehearsal.revisions and passed(rehearsal):
        return f"nothing is pending: it is at {spell_heads(rehearsal.current)}"
    return "; ".join(_reasons(rehearsal))


def _reasons(rehearsal: Rehearsal) -> Iterator[str]:
    failed = next((one for one in rehearsal.revisions if one.status == "failed"), None)
    yield _describe_failed(failed) if failed else _describe_run(rehearsal)
    left = sum(one.status not in _RAN for one in rehearsal.revisions)
    if left:
        yield f"{count_of(left, 'revision')} did not run"
    findings = rehearsal.all_findings
    errors = Counter(finding.check for finding in findings if finding.is_error)
    if errors:
        yield f"{count_of(errors.total(), 'error')} ({list_in_words(errors)})"
    warnings = sum(finding.severity is Severity.WARNING for finding in findings)
    if warnings:
        yield count_of(warnings, "warning")
    if rehearsal.waived:
        yield f"{len(rehearsal.waived)} waived"


def _describe_failed(revision: RevisionTrace) -> str:
    statement = failed_statement(revision)
    if statement is None:
        return f"revision {revision.id} fails on the clone"
    return (
        f"revision {revision.id} fails on the clone, at {place_of(revision, statement)}: "
        f"{describe_failure(statement)}"
    )


def failed_statement(revision: RevisionTrace) -> StatementTrace | None:
    return next((one for one in revision.statements if one.failure), None)


def _describe_run(rehearsal: Rehearsal) -> str:
    ran = sum(one.status in _RAN for one in rehearsal.revisions)
    return f"{count_of(ran, 'revision')} ran on {describe_data(rehearsal.population, rehearsal.clone)}"


def describe_data(population: Population, clone: CloneDescription | None) -> str:
    rows = clone.rows if clone else sum(max(size.rows, 0) for size in population.clone.values())
    if population.data == "schema" or not rows:
        return "the schema alone, without rows"
    masked = "masked" if population.masked else "UNMASKED"
    profile = f" (profile {clone.profile})" if clone and clone.profile else ""
    return f"{count_of(rows, 'row')} of {masked} {population.data} data{profile}"


def describe_clone(rehearsal: Rehearsal) -> Iterator[str]:
    """Sentences on where the revisions ran, and how much of the target that was."""
    population, clone = rehearsal.population, rehearsal.clone
    yield f"{describe_data(population, clone)}{_describe_share(rehearsal.target, population)}"
    if clone is None:
        return
    differs = f", {rehearsal.target} has {clone.target_version}"
    same = clone.version == clone.target_version
    yield f"PostgreSQL {clone.version} ({clone.provider}){', as the target' if same else differs}"
    yield f"env.py was kept in by: {clone.guard}"


def _describe_share(target: str, population: Population) -> str:
    whole = _bytes_of(population.target)
    if not whole:
        return ""
    if population.data == "schema":
        return f"; {target} has {spell_bytes(whole)}"
    part = _bytes_of(population.clone)
    return f", {spell_bytes(part)}: {_percent(part / whole)} of {target}'s {spell_bytes(whole)}"


def _bytes_of(sizes: Mapping[str, RelationSize]) -> int:
    return sum(size.bytes + size.index_bytes for size in sizes.values())


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 or not share else "under 1%"  # noqa: PLR2004  what rounds to 0 is not none


def describe_sizes(rehearsal: Rehearsal) -> Iterator[str]:
    """How much of each table that others had to wait for was there to be seen."""
    population = rehearsal.population
    for relation in _waited_for(rehearsal):
        target, clone = population.target.get(relation), population.clone.get(relation)
        if target is not None and target.rows > 0:
            rows = clone.rows if clone else 0
            share = _percent(rows / target.rows)
            yield f"{relation}: {human_count(rows)} of {count_of(target.rows, 'row')} ({share})"


def _waited_for(rehearsal: Rehearsal) -> tuple[str, ...]:
    locks = (
        lock
        for revision in rehearsal.revisions
        for statement in revision.statements
        for lock in telling_locks(statement)
    )
    return tuple(sorted({lock.relation for lock in locks if lock.mode.blocks_writes}))


def describe_evidence(rehearsal: Rehearsal) -> str:
    evidence = rehearsal.evidence
    if not passed(rehearsal):
        return f"evidence {evidence.id} records the failure, and apply will not take it" if evidence else ""
    if evidence is None or evidence.file is None:
        return (
            "there is no evidence, because no evidence_key is configured to sign it: an environment of tier production "
            "will not take these revisions"
        )
    return f"evidence {evidence.id}, good until {evidence.valid_until.strftime(_TIME)}"


def took(rehearsal: Rehearsal) -> str:
    return f"rehearsed in {spell_seconds(rehearsal.seconds)}"


def next_command(rehearsal: Rehearsal, config: str | None = None) -> str:
    """``config`` as it was given to this run. Empty where there is nothing to do."""
    if not rehearsal.revisions and passed(rehearsal):
        return ""
    verb = "apply" if passed(rehearsal) else "rehearse"
    words = ["dbtool", "migrate", verb, "--target", rehearsal.target]
    if verb == "apply" and rehearsal.evidence and rehearsal.evidence.file:
        words += ["--evidence", str(rehearsal.evidence.file)]
    if verb == "rehearse" and rehearsal.clone and rehearsal.clone.data == "subset":
        words += [
            "--data",
            "subset",
            *(["--profile", profile] if (profile := rehearsal.clone.profile) else []),
        ]
    return shlex.join([*words, "--config", config] if config else words)


def describe_answer_no(rehearsal: Rehearsal) -> str:
    """The last line of a rehearsal that fails."""
    count = render_count(rehearsal.all_findings)
    return (
        f"the rehearsal for {rehearsal.target} fails: {count}. {rehearsal.target} was only read. Settle what is said above, "
        "and rehearse again."
    )


def spell_heads(heads: Sequence[str]) -> str:
    return list_in_words(heads) or "no revision"


def ordered(findings: Sequence[Finding]) -> list[Finding]:
    """Errors first. Columns that no rule decides come together, with one block of YAML to paste."""
    order = (Severity.ERROR, Severity.WARNING, Severity.INFO)
    undecided = [one for one in findings if one.remedy.startswith(_RULES)]
    if len(undecided) > 1:
        findings = [*(one for one in findings if one not in undecided), _together(undecided)]
    return sorted(findings, key=lambda finding: order.index(finding.severity))


def _together(undecided: Sequence[Finding]) -> Finding:
    remedy = "\n".join(merge_rules(one.remedy for one in undecided))
    return replace(
        max(undecided, key=lambda one: one.is_error),
        where=list_in_words(one.where for one in undecided),
        message=f"{len(undecided)} columns have no masking rule: the next refresh would refuse to copy anything",
        remedy=remedy,
    )
