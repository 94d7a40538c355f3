"""The candidate: made beside the live database, given the source's DDL, dropped if anything fails."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

from dbtool.catalog.relations import RelationName
from dbtool.errors import DbtoolError, EnvironmentFailed, TimeIsUp
from dbtool.masking.fates import DocumentRefused
from dbtool.postgres import dump
from dbtool.postgres.archive import Restore, SchemaArchive, schema_archive
from dbtool.postgres.binaries import Tools
from dbtool.postgres.candidate import candidate_session, prepare_candidate
from dbtool.postgres.databases import (
    Locale,
    Stamp,
    create_database,
    drop_database,
    leftovers,
    list_databases,
    still_has_our_name,
)
from dbtool.postgres.session import Connection
from dbtool.targets import Target


def drop_leftovers(maintenance: Connection, live: str) -> tuple[str, ...]:
    """Drop the candidates of runs that were killed; call it while holding the target's refresh lock."""
    names = tuple(
        name for name in leftovers(list_databases(maintenance), live) if still_has_our_name(live, name)
    )
    for name in names:
        drop_database(maintenance, name)
    return names


@contextmanager
def candidate_database(
    maintenance: Connection,
    name: str,
    locale: Locale,
    stamp: Stamp,
    owner: str | None,
    *,
    template: str = "template0",
    tablespace: str | None = None,
    anew: Callable[[], AbstractContextManager[Connection]],
) -> Iterator[str]:
    """Create the candidate; leaving with an error drops it again, and live was never touched. ``tablespace`` is live's, None the
    server's own.

    ``anew`` opens another session for that: a signal may have left ``maintenance`` in the middle of a statement.
    """
    try:
        create_database(maintenance, name, locale, stamp, owner, template=template, tablespace=tablespace)
        yield name
    except BaseException as error:
        try:
            with anew() as session:
                drop_database(session, name)
            if isinstance(error, EnvironmentFailed | DocumentRefused) and not isinstance(error, TimeIsUp):
                error.add_note(
                    f"the candidate was dropped and the database {stamp.target} is as it was; settle the cause and refresh again"
                )
        except DbtoolError as cleanup:
            # The first failure is the one to hear of; the next run drops what is left.
            error.add_note(
                f"the candidate {name} could not be dropped ({cleanup}); the next refresh drops it"
            )
        raise


@contextmanager
def target_schema(
    source: Target,
    tools: Tools,
    snapshot: str,
    target: Target,
    skipped: Collection[RelationName] = (),
    *,
    left_to_us: Collection[tuple[int, int]] = (),
) -> Iterator[SchemaArchive]:
    """The source's DDL, without what the target is not to have, and what is ``left_to_us``: objects by the OIDs of their
    catalog and their own.

    ``skipped`` are relations with all that goes with them, as ``with_belongings`` says; nothing else may depend on
    them (dbtool/refresh/skipped.py), or the restore fails.
    """
    with schema_archive(
        source.url(),
        tools,
        snapshot,
        lambda entries: dump.without_objects(
            dump.filter_toc(entries, extensions=target.extensions), left_to_us
        ),
        skipped=skipped,
    ) as schema:
        yield schema


def restore_policy(target: Target) -> dump.RestorePolicy:
    """Grants are ours to make (rights.py): pg_dump's name the source's roles, and its owners."""
    return dump.RestorePolicy(target.owner, "none", target.extensions)


def restore_into(target: Target, candidate: str, tools: Tools, schema: SchemaArchive) -> Restore:
    return Restore(schema, tools, target.url(), candidate, restore_policy(target))


def restore_pre_data(target: Target, candidate: str, tools: Tools, schema: SchemaArchive) -> None:
    restore_into(target, candidate, tools, schema).pre_data()
    with candidate_session(target, candidate) as connection:
        prepare_candidate(connection)
