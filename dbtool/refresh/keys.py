"""Which rows are copied: the references are walked inside the snapshot, in this process; nothing is written anywhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from dbtool.catalog.relations import RelationName
from dbtool.digest import ProjectKey
from dbtool.errors import Drift, FindingsRefuse, ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.postgres.lock_waits import limit_lock_waits, queued
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.snapshots import LOCK_NOT_AVAILABLE, adopt_snapshot
from dbtool.postgres.subset_facts import read_subset_facts
from dbtool.postgres.subset_source import SubsetSource
from dbtool.refresh.request import Cancellation, MaskedCopy, Observer
from dbtool.refresh.result import TableCopied
from dbtool.refresh.shared_source import SharedSource
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.refresh.workers import meanwhile
from dbtool.rules.model import RuleSet
from dbtool.rules.subset_model import SubsetRules
from dbtool.subset.batches import SCAN_BATCH
from dbtool.subset.bind import bind_subset
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.naming import spell_edge
from dbtool.subset.plan import SubsetPlan
from dbtool.subset.plan_from import make_plan
from dbtool.subset.row_set import RowIds
from dbtool.subset.selection import RootPull, Selection
from dbtool.subset.walk import Asking, Chosen, ignore, walk
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class ChosenRows:
    """What the stream copies, and what is told of it. ``orphans`` are references of chosen rows that lead nowhere in the source,
    by edge, where there are any; of those that PostgreSQL does not vouch for. ``findings`` are warnings.
    """

    graph: Graph
    selection: Selection
    plan: SubsetPlan
    orphans: Mapping[Edge, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenWalk:
    """A graph and what answers its questions, from one snapshot, as long as the context lasts."""

    graph: Graph
    source: SharedSource


@contextmanager
def open_walk(
    source: Target,
    snapshot: HeldSnapshot,
    rules: RuleSet,
    subset: SubsetRules,
    *,
    key: ProjectKey,
    cancellation: Cancellation,
    jobs: int = 1,
) -> Iterator[OpenWalk]:
    """Adopt the snapshot in ``jobs`` sessions: a question that fails must not end the one that holds it."""
    with ExitStack() as stack:
        # Not in the session that holds the snapshot: to read them locks partitions, skipped ones too, until its transaction ends.
        first = _adopt(stack, source, snapshot, cancellation)
        with meanwhile(
            lambda: read_subset_facts(first, snapshot.catalog, rules.relations), cancellation
        ) as reading:
            others = [_adopt(stack, source, snapshot, cancellation) for _ in range(jobs - 1)]
            facts = reading()
        sessions = [first, *others]
        graph, _ = bind_subset(snapshot.catalog, facts, rules, subset)  # preflight has judged this schema
        sources = [SubsetSource(session, snapshot.catalog, facts, key) for session in sessions]
        try:
            yield OpenWalk(graph, SharedSource(sources, cancellation))
        except BaseException as error:
            # A server notices that we went when it has something to say: a question that scans would go on for hours.
            cancellation.request()
            if isinstance(error, ServerFailed) and error.sqlstate == LOCK_NOT_AVAILABLE:
                raise queued("a table that the subset is chosen from") from None
            raise


def _adopt(
    stack: ExitStack, source: Target, snapshot: HeldSnapshot, cancellation: Cancellation
) -> Connection:
    connection = stack.enter_context(
        connect(source.url(), application_name="dbtool refresh keys", read_only=True)
    )
    stack.enter_context(cancellation.ending(connection.cancel))
    limit_lock_waits(connection)
    adopt_snapshot(connection, snapshot.taken.name)
    return connection


def choose_rows(
    request: MaskedCopy, snapshot: HeldSnapshot, subset: SubsetRules, chosen: Chosen = ignore
) -> ChosenRows:
    """Walk from the roots, and look at what was found.

    :raises Busy: DDL waits for the snapshot, and we would wait for it.
    :raises FindingsRefuse: a root that selects nothing, a reference into a table that is to be empty, a type that
        nobody says what it refers to.
    """
    began = time.monotonic()
    with open_walk(
        request.source,
        snapshot,
        request.rules,
        subset,
        key=request.key,
        cancellation=request.cancellation,
        jobs=request.jobs,
    ) as opened:
        selection = walk(opened.graph, opened.source, chosen, _teller(request.observer))
        findings = (
            *judge_roots(selection.roots),
            *judge_blocked(opened.graph, selection.blocked),
            *_unmapped(opened, selection),
        )
        orphans = _orphans(opened, selection)
    plan = make_plan(
        opened.graph,
        selection,
        snapshot.catalog,
        profile=request.profile,
        orphans=_by_table(opened.graph, orphans),
        seconds=time.monotonic() - began,
    )
    for finding in findings:
        request.observer.found(finding)
    if any(finding.is_error for finding in findings):
        raise FindingsRefuse(
            "the subset cannot be copied as the rules say; nothing was copied, and every database is as it was.",
            findings,
        )
    return ChosenRows(opened.graph, selection, plan, orphans, findings)


def _teller(observer: Observer) -> Asking:
    return lambda edge, rows: observer.walked(edge.where, rows)


def judge_roots(roots: Sequence[RootPull]) -> Iterator[Finding]:
    """An empty root is an error: an empty copy that reports success is found out by its users."""
    for pull in roots:
        if pull.rows == 0:
            yield Finding(
                "subset-root-empty",
                Severity.ERROR,
                str(pull.root.rule.at),
                f"the root {pull.root.description} selects no row",
                "widen its condition, raise its percentage, or remove it",
            )
        elif pull.rows < len(set(pull.root.rule.ids)):
            yield Finding(
                "subset-id-missing",
                Severity.WARNING,
                str(pull.root.rule.at),
                f"the root {pull.root.description} selects {pull.rows:,}: the others are not there",
                "correct or remove the ids that the table no longer has",
            )


def judge_blocked(graph: Graph, blocked: Mapping[Edge, int]) -> Iterator[Finding]:
    for edge, rows in sorted(blocked.items(), key=lambda item: str(item[0])):
        named = graph.of_tables(edge)
        yield Finding(
            "subset-contradiction",
            Severity.ERROR,
            named.where,
            f"chosen rows refer to {rows:,} row{'s' * (rows != 1)} of {named.referenced}, which subset.tables leaves out",
            f"let them come along (remove {named.referenced} from subset.tables), or let the references become NULL:\n"
            f"subset:\n  referenced:\n    {spell_edge(named)}: nullify",
        )


def _unmapped(opened: OpenWalk, selection: Selection) -> Iterator[Finding]:
    for check in opened.graph.checks:
        rows = 0
        for leaf in opened.graph.leaves_of(check.referencing):
            for batch in _batches(selection, leaf):
                rows += sum(opened.source.unmapped(check, leaf, batch).values())
        if rows:
            yield Finding(
                "subset-type-unmapped",
                Severity.ERROR,
                check.where,
                f"{rows:,} chosen row{'s' * (rows != 1)} of {check.referencing} refer by {check.type_column} to something "
                "that relations does not name",
                "name what each type refers to, or null where it refers to nothing that is copied",
            )


def _orphans(opened: OpenWalk, selection: Selection) -> dict[Edge, int]:
    found = {}
    for edge in opened.graph.edges:
        if not edge.vouched:
            count = sum(
                opened.source.count_orphans(edge, leaf, batch)
                for leaf in opened.graph.leaves_of(edge.referencing)
                for batch in _batches(selection, leaf)
            )
            if count:
                found[edge] = count
    return found


def _by_table(graph: Graph, orphans: Mapping[Edge, int]) -> tuple[tuple[str, int], ...]:
    """As the rules speak of references: those that read alike are one."""
    counts = Counter[str]()
    for edge, count in orphans.items():
        counts[graph.spell(edge)] += count
    return tuple(counts.items())


def _batches(selection: Selection, leaf: RelationName) -> Iterator[RowIds | None]:
    """The chosen rows of a leaf; None stands for all that it has."""
    if leaf in selection.whole:
        yield None
    elif leaf in selection.rows:
        yield from selection.rows[leaf].batches(SCAN_BATCH)


def refuse_changed(selection: Selection, tables: Sequence[TableCopied]) -> None:
    """What was copied is what was planned, row for row.

    :raises Drift: it is not, which one snapshot rules out.
    """
    wrong = [table.name for table in tables if table.rows != selection.count(table.name)]
    if wrong:
        raise Drift(
            f"other rows of {wrong[0]} were copied than had been planned: the source's sessions do not see one snapshot, as "
            "behind a pooler or on some replicas of managed services. The copy was dropped and every other database is as it "
            "was; name the server itself in the source's URL."
        )
