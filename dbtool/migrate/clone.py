"""look at the target → a server that fits → roles and database → schema → data → a clone to rehearse on

Nothing is written on the target: it is read under one snapshot, with locks no stronger than ACCESS SHARE.
"""

from __future__ import annotations

import os
import pwd
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.clones.lease import DEFAULT_TTL, Lease
from dbtool.clones.provider import Provider, has_docker, offerings
from dbtool.errors import EnvironmentFailed, UsageError
from dbtool.findings import Finding
from dbtool.locks.trace import Population
from dbtool.migrate import clone_schema as schema_step
from dbtool.migrate.clone_server import OpenedServer, fitting_server
from dbtool.migrate.clone_target import TargetSeen, look_at_target
from dbtool.migrate.result import CloneDescription
from dbtool.postgres.binaries import Installation, find_installations
from dbtool.postgres.facts import database_facts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.sizes import read_sizes
from dbtool.refresh.snapshot import hold_snapshot
from dbtool.targets import Target

Data = Literal["schema", "staging", "subset"]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CloneRequest:
    """``target`` is what is cloned and is only read. ``staging`` is where rows come from with data="staging": masked by
    dbtool's refresh, or refused. ``role`` is who migrates, by default the role of the target's URL.

    ``version_table`` is Alembic's, where it is not the one that is found by its name. ``owner`` is whom the clone's stamp
    names, by default this process's user.
    """

    target: Target
    data: str = "schema"
    staging: Target | None = None
    provider: Provider = "auto"
    image: str | None = None
    postgres_bin: Path | None = None
    version_table: RelationName | None = None
    role: str | None = None
    purpose: str = "rehearsal"
    owner: str = ""
    ttl: timedelta = DEFAULT_TTL
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class Clone:
    """``url`` is that of the role that migrates. Its database has the target's name; ``nonce`` stands in the database's
    comment, and no other clone's. ``catalog_before`` is what the clone is before the first revision.
    """

    url: str = field(repr=False)
    superuser_url: str = field(repr=False)
    database: str
    oid: int
    system_identifier: int | None
    nonce: str
    role: str
    provider: str
    version: str
    target_version: str
    data: str
    rows: int
    bytes: int
    seconds: float
    catalog_before: Catalog
    population: Population
    findings: tuple[Finding, ...] = ()

    def describe(self, guard: str) -> CloneDescription:
        return CloneDescription(
            self.provider,
            self.version,
            self.target_version,
            self.data,
            self.rows,
            self.bytes,
            guard,
            self.seconds,
        )


@dataclass(frozen=True, slots=True)
class _Aids:
    installations: tuple[Installation, ...]
    progress: Progress


def _silent(_stage: str) -> None:
    """Nobody wants to hear."""


@contextmanager
def rehearsal_clone(request: CloneRequest, progress: Progress = _silent) -> Iterator[Clone]:
    """A clone for as long as the context lasts. ``progress`` hears of each stage.

    :raises UsageError: such data cannot be had.
    :raises CloneImpossible: no server at hand can hold the schema.
    :raises DbtoolError: as errors.py says; the target is as it was, and nothing is left of the clone.
    """
    refuse_unknown_data(request)
    began = time.monotonic()
    progress("target")
    seen = look_at_target(request.target)
    installations = find_installations(request.postgres_bin)
    lease = Lease.begin(
        owner=request.owner or _user(),
        purpose=request.purpose,
        target=request.target.name,
        ttl=request.ttl,
        now=datetime.now(UTC),
    )
    offers = offerings(
        seen.facts.major, request.provider, installations, image=request.image, has_docker=has_docker
    )
    progress("server")
    with fitting_server(
        offers, request.target.name, seen, lease, f"dbtool_clone_{secrets.token_hex(4)}"
    ) as opened:
        clone = _build(request, seen, opened, lease, _Aids(installations, progress))
        yield replace(clone, seconds=time.monotonic() - began)


def refuse_unknown_data(request: CloneRequest) -> None:
    """:raises UsageError: there is no such data, or not yet, or it does not say where from."""
    if request.data == "subset":
        raise UsageError(
            "a clone cannot be filled with a subset yet; nothing was done. Use --data staging, which holds masked rows, "
            "or --data schema."
        )
    if request.data not in {"schema", "staging"}:
        raise UsageError(f"there is no such data as {request.data}; nothing was done. Use schema or staging.")
    if request.data == "staging" and request.staging is None:
        raise UsageError(
            "--data staging needs an environment of tier staging to take masked rows from; nothing was done. Name one in "
            "dbtool.toml, or use --data schema."
        )


def _build(
    request: CloneRequest,
    seen: TargetSeen,
    opened: OpenedServer,
    lease: Lease,
    aids: _Aids,
) -> Clone:
    role, password = request.role or seen.facts.current_user, secrets.token_hex(16)
    findings = [*opened.findings, *schema_step.make_clone_database(opened, seen, lease)]
    aids.progress("schema")
    try:
        findings += _restore(request, seen, opened, aids)
    except EnvironmentFailed as error:
        error.add_note(f"the clone was removed, and {request.target} was only read")
        raise
    findings += schema_step.settle_sessions(opened, seen, role, password)
    superuser_url = opened.server.url(seen.facts.name)
    with connect(superuser_url, application_name="dbtool clone") as connection:
        return _describe(
            request,
            seen,
            opened,
            connection,
            lease=lease,
            url=opened.server.url(seen.facts.name, role, password),
            role=role,
            findings=tuple(findings),
        )


def _restore(
    request: CloneRequest, seen: TargetSeen, opened: OpenedServer, aids: _Aids
) -> tuple[Finding, ...]:
    tools = schema_step.choose_clone_tools(opened, seen, aids.installations)
    name = seen.facts.name
    with (
        hold_snapshot(request.target, seen.catalog, workflow=schema_step.WORKFLOW) as snapshot,
        schema_step.target_archive(request.target, tools, snapshot.taken.name, opened) as schema,
        connect(opened.server.url(name), application_name="dbtool clone") as clone,
    ):
        restore = schema_step.restore_into(schema, tools, opened.server, name)
        restore.pre_data()
        schema_step.copy_version_rows(
            request.target, snapshot.taken.name, clone, snapshot.catalog, request.version_table
        )
        snapshot.release()
        restore.post_data(request.jobs)
        return tuple(schema_step.say_left_out(schema))


def _describe(
    request: CloneRequest,
    seen: TargetSeen,
    opened: OpenedServer,
    connection: Connection,
    *,
    lease: Lease,
    url: str,
    role: str,
    findings: tuple[Finding, ...],
) -> Clone:
    facts = database_facts(connection)
    sizes = read_sizes(connection)
    return Clone(
        url=url,
        superuser_url=opened.server.url(facts.name),
        database=facts.name,
        oid=_oid(connection),
        system_identifier=facts.system_identifier,
        nonce=lease.nonce,
        role=role,
        provider=opened.server.provider,
        version=facts.server_version,
        target_version=seen.facts.server_version,
        data=request.data,
        rows=0,
        bytes=facts.bytes,
        seconds=0.0,
        catalog_before=read_catalog(connection),
        population=Population(request.data, sizes, seen.sizes),
        findings=findings,
    )


def _oid(connection: Connection) -> int:
    row = connection.execute(
        "SELECT oid::int8 FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"
    ).fetchone()
    return int(row[0]) if row else 0


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
