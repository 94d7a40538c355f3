"""What comes into the candidate: the schema, the rows, what is made of them afterwards; and whether it is what it should be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import Relation
from dbtool.catalog.without import without
from dbtool.errors import VerificationFailed
from dbtool.postgres.archive import SchemaArchive
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.copy_io import CopyReader
from dbtool.postgres.introspect import read_catalog
from dbtool.refresh import post_data
from dbtool.refresh.chunks import Chunk, plan_chunks, plan_subset_chunks
from dbtool.refresh.compiled import confirm_originals
from dbtool.refresh.keys import (
    ChosenRows,
    choose_rows,
    refuse_changed,
)
from dbtool.refresh.not_restored import NotRestored, as_restored, read_not_restored
from dbtool.refresh.pre_data import (
    restore_pre_data,
    target_schema,
)
from dbtool.refresh.preflight import Preflight
from dbtool.refresh.readers import open_reader
from dbtool.refresh.references import (
    References,
    are_all_vouched,
    describe_orphans,
    look_at_all,
    of_chosen,
)
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.result import SequenceSet, TableCopied, Verification
from dbtool.refresh.rights import make_policies
from dbtool.refresh.routes import have_same_order, plan_routes
from dbtool.refresh.run import Run
from dbtool.refresh.search import Searched
from dbtool.refresh.searching import searching
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.refresh.stream import Stream, Streamed
from dbtool.refresh.verify import Landed, Masked, verify
from dbtool.refresh.workers import meanwhile


@dataclass(frozen=True, slots=True)
class Filled:
    """``rows`` None: every row was copied. ``not_restored`` is still to be made, but for the policies."""

    rows: ChosenRows | None
    streamed: Streamed
    sequences: tuple[SequenceSet, ...]
    verification: Verification
    not_restored: NotRestored


def fill_candidate(run: Run, checked: Preflight, snapshot: HeldSnapshot, making: Callable[[], str]) -> Filled:
    """Copy and verify what the snapshot sees. ``making`` waits for the candidate and names it: the target is made ready while
    the source is asked for its rows.
    """
    request = run.request
    copied = replace(snapshot, catalog=without(snapshot.catalog, checked.source.preserved))
    with ExitStack() as kept:
        with meanwhile(
            lambda: _make_ready(request, checked, snapshot, making, keeping=kept), request.cancellation
        ) as made_ready:
            rows, references = _choose(run, checked, copied)
            with run.stage("pre-data"):
                not_restored, schema = made_ready()
        candidate = making()
        with run.stage("stream"):
            streamed = _stream(run, checked, copied, candidate, rows)
        _let_source_go(checked, snapshot)
        with searching(request, checked, copied.catalog, candidate, streamed) as searched:
            with run.stage("post-data"):
                sequences = _finish(run, checked, snapshot, candidate, schema)
                make_policies(request.target, candidate, not_restored.rights)
            with run.stage("verify"):
                verification = _verify(
                    run,
                    checked,
                    copied,
                    candidate,
                    streamed,
                    searched=searched(),
                    made=as_restored(snapshot.catalog, checked.source.preserved),
                    rows=rows,
                    references=references,
                )
    return Filled(rows, streamed, sequences, verification, not_restored)


def _make_ready(
    request: RefreshRequest,
    checked: Preflight,
    snapshot: HeldSnapshot,
    making: Callable[[], str],
    *,
    keeping: ExitStack,
) -> tuple[NotRestored, SchemaArchive]:
    """The candidate has the source's tables, without what is made once they have rows; ``keeping`` has the archive of that."""
    template = checked.target.template
    not_restored = read_not_restored(
        snapshot, request.target, checked.source.preserved, schemas=template.schemas if template else ()
    )
    schema = keeping.enter_context(
        target_schema(
            request.source,
            checked.tools,
            snapshot.taken.name,
            request.target,
            snapshot.left_out,
            left_to_us=not_restored.entries,
        )
    )
    restore_pre_data(request.target, making(), checked.tools, schema)
    return not_restored, schema


def _choose(
    run: Run, checked: Preflight, snapshot: HeldSnapshot
) -> tuple[ChosenRows | None, References | None]:
    """No rows: all are copied. No references: PostgreSQL vouches for all."""
    if checked.subset is None and are_all_vouched(run.request.rules, snapshot.catalog):
        return None, None
    with run.stage("keys"):
        if checked.subset is None:
            references = look_at_all(run.request, snapshot)
            run.remark(describe_orphans(references))
            return None, references
        rows = choose_rows(run.request, snapshot, checked.subset)
        return rows, of_chosen(rows)


