"""Is the candidate what was promised? Counts, structure, keys, and originals that should not be there.

Everything is checked on the landed data, before the swap. What was not checked is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import MaskingPlan
from dbtool.masking.judgement import FixedRate, judge_tally
from dbtool.masking.mask import Overlap
from dbtool.masking.recorded import Recorded
from dbtool.masking.survivors import (
    SHORTEST,
    SHORTEST_PLAIN,
    Hashes,
    distinct_hashes,
)
from dbtool.postgres.candidate import candidate_session, count_rows
from dbtool.refresh.closure import Closure, check_closure
from dbtool.refresh.references import References
from dbtool.refresh.request import Cancellation
from dbtool.refresh.result import TableCopied, Verification
from dbtool.refresh.search import Met, Searched, searched_columns, surviving_findings
from dbtool.refresh.stream import Streamed
from dbtool.refresh.workers import run_shares
from dbtool.targets import Target

_DIFFERENCES_TOLD = 20
_NOT_CHOSEN = "originals of rows that were not chosen were not searched for"
_DIVIDED = (
    "originals of its masked rows that its other rows hold as well were searched for in other columns only"
)
_ALONE = "were compared with their own stand-in only"


@dataclass(frozen=True, slots=True)
class Landed:
    """The candidate as verification reads it."""

    target: Target
    database: str
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class Masked:
    """How it was masked. ``confirm`` reads the source again and returns what is recorded of the hashes for certain; it is
    asked only when the set of originals had to become a filter.
    """

    plan: MaskingPlan
    originals: Recorded
    seed: int
    confirm: Callable[[Hashes], Recorded]


def verify(
    source: Catalog,
    landed: Landed,
    masked: Masked,
    streamed: Streamed,
    searched: Searched,
    *,
    jobs: int,
    cancellation: Cancellation,
    references: References | None = None,
    is_subset: bool = False,
) -> Verification:
    """Run every check and say all of what was found; nothing is raised for a finding. ``references`` None: PostgreSQL vouches
    for all.
    """
    findings = check_counts(landed, streamed, searched.rows, jobs, cancellation)
    findings += check_structure(source, landed.catalog)
    judged, rates = judge_tallies(masked.plan, streamed)
    met = confirmed(searched.met, landed.catalog, masked)
    findings += judged + surviving_findings(met)
    closure = _closure(landed, masked.plan, references, cancellation)
    findings += closure.findings()
    sentences = describe_checked(landed.catalog, streamed, masked, closure, is_subset=is_subset)
    return summarise(findings, rates, met, sentences, orphans=closure.orphans)


def _closure(
    landed: Landed, plan: MaskingPlan, references: References | None, cancellation: Cancellation
) -> Closure:
    if references is None:
        return Closure()
    return check_closure(
        landed.target, landed.database, landed.catalog, plan, references, cancellation=cancellation
    )


def confirmed(met: Met, catalog: Catalog, masked: Masked) -> Met:
    """Those that are originals for certain."""
    if not met or masked.originals.exact:
        return met
    certain = masked.confirm(distinct_hashes(*met.values()))
    ruled = {where: ColumnRef(catalog.relations[where.relation].ruled_by, where.column) for where in met}
    kept = {where: certain.found_in(hashes, ruled[where]) for where, hashes in met.items()}
    return {where: hashes for where, hashes in kept.items() if len(hashes)}


def check_counts(
    landed: Landed,
    streamed: Streamed,
    known: Mapping[RelationName, int],
    jobs: int,
    cancellation: Cancellation,
) -> list[Finding]:
    """Rows that stand in each relation of the candidate against the rows that were streamed into it. ``known`` are those that
    were read already. Of rows that went through a root only the sum over its partitions is known.
    """

    def count_share(share: Sequence[TableCopied]) -> list[tuple[RelationName, int]]:
        with (
            candidate_session(landed.target, landed.database) as connection,
            cancellation.ending(connection.cancel),
        ):
            counted = []
            for table in share:
                cancellation.check()
                counted.append((table.name, count_rows(connection, table.name)))
        return counted

    uncounted = [table for table in streamed.tables if table.name not in known]
    largest_first = sorted(uncounted, key=lambda table: -table.rows)
    shares = run_shares(count_share, largest_first, jobs, cancellation)
    counts = {**known, **dict(counted for share in shares for counted in share)}
    found, expected = Counter[RelationName](), Counter[RelationName]()
    for table in streamed.tables:
        into = streamed.routes.get(table.name, table.name)
        found[into] += counts[table.name]
        expected[into] += table.rows
    return [_wrong_count(name, found[name], rows) for name, rows in expected.items() if found[name] != rows]


def _wrong_count(name: RelationName, found: int, loaded: int) -> Finding:
    message = f"{found:,} rows stand in the candidate, {loaded:,} were loaded"
    return Finding("row-count", Severity.ERROR, str(name), message)


def check_structure(source: Catalog, landed: Catalog) -> list[Finding]:
    """Every relation, column, key, index and check of the source stands in the candidate, as valid as there."""
    ours, theirs = Counter(source.description()), Counter(landed.description())
    lines = [f"missing: {line}" for line in sorted((ours - theirs).elements())]
    lines += [f"not in the source: {line}" for line in sorted((theirs - ours).elements())]
    told = lines[:_DIFFERENCES_TOLD]
    if len(lines) > len(told):
        told.append(f"and {len(lines) - len(told)} more differences")
    return [Finding("structure", Severity.ERROR, "candidate", line) for line in told]


def judge_tallies(plan: MaskingPlan, streamed: Streamed) -> tuple[list[Finding], list[FixedRate]]:
    findings, rates = [], []
    masks = {one.relation.ruled_by: one for one in plan.relations.values()}  # those of partitions are alike
    for name, tallies in sorted(streamed.tallies.items()):
        for column in masks[name].columns:
            tally = tallies.get(column.tallied_as)
            if tally is None:
                continue
            finding, rate = judge_tally(column, ColumnRef(name, column.column), tally)
            findings += [finding] if finding else []
            rates += [rate] if rate else []
    return findings, rates


def describe_checked(
    catalog: Catalog, streamed: Streamed, masked: Masked, closure: Closure, *, is_subset: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was checked and what was not, in sentences for the report and the manifest."""
    rows = sum(table.rows for table in streamed.tables)
    valid = [key for key in catalog.foreign_keys if key.validated and key.enforced]
    open_keys = [
        key
        for key in catalog.foreign_keys
        if not (key.validated and key.enforced) and not closure.has_counted(key.referencing, key.name)
    ]
    searched = sum(
        len(searched_columns(relation, masked.plan.relations[relation.name]))
        for relation in catalog.tables()
        if relation.name in masked.plan.relations
    )
    checked = [
        f"{rows:,} rows in {len(streamed.tables)} relations counted in the candidate",
        f"{len(valid)} foreign keys validated by PostgreSQL over the loaded rows",
        *closure.sentences(),
        f"{len(catalog.unique_indexes)} unique indexes built by PostgreSQL over the loaded rows",
        f"{masked.originals.count:,} distinct originals searched for in {searched} text, JSON and array columns"
        + ("" if masked.originals.exact else ", hits confirmed by a second pass over the source"),
    ]
    not_checked = [
        f"originals shorter than {SHORTEST} characters, or without a digit or @ and shorter than {SHORTEST_PLAIN}, {_ALONE}",
        *_compared_alone(masked.plan),
        *(f"{column}: {_DIVIDED}" for column in masked.originals.divided),
        *([_NOT_CHOSEN] if is_subset else []),
        *(
            f"{key.referencing}: foreign key {key.name} is not validated in the source either"
            for key in open_keys
        ),
    ]
    return tuple(checked), tuple(not_checked)


def _compared_alone(plan: MaskingPlan) -> list[str]:
    """A name or a number that stands elsewhere by chance is nobody's: only row by row can such masks be judged."""
    names = {
        column.mask.name
        for masks in plan.relations.values()
        for column in masks.columns
        if column.mask and column.overlap is Overlap.CHANCE
    }
    if not names:
        return []
    listed = ", ".join(sorted(names))
    return [f"originals under masks that overlap by chance ({listed}) {_ALONE}"]


def summarise(
    findings: Sequence[Finding],
    rates: Sequence[FixedRate],
    met: Met,
    sentences: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    orphans: int,
) -> Verification:
    """``orphans`` are of references that PostgreSQL does not vouch for: a valid key violated would have ended post-data."""
    surviving = len(distinct_hashes(*met.values()))
    return Verification(
        orphans=orphans,
        surviving_values=surviving,
        by_chance=tuple(rates),
        checked=sentences[0],
        not_checked=sentences[1],
        findings=tuple(findings),
    )
