"""The candidate: made beside the live database, given the source's DDL, dropped if anything fails."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbtool.errors import DbtoolError, EnvironmentFailed, TimeIsUp
from dbtool.postgres import dump
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

_FOLDER = "dbtool-schema-"


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
    anew: Callable[[], AbstractContextManager[Connection]],
) -> Iterator[str]:
    """Create the candidate; leaving with an error drops it again, and live was never touched.

    ``anew`` opens another session for that: a signal may have left ``maintenance`` in the middle of a statement.
    """
    try:
        create_database(maintenance, name, locale, stamp, owner)
        yield name
    except BaseException as error:
        try:
            with anew() as session:
                drop_database(session, name)
            if isinstance(error, EnvironmentFailed) and not isinstance(error, TimeIsUp):
                error.add_note(
                    f"the candidate was dropped and the database {stamp.target} is as it was; settle the cause and refresh again"
                )
        except DbtoolError as cleanup:
            # The first failure is the one to hear of; the next run drops what is left.
            error.add_note(
                f"the candidate {name} could not be dropped ({cleanup}); the next refresh drops it"
            )
        raise


@dataclass(frozen=True, slots=True)
class SchemaArchive:
    """The source's DDL on disk, in a folder only we can read, and the tables of contents that are restored:
    ``toc``, and then ``keys_toc``, where foreign keys have to wait.
    """

    archive: Path
    toc: Path
    keys_toc: Path | None
    left_out: tuple[str, ...]


def _remove_abandoned() -> None:
    """The folders of runs on this machine that were killed: DDL may say more than it should."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdigit() and not _is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)  # another user's is not ours to remove


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def schema_archive(source: Target, tools: Tools, snapshot: str, target: Target) -> Iterator[SchemaArchive]:
    _remove_abandoned()
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as folder:
        archive, toc = Path(folder) / "schema.dump", Path(folder) / "toc"
        dump.dump_schema(tools.pg_dump.program("pg_dump"), source.url(), snapshot=snapshot, archive=archive)
        entries = dump.read_toc(tools.pg_restore.program("pg_restore"), archive)
        restored, keys = dump.put_keys_last(dump.filter_toc(entries, extensions=target.extensions))
        dump.write_toc(restored, toc)
        keys_toc = Path(folder) / "keys_toc" if keys else None
        if keys_toc:
            dump.write_toc(keys, keys_toc)
        yield SchemaArchive(archive, toc, keys_toc, dump.left_out_entries(entries))


def restore_policy(target: Target) -> dump.RestorePolicy:
    return dump.RestorePolicy(target.owner, target.grants, target.extensions)


def restore_pre_data(target: Target, candidate: str, tools: Tools, schema: SchemaArchive) -> None:
    dump.restore_section(
        tools.pg_restore.program("pg_restore"),
        target.url(),
        database=candidate,
        archive=schema.archive,
        toc=schema.toc,
        section="pre-data",
        policy=restore_policy(target),
    )
    with candidate_session(target, candidate) as connection:
        prepare_candidate(connection)
