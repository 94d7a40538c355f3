"""preflight → snapshot → keys → pre_data → stream (copy out, mask, copy in) → post_data → verify → carry over → preserve → swap

This module and filling.py know the order, nobody else. Whatever fails before the swap drops the candidate; live serves on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace

from dbtool.errors import DbtoolError, PartlyDone, SnapshotLost
from dbtool.postgres.databases import Locale, Stamp, find_database, name_beside, refresh_lock
from dbtool.postgres.session import Connection, connect
from dbtool.refresh import swap
from dbtool.refresh.after_load import run_after_load
from dbtool.refresh.ends import TEMPLATE, refuse_own_standby
from dbtool.refresh.filling import fill_candidate, refuse_unverified
from dbtool.refresh.looking import Look, look_at_ends
from dbtool.refresh.manifest import refuse_unwritable, stamp_candidate, write_manifest
from dbtool.refresh.not_restored import NotRestored
from dbtool.refresh.pre_data import (
    candidate_database,
    drop_leftovers,
)
from dbtool.refresh.preflight import Preflight, preflight, require_consent
from dbtool.refresh.preserve import Preserved, preserved_rows, with_preserved
from dbtool.refresh.preserved_rules import of_copied
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.result import RefreshResult
from dbtool.refresh.rights import make_grants
from dbtool.refresh.run import Run, lift_time_limit, time_limit
from dbtool.refresh.skipped import skipped_tables
from dbtool.refresh.snapshot import HeldSnapshot, hold_snapshot
from dbtool.refresh.standing import applications_kept_out, carry_over
from dbtool.refresh.workers import meanwhile

_BEGINNINGS = 3


def refresh(request: RefreshRequest, look: Look = look_at_ends) -> RefreshResult:
    """Replace the target by a masked copy of the source. A run whose snapshot is lost begins again, twice at most. ``look`` is how
    both ends are looked at, in the beginning and whenever it begins again.

    :raises DbtoolError: as errors.py says; until the swap's commit the live database is untouched.
    """
    run = Run(of_copied(request))
    with time_limit(request):
        for _ in range(_BEGINNINGS - 1):
            try:
                return _run_once(run, look)
            except SnapshotLost as lost:
                run.begin_again(lost)
        return _run_once(run, look)


def _run_once(run: Run, look: Look) -> RefreshResult:
    request = run.request
    with run.stage("preflight"):
        checked = preflight(request, look)
        require_consent(request, checked.target)
        refuse_unwritable(request.state)
    with refresh_lock(
        request.target.url(), request.target.maintenance_database, checked.target.live_name
    ) as maintenance:
        drop_leftovers(maintenance, checked.target.live_name)
        try:
            done = _build_and_swap(run, checked, maintenance)
        except DbtoolError as error:
            if isinstance(error, PartlyDone) or not _is_swapped(run, checked.target.live_name):
                raise
            raise swap.after_swap(request.target, error) from None
        return _conclude(run, maintenance, checked.target.live_name, done)


def _build_and_swap(run: Run, checked: Preflight, maintenance: Connection) -> RefreshResult:
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
                    template=TEMPLATE if request.target.extensions == "expect" else "template0",
                    tablespace=checked.target.live.tablespace if checked.target.live else None,
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
            filled = fill_candidate(run, checked, snapshot, making)
        candidate = making()
        result = run.result(
            checked, snapshot, filled.streamed, filled.sequences, filled.verification, rows=filled.rows
        )
        refuse_unverified(filled.verification)
        swap.refuse_replaced(maintenance, checked.target.live, live)
        with _standing(run, checked, candidate, result) as carried, ExitStack() as stack:
            done = _with_own(run, checked, candidate, filled.not_restored, carried, holding=stack)
            stamp_candidate(request, candidate, done)
            refuse_own_standby(request, checked.source, checked.target, candidate)
            with run.stage("swap"):
                swap.refuse_replaced(maintenance, checked.target.live, live)
                run.swapping = find_database(maintenance, candidate)
                swap.swap(maintenance, request.target, live, candidate, run.made_at)
    return done


def _hold(run: Run, checked: Preflight) -> AbstractContextManager[HeldSnapshot]:
    return hold_snapshot(run.request.source, checked.source.catalog, skipped=skipped_tables(checked.subset))


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


def _with_own(
    run: Run,
    checked: Preflight,
    candidate: str,
    not_restored: NotRestored,
    result: RefreshResult,
    *,
    holding: ExitStack,
) -> RefreshResult:
    """The candidate has what the environment says is its own; what must not change until the swap is held by ``holding``."""
    request = run.request
    preserved = Preserved()
    if request.target.preserve:
        with run.stage("preserve"):
            preserved = holding.enter_context(preserved_rows(request, checked, candidate, not_restored.keys))
    findings = make_grants(request.target, candidate, not_restored.rights)
    for finding in findings:
        request.observer.found(finding)
    run_after_load(request.target, candidate)
    return with_preserved(replace(result, findings=(*result.findings, *findings)), preserved)


def _is_swapped(run: Run, live: str) -> bool:
    """A signal, or a connection that is lost, may come when the renames have been committed."""
    if run.swapping is None:
        return False
    with suppress(DbtoolError), _cleaning(run) as session:
        now = find_database(session, live)
        return now is not None and now.oid == run.swapping.oid
    return False


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