def _stream(
    run: Run, checked: Preflight, snapshot: HeldSnapshot, candidate: str, rows: ChosenRows | None
) -> Streamed:
    request = run.request
    tables = snapshot.catalog.tables()
    for relation in tables:
        request.observer.planned(relation.name, *_planned(relation, rows))
    routes = plan_routes(
        snapshot.catalog,
        same_order=have_same_order(checked.source.facts, checked.target.facts),
        masked=checked.plan.masked_columns,
    )
    with _source_reader(run, checked, snapshot.taken.name) as reader:
        stream = Stream(
            plan=checked.plan,
            reader=reader,
            target=request.target,
            candidate=candidate,
            seed=request.key.survivors_seed(),
            cancellation=request.cancellation,
            observer=request.observer,
            routes=routes,
        )
        chunks = _chunks(run, snapshot, rows)
        streamed = stream.run(chunks, request.jobs, without_rows=[relation.name for relation in tables])
    if rows is not None:
        refuse_changed(rows.selection, streamed.tables)
    return replace(
        streamed, tables=tuple(_under_its_root(table, snapshot.catalog) for table in streamed.tables)
    )


def _under_its_root(table: TableCopied, catalog: Catalog) -> TableCopied:
    root = catalog.relations[table.name].ruled_by
    return table if root == table.name else replace(table, partition_of=root)


def _planned(relation: Relation, rows: ChosenRows | None) -> tuple[int, int]:
    """(rows, bytes) that are to come of it."""
    if rows is None:
        return relation.rows, relation.bytes
    count = rows.selection.count(relation.name)
    return count, round(relation.bytes * count / max(relation.rows, count, 1))


def _chunks(run: Run, snapshot: HeldSnapshot, rows: ChosenRows | None) -> tuple[Chunk, ...]:
    tables, jobs = snapshot.catalog.tables(), run.request.jobs
    if rows is None:
        return plan_chunks(tables, jobs=jobs)
    return plan_subset_chunks(tables, rows.selection, jobs=jobs)


def _let_source_go(checked: Preflight, snapshot: HeldSnapshot) -> None:
    """Everything is read: production's DDL and vacuum need not wait for our indexes. Only where there were too
    many originals for an exact set may verification want to read the same rows once more.
    """
    if checked.inputs.originals.settle():
        snapshot.release()


def _finish(
    run: Run, checked: Preflight, snapshot: HeldSnapshot, candidate: str, schema: SchemaArchive
) -> tuple[SequenceSet, ...]:
    target = run.request.target
    post_data.restore_post_data(target, candidate, checked.tools, schema, run.request.jobs)
    with candidate_session(target, candidate) as connection:
        sequences = post_data.set_sequences(connection, snapshot.catalog)
        post_data.refresh_views(connection, snapshot.catalog)
    post_data.analyze_candidate(
        target, candidate, snapshot.catalog, run.request.jobs, run.request.cancellation
    )
    return sequences


def _verify(
    run: Run,
    checked: Preflight,
    snapshot: HeldSnapshot,
    candidate: str,
    streamed: Streamed,
    *,
    searched: Searched,
    made: Catalog,
    rows: ChosenRows | None,
    references: References | None,
) -> Verification:
    """``made`` is what the candidate must have, ``snapshot`` what rows were copied of."""
    request = run.request
    with candidate_session(request.target, candidate) as connection:
        catalog = read_catalog(connection)
    with _source_reader(run, checked, snapshot.taken.name) as source_reader:
        masked = Masked(
            plan=checked.plan,
            originals=checked.inputs.originals,
            seed=request.key.survivors_seed(),
            confirm=lambda hashes: confirm_originals(
                request, snapshot.catalog, source_reader, hashes, _chunks(run, snapshot, rows)
            ),
        )
        return verify(
            made,
            Landed(request.target, candidate, catalog),
            masked,
            streamed,
            searched,
            jobs=request.jobs,
            cancellation=request.cancellation,
            references=references,
            is_subset=rows is not None,
        )


def refuse_unverified(verification: Verification) -> None:
    """:raises VerificationFailed: with every finding; the candidate is dropped on the way out."""
    errors = [finding for finding in verification.findings if finding.is_error]
    if errors:
        raise VerificationFailed(
            f"verification failed with {len(errors)} finding{'s' * (len(errors) > 1)}; the candidate was dropped and the "
            "live database is as it was.",
            verification.findings,
        )


def _source_reader(run: Run, checked: Preflight, snapshot: str) -> AbstractContextManager[CopyReader]:
    request = run.request
    return open_reader(
        request.source.url,
        checked.tools.psql,
        checked.source.catalog,
        request.cancellation,
        snapshot=snapshot,
    )
