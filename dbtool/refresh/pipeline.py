"""preflight → snapshot → keys → pre_data → stream (copy out, mask, copy in) → post_data → verify → carry over → swap

The only module that knows the order. Whatever fails before the swap drops the candidate; live serves on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace

from dbtool.catalog.relations import Relation
from dbtool.errors import DbtoolError, VerificationFailed
from dbtool.postgres.archive import SchemaArchive
from dbtool.postgres.candidate import candidate_session
from dbtool.postgres.copy_io import CopyReader
from dbtool.postgres.databases import Locale, Stamp, name_beside, refresh_lock
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect
from dbtool.refresh import post_data, swap
from dbtool.refresh.chunks import Chunk, plan_chunks, plan_subset_chunks
from dbtool.refresh.compiled import confirm_originals
from dbtool.refresh.ends import refuse_own_standby
from dbtool.refresh.keys import (
    ChosenRows,
    choose_rows,
    refuse_changed,
)
from dbtool.refresh.manifest import refuse_unwritable, stamp_candidate, write_manifest
from dbtool.refresh.pre_data import (
    candidate_database,
    drop_leftovers,
    restore_pre_data,
    target_schema,
)
from dbtool.refresh.preflight import Preflight, preflight, require_consent
from dbtool.refresh.readers import open_reader
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.result import RefreshResult, SequenceSet, Verification
from dbtool.refresh.routes import have_same_order, plan_routes
from dbtool.refresh.run import Run, lift_time_limit, time_limit
from dbtool.refresh.skipped import skipped_tables
from dbtool.refresh.snapshot import HeldSnapshot, hold_snapshot
from dbtool.refresh.standing import applications_kept_out, carry_over
from dbtool.refresh.stream import Stream, Streamed
from dbtool.refresh.verify import Landed, Masked, verify
from dbtool.refresh.workers import meanwhile


def refresh(request: RefreshRequest) -> RefreshResult:
    """Replace the target by a masked copy of the source.

    :raises DbtoolError: as errors.py says; until the swap's commit the live database is untouched.
    """
    run = Run(request)
    with time_limit(request):
        with run.stage("preflight"):
            checked = preflight(request)
            require_consent(request, checked.target)
            refuse_unwritable(request.state)
        with refresh_lock(
            request.target.url(), request.target.maintenance_database, checked.target.live_name
        ) as maintenance:
            drop_leftovers(maintenance, checked.target.live_name)
            copied = _build_candidate(run, checked, maintenance)
    return copied


def _build_candidate(run: Run, checked: Preflight, maintenance: Connection) -> RefreshResult:
    request, live = run.request, checked.target.live_name
    name = name_beside(live, "candidate", run.made_at)
    stamp = Stamp("candidate", live, run.made_at)
    with ExitStack() as made:

        def make_candidate() -> str:
            candidate = made.enter_context(
                candidate_database(
                    maintenance,
                    name,
                    _locale(checked),
                    stamp,
                    request.target.owner,
                    anew=lambda: _cleaning(run),
                )
            )
            swap.rehearse_settings(maintenance, checked.target.live, candidate)
            return candidate

        with (
            meanwhile(make_candidate, request.cancellation) as making,
            run.stage("snapshot"),
            _hold(run, checked) as snapshot,
        ):
            rows, streamed, sequences = _fill(run, checked, snapshot, making)
            candidate = making()
            with run.stage("verify"):
                verification = _verify(run, checked, snapshot, candidate, streamed, rows=rows)
        result = run.result(checked, snapshot, streamed, sequences, verification, rows=rows)
        refuse_unverified(verification)
        with _standing(run, checked, candidate, result) as carried:
            post_data.run_after_load(request.target, candidate)
            stamp_candidate(request, candidate, carried)
            refuse_own_standby(request, checked.source, checked.target, candidate)
            with run.stage("swap"):
                swap.swap(maintenance, request.target, live, candidate, run.made_at)
    return _conclude(run, maintenance, live, carried)


def _hold(run: Run, checked: Preflight) -> AbstractContextManager[HeldSnapshot]:
    return hold_snapshot(run.request.source, checked.source.catalog, skipped=skipped_tables(checked.subset))


def _choose(run: Run, checked: Preflight, snapshot: HeldSnapshot) -> ChosenRows | None:
    """None: every row is copied."""
    if checked.subset is None:
        return None
    with run.stage("keys"):
        return choose_rows(run.request, snapshot, checked.subset)


@contextmanager
def _standing(run: Run, checked: Preflight, candidate: str, result: RefreshResult) -> Iterator[RefreshResult]:
    """The candidate has what live alone had, and while the context lasts nothing can be added to that."""
    request = run.request
    if checked.target.live is None:
        yield result
        return
    with applications_kept_out(request.target) as live:
        with run.stage("carry over"):
            findings = carry_over(request, live, candidate, run.made_at)
        for finding in findings:
            request.observer.found(finding)
        yield replace(result, findings=(*result.findings, *findings))


def _conclude(run: Run, maintenance: Connection, live: str, result: RefreshResult) -> RefreshResult:
    """The refreshed database is live, and stays so whatever happens here.

    :raises PartlyDone: says what may be missing.
    """
    request = run.request
    try:
        done = run.finished(result, swap.find_kept(maintenance, request.target, live))
        write_manifest(request.state, done)
        swap.drop_outdated(maintenance, request.target, live)
    except (DbtoolError, OSError) as error:
        raise swap.after_swap(request.target, error) from None
    return done


def _fill(
    run: Run, checked: Preflight, snapshot: HeldSnapshot, making: Callable[[], str]
) -> tuple[ChosenRows | None, Streamed, tuple[SequenceSet, ...]]:
    """The target is made ready while the source is asked for its rows."""
    request, tools = run.request, checked.tools
    with target_schema(
        request.source, tools, snapshot.taken.name, request.target, snapshot.left_out
    ) as schema:
        with meanwhile(
            lambda: restore_pre_data(request.target, making(), tools, schema), request.cancellation
        ) as restored:
            rows = _choose(run, checked, snapshot)
            with run.stage("pre-data"):
                restored()
        candidate = making()
        with run.stage("stream"):
            streamed = _stream(run, checked, snapshot, candidate, rows)
        _let_source_go(checked, snapshot)
        with run.stage("post-data"):
            sequences = _finish(run, checked, snapshot, candidate, schema)
    return rows, streamed, sequences


def _stream(
    run: Run, checked: Preflight, snapshot: HeldSnapshot, candidate: str, rows: ChosenRows | None
) -> Streamed:
    request = run.request
    tables = snapshot.catalog.tables()
    for relation in tables:
        request.observer.planned(relation.name, *_planned(relation, rows))
    routes = plan_routes(
        snapshot.catalog, same_order=have_same_order(checked.source.facts, checked.target.facts)
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
    return streamed


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
    rows: ChosenRows | None,
) -> Verification:
    request = run.request
    with candidate_session(request.target, candidate) as connection:
        catalog = read_catalog(connection)
    with (
        _target_reader(run, checked, candidate) as target_reader,
        _source_reader(run, checked, snapshot.taken.name) as source_reader,
    ):
        masked = Masked(
            plan=checked.plan,
            originals=checked.inputs.originals,
            seed=request.key.survivors_seed(),
            confirm=lambda hashes: confirm_originals(
                request, snapshot.catalog, source_reader, hashes, _chunks(run, snapshot, rows)
            ),
        )
        return verify(
            snapshot.catalog,
            Landed(request.target, candidate, catalog, target_reader),
            masked,
            streamed,
            jobs=request.jobs,
            cancellation=request.cancellation,
            rows=rows,
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


def _target_reader(run: Run, checked: Preflight, candidate: str) -> AbstractContextManager[CopyReader]:
    request, psql = run.request, checked.tools.psql
    if psql is not None and checked.target.facts.has_tls and not psql.has_tls:
        psql = None
    return open_reader(
        request.target.url, psql, checked.source.catalog, request.cancellation, database=candidate
    )


@contextmanager
def _cleaning(run: Run) -> Iterator[Connection]:
    lift_time_limit()
    target = run.request.target
    with connect(
        target.url(), database=target.maintenance_database, application_name="dbtool clean-up"
    ) as session:
        yield session


def _locale(checked: Preflight) -> Locale:
    facts = checked.source.facts
    return Locale(
        facts.encoding, facts.collate, facts.ctype, facts.locale_provider, facts.icu_locale, facts.icu_rules
    )
