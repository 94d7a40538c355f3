"""look at the target → a server that fits → roles and database → schema → rows → a clone to rehearse on

Nothing is written on the target: it is read under one snapshot, with locks no stronger than ACCESS SHARE.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from dbtool.clones.lease import Lease
from dbtool.clones.provider import has_docker, offerings
from dbtool.errors import EnvironmentFailed
from dbtool.findings import Finding
from dbtool.locks.trace import Population
from dbtool.migrate.clone import finish as clone_finish
from dbtool.migrate.clone import schema as clone_schema
from dbtool.migrate.clone.fill import Fill, Filled, StagingSeen, look_at_staging, refuse_full_disk
from dbtool.migrate.clone.request import (
    Clone,
    CloneRequest,
    Progress,
    ask_rows,
    refuse_unfit,
    silent,
)
from dbtool.migrate.clone.server import OpenedServer, fitting_server
from dbtool.migrate.clone.subset_fill import SubsetFill
from dbtool.migrate.clone.subset_look import SubsetSeen, look_at_rows
from dbtool.migrate.clone.target import TargetSeen, look_at_target
from dbtool.postgres.archive import Restore
from dbtool.postgres.binaries import Installation, Tools, find_installations
from dbtool.postgres.databases import find_oid
from dbtool.postgres.facts import database_facts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.sizes import read_sizes
from dbtool.refresh.post_data import set_sequences
from dbtool.refresh.snapshot import HeldSnapshot, hold_snapshot

__all__ = ["Clone", "CloneRequest", "rehearsal_clone"]

_NAME = "dbtool clone"


@contextmanager
def rehearsal_clone(request: CloneRequest, progress: Progress = silent) -> Iterator[Clone]:
    """A clone for as long as the context lasts. ``progress`` hears of each stage.

    :raises UsageError: such data cannot be had.
    :raises ConsentMissing: staging was not made by a refresh.
    :raises FindingsRefuse: rows of the target cannot be chosen or masked by the rules.
    :raises VerificationFailed: rows that were masked are not what they should be.
    :raises CloneImpossible: no server at hand can hold the schema.
    :raises DbtoolError: as errors.py says; the target is as it was, and nothing is left of the clone.
    """
    refuse_unfit(request)
    began = time.monotonic()
    progress("target")
    seen = look_at_target(request.target)
    staging = look_at_staging(request.staging) if request.data == "staging" and request.staging else None
    subset = look_at_rows(ask_rows(request), seen) if request.data == "subset" else None
    installations = find_installations(request.postgres_bin)
    offers = offerings(
        seen.facts.major, request.provider, installations, image=request.image, has_docker=has_docker
    )
    lease = _begin_lease(request)
    progress("server")
    superuser = f"dbtool_clone_{secrets.token_hex(4)}"
    with fitting_server(offers, request.target.name, seen, lease, superuser) as opened:
        clone = _Build(request, seen, staging, subset, opened, lease, installations, progress).run()
        yield replace(clone, seconds=time.monotonic() - began)


def _begin_lease(request: CloneRequest) -> Lease:
    return Lease.begin(
        owner=request.owner or _user(),
        purpose=request.purpose,
        target=request.target.name,
        ttl=request.ttl,
        now=datetime.now(UTC),
    )


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


@dataclass(frozen=True, slots=True)
class _Build:
    """From an empty server to a clone."""

    request: CloneRequest
    seen: TargetSeen
    staging: StagingSeen | None
    subset: SubsetSeen | None
    opened: OpenedServer
    lease: Lease
    installations: tuple[Installation, ...]
    progress: Progress

    def run(self) -> Clone:
        role, password = self.request.role or self.seen.access.session_role, secrets.token_hex(16)
        findings = [
            *self.opened.findings,
            *clone_schema.make_clone_database(self.opened, self.seen, self.lease),
        ]
        try:
            filled = self._restore()
        except EnvironmentFailed as error:
            error.add_note(f"the clone was removed, and {self.request.target} was only read")
            raise
        findings += filled.findings
        findings += clone_schema.settle_sessions(self.opened, self.seen, role, password)
        clone = self._describe(role, password)
        return replace(clone, rows=filled.rows, findings=tuple(findings))

    @property
    def _url(self) -> str:
        return self.opened.server.url(self.seen.facts.name)

    def _restore(self) -> Filled:
        tools = clone_schema.choose_clone_tools(self.opened, self.seen, self.installations)
        target = self.request.target
        self.progress("schema")
        with (
            hold_snapshot(target, self.seen.catalog, workflow=clone_schema.WORKFLOW) as snapshot,
            clone_schema.target_archive(target, tools, snapshot.taken.name, self.seen, self.opened) as schema,
            connect(self._url, application_name=_NAME) as clone,
        ):
            restore = clone_schema.restore_into(schema, tools, self.opened.server, self.seen.facts.name)
            restore.pre_data()
            expected = clone_finish.read_expected(snapshot.connection)
            clone_schema.copy_version_rows(self.request, snapshot, clone)
            filled = self._fill(tools, snapshot, clone)
            findings = (
                *clone_schema.say_left_out(schema),
                *filled.findings,
                *self._finish(restore, clone, expected),
            )
            return Filled(filled.rows, findings)

    def _fill(self, tools: Tools, snapshot: HeldSnapshot, clone: Connection) -> Filled:
        """The snapshot is given back as soon as the target need not be read any more."""
        if self.subset is not None:
            return self._fill_with_subset(self.subset, tools, snapshot, clone)
        snapshot.release()
        if self.staging is None or self.request.staging is None:
            return Filled()
        self.progress("rows")
        self._refuse_size("staging's", self.staging.facts.bytes)
        can_read = (
            tools.psql if tools.psql and (tools.psql.has_tls or not self.staging.facts.has_tls) else None
        )
        return Fill(
            staging=self.request.staging,
            seen=self.staging,
            clone=self._url,
            catalog=self.seen.catalog,
            clone_facts=database_facts(clone),
            sizes=self.seen.sizes,
            left_alone=clone_schema.version_tables(self.request, self.seen.catalog),
            psql=can_read,
            jobs=self.request.jobs,
        ).run()

    def _fill_with_subset(
        self, subset: SubsetSeen, tools: Tools, snapshot: HeldSnapshot, clone: Connection
    ) -> Filled:
        return SubsetFill(
            seen=subset,
            facts=self.seen.facts,
            snapshot=snapshot,
            clone=clone,
            url=self._url,
            clone_facts=database_facts(clone),
            left_alone=clone_schema.version_tables(self.request, self.seen.catalog),
            psql=tools.psql,
            refuse_size=lambda size: self._refuse_size("the subset's", size),
            progress=self.progress,
        ).run()

    def _refuse_size(self, whose: str, size: int) -> None:
        refuse_full_disk(
            whose, size, self.opened.server.folder, lambda folder: shutil.disk_usage(folder).free
        )

    def _finish(
        self, restore: Restore, clone: Connection, expected: clone_finish.Expected
    ) -> Iterator[Finding]:
        self.progress("indexes")
        has_rows = self.request.data != "schema"
        yield from clone_finish.restore_post_data(
            replace(restore, tolerant=has_rows),
            clone,
            expected,
            self.request.jobs,
            clone_finish.SUBSET if self.subset else clone_finish.STAGING,
        )
        if has_rows:
            set_sequences(clone, self.seen.catalog)
        yield from clone_finish.refresh_views(clone, self.seen.catalog)
        if has_rows:
            clone_finish.analyze(self._url, self.seen.catalog.relations.values(), self.request.jobs)

    def _describe(self, role: str, password: str) -> Clone:
        with connect(self._url, application_name=_NAME) as connection:
            facts = database_facts(connection)
            return Clone(
                url=self.opened.server.url(facts.name, role, password),
                superuser_url=self._url,
                database=facts.name,
                oid=find_oid(connection),
                system_identifier=facts.system_identifier,
                nonce=self.lease.nonce,
                role=role,
                provider=self.opened.server.provider,
                version=facts.server_version,
                target_version=self.seen.facts.server_version,
                data=self.request.data,
                rows=0,
                bytes=facts.bytes,
                seconds=0.0,
                catalog_before=read_catalog(connection),
                population=Population(self.request.data, read_sizes(connection), self.seen.sizes),
                profile=self.request.profile,
            )
