"""Staging's masked rows into the clone: the columns that both have, by COPY, under one snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import RelationName
from dbtool.errors import ConsentMissing, EnvironmentFailed, PrivilegeMissing, ServerFailed
from dbtool.findings import Finding
from dbtool.locks.trace import Sizes
from dbtool.migrate.clone.fill_plan import TableCopy, plan_fill, refused_rows
from dbtool.postgres.binaries import Installation
from dbtool.postgres.copy_in import copy_in
from dbtool.postgres.copy_io import CopyReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.facts import database_facts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.privileges import missing_privileges, row_security_blocks
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.stamp import find_refresh_stamp
from dbtool.refresh.ends import naming
from dbtool.refresh.readers import open_reader
from dbtool.refresh.request import Cancellation
from dbtool.refresh.routes import have_same_order, plan_routes
from dbtool.refresh.snapshot import hold_snapshot
from dbtool.refresh.workers import run_shares
from dbtool.targets import Target

# Data exceptions, violated constraints, unknown types or labels, and what the server was built without.
_DOES_NOT_FIT = frozenset({"22", "23", "42", "0A"})


@dataclass(frozen=True, slots=True)
class StagingSeen:
    facts: DatabaseFacts
    catalog: Catalog


@dataclass(frozen=True, slots=True)
class Filled:
    rows: int = 0
    findings: tuple[Finding, ...] = ()


def look_at_staging(staging: Target) -> StagingSeen:
    """:raises ConsentMissing: it was not made by a refresh, so its rows may be real people's.
    :raises PrivilegeMissing: with every GRANT that the role lacks.
    """
    with naming(staging):
        connection = connect(staging.url(), application_name="dbtool rehearse", read_only=True)
    with connection:
        if find_refresh_stamp(connection, staging) is None:
            raise ConsentMissing(
                f"{staging} was not made by dbtool's refresh, so its rows may be real people's; nothing was copied. Refresh "
                f"it first (dbtool refresh SOURCE {staging}), or rehearse with --data schema."
            )
        facts, catalog = database_facts(connection), read_catalog(connection)
        grants = missing_privileges(connection, catalog)
        hidden = row_security_blocks(connection, catalog)
        if grants or hidden:
            listed = (
                "\n".join(f"  {grant}" for grant in grants) or f"  ALTER ROLE {facts.current_user} BYPASSRLS;"
            )
            raise PrivilegeMissing(
                f"the role {facts.current_user} may not read all of {staging}; nothing was copied. Grant it:\n{listed}"
            )
        return StagingSeen(facts, catalog)


def refuse_full_disk(whose: str, size: int, folder: Path | None, free_bytes: Callable[[Path], int]) -> None:
    """:raises EnvironmentFailed: so many bytes would not fit beside what else is there. Indexes may be fewer, or more."""
    if folder is None:
        return
    free = free_bytes(folder)
    if size > free:
        raise EnvironmentFailed(
            f"a copy of {whose} {_megabytes(size)} does not fit into the {_megabytes(free)} that are free in {folder}; nothing "
            "was copied. Set TMPDIR to a larger place, or rehearse with --data schema."
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


@dataclass(frozen=True, slots=True)
class Fill:
    """``clone`` is the superuser's URL of a database that has pre-data and no more: no key, no trigger is in the way.
    ``sizes`` are the target's, ``left_alone`` tables that are filled otherwise.
    """

    staging: Target
    seen: StagingSeen
    clone: str
    catalog: Catalog
    clone_facts: DatabaseFacts
    sizes: Sizes
    left_alone: frozenset[RelationName]
    psql: Installation | None
    jobs: int

    def run(self) -> Filled:
        plan = plan_fill(
            self.catalog,
            self.seen.catalog,
            sizes=self.sizes,
            moving=plan_routes(
                self.seen.catalog, same_order=have_same_order(self.seen.facts, self.clone_facts)
            ),
            left_alone=self.left_alone,
        )
        cancellation = Cancellation()
        with (
            hold_snapshot(self.staging, self.seen.catalog, workflow="rehearse") as snapshot,
            open_reader(
                self.staging.url,
                self.psql,
                self.seen.catalog,
                cancellation,
                snapshot=snapshot.taken.name,
            ) as reader,
        ):
            copies = sorted(plan.copies, key=lambda copy: -copy.bytes)
            shares = run_shares(
                lambda share: self._copy_share(share, reader, cancellation), copies, self.jobs, cancellation
            )
        done = [one for share in shares for one in share]
        findings = tuple(finding for one in done for finding in one.findings)
        return Filled(sum(one.rows for one in done), (*plan.findings, *findings))

    def _copy_share(
        self, share: Sequence[TableCopy], reader: CopyReader, cancellation: Cancellation
    ) -> list[Filled]:
        with (
            connect(self.clone, application_name="dbtool clone load") as connection,
            cancellation.ending(connection.cancel),
        ):
            done = []
            for copy in share:
                cancellation.check()
                done.append(self._copy(connection, copy, reader))
            return done

    def _copy(self, connection: Connection, copy: TableCopy, reader: CopyReader) -> Filled:
        try:
            with reader.open(CopyOut(copy.source, copy.columns)) as blocks, connection.transaction():
                return Filled(copy_in(connection, copy.into, copy.columns, blocks, binary=False))
        except ServerFailed as error:
            if error.sqlstate is None or error.sqlstate[:2] not in _DOES_NOT_FIT:
                raise
            return Filled(findings=(refused_rows(copy, str(error), self.sizes),))
