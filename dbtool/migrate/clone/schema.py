"""The target's roles, database and DDL on the clone's server, and Alembic's version rows with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.clones.lease import Lease
from dbtool.clones.server import CloneServer
from dbtool.errors import ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.migrate.clone.request import CloneRequest
from dbtool.migrate.clone.server import MAINTENANCE, OpenedServer
from dbtool.migrate.clone.target import TargetSeen
from dbtool.postgres import dump
from dbtool.postgres.archive import Restore, SchemaArchive, schema_archive
from dbtool.postgres.binaries import Installation, Tools, choose_tools
from dbtool.postgres.copy_in import copy_in
from dbtool.postgres.copy_io import DriverReader
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.databases import Locale, drop_database, make_database, set_comment
from dbtool.postgres.extensions import ExtensionMember
from dbtool.postgres.roles import StoredSetting, create_roles, grant_on_database, let_log_in, store_settings
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.session_defaults import read_session_defaults
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.targets import Target

WORKFLOW = "rehearse"
POLICY = dump.RestorePolicy(grants="source", keeps_owners=True)
# What CREATE DATABASE says where a build lacks ICU or a provider, or the machine a locale.
_NO_SUCH_LOCALE = frozenset({"0A000", "22023", "42809", "42704"})


def make_clone_database(opened: OpenedServer, seen: TargetSeen, lease: Lease) -> tuple[Finding, ...]:
    """The roles, and the empty database under the target's name with the lease as its comment."""
    with connect(opened.server.url(MAINTENANCE), application_name="dbtool clone") as connection:
        create_roles(connection, seen.access)
        drop_database(connection, seen.facts.name)  # initdb made one called postgres
        findings = tuple(_create_in_locale(connection, seen))
        set_comment(connection, seen.facts.name, lease.render())
        if seen.access.grants is not None:
            grant_on_database(connection, seen.facts.name, seen.access.grants)
    return findings


def _create_in_locale(connection: Connection, seen: TargetSeen) -> Iterator[Finding]:
    facts = seen.facts
    wanted = Locale(
        facts.encoding, facts.collate, facts.ctype, facts.locale_provider, facts.icu_locale, facts.icu_rules
    )
    plain = Locale(facts.encoding, "C", "C")
    fallbacks = (replace(plain, collate="C.UTF-8", ctype="C.UTF-8"), plain)
    for locale in (wanted, *(fallbacks if facts.encoding == "UTF8" else (plain,))):
        try:
            make_database(connection, facts.name, locale, seen.access.owner)
        except ServerFailed as error:
            if error.sqlstate not in _NO_SUCH_LOCALE or locale is plain:
                raise
            continue
        if locale is not wanted:
            yield _locale_differs(wanted, locale)
        return


def _locale_differs(wanted: Locale, made: Locale) -> Finding:
    return Finding(
        "locale-differs",
        Severity.WARNING,
        wanted.icu_locale or wanted.collate,
        f"the clone's server has no such locale, so the clone sorts by {made.collate}: the order of text, and what unique "
        "indexes, checks and ranges make of it, may differ",
        "install the locale, or rehearse in a container: --clone container",
    )


def choose_clone_tools(
    opened: OpenedServer, seen: TargetSeen, installations: Sequence[Installation]
) -> Tools:
    return choose_tools(
        seen.facts.major,
        opened.facts.major,
        installations,
        source_tls=seen.facts.has_tls,
        source_marks=seen.facts.marks_columns,
    )


@contextmanager
def target_archive(
    target: Target, tools: Tools, snapshot: str, seen: TargetSeen, opened: OpenedServer
) -> Iterator[SchemaArchive]:
    def choose(entries: Sequence[dump.TocEntry]) -> Sequence[dump.TocEntry]:
        kept = dump.filter_toc(entries, extensions="create", publications=True)
        return leave_out_extensions(kept, opened.left_out, seen.members)

    with schema_archive(
        target.url(), tools, snapshot, choose, workflow=WORKFLOW, publications=True
    ) as schema:
        yield schema


def leave_out_extensions(
    entries: Sequence[dump.TocEntry], names: Collection[str], members: Iterable[ExtensionMember]
) -> tuple[dump.TocEntry, ...]:
    """Without the extensions, and without privileges on what they would have brought."""
    if not names:
        return tuple(entries)
    absent = (*(f"EXTENSION - {name}" for name in names), *(f"COMMENT - EXTENSION {name}" for name in names))
    privileges = tuple(
        f"ACL {member.schema} {member.kind} {member.name}" for member in members if member.extension in names
    )
    return tuple(entry for entry in entries if not entry.is_a(absent) and not _is_of(entry.text, privileges))


def _is_of(text: str, beginnings: Iterable[str]) -> bool:
    """Arguments of functions, and the owner, follow."""
    return any(text.startswith((f"{each}(", f"{each} ")) for each in beginnings)


def restore_into(schema: SchemaArchive, tools: Tools, server: CloneServer, database: str) -> Restore:
    return Restore(schema, tools, server.url(database), database, POLICY, WORKFLOW)


def version_tables(request: CloneRequest, catalog: Catalog) -> frozenset[RelationName]:
    wanted = (request.version_table, catalog.alembic_version)
    return frozenset(name for name in wanted if name is not None and name in catalog.relations)


def copy_version_rows(request: CloneRequest, snapshot: HeldSnapshot, clone: Connection) -> None:
    """Alembic's own rows: which revisions the target has. They are of no person."""
    reader = DriverReader(request.target.url, snapshot.taken.name)
    for name in sorted(version_tables(request, snapshot.catalog)):
        columns = tuple(column.name for column in snapshot.catalog.relations[name].copied_columns)
        with reader.open(CopyOut(name, columns)) as blocks:
            copy_in(clone, name, columns, blocks, binary=False)


def say_left_out(schema: SchemaArchive) -> Iterator[Finding]:
    triggers = [entry for entry in schema.left_out if entry.startswith("EVENT TRIGGER")]
    if triggers:
        yield Finding(
            "event-triggers-left-out",
            Severity.WARNING,
            "event triggers",
            f"the target has {len(triggers)} event trigger{'s' * (len(triggers) > 1)}, which the clone has not: what they "
            "do or refuse on DDL was not rehearsed",
        )


def settle_sessions(opened: OpenedServer, seen: TargetSeen, role: str, password: str) -> Iterator[Finding]:
    """Carry stored settings over, let the migrating role log in, and have its sessions begin as on the target."""
    name = seen.facts.name
    with connect(opened.server.url(MAINTENANCE), application_name="dbtool clone") as connection:
        refused = store_settings(connection, name, seen.access.settings)
        let_log_in(connection, role, password)
        if role == seen.access.session_role:
            begins = _session_of(opened.server, name, role, password)
            differing = [
                StoredSetting(role, in_database=True, setting=f"{setting}={value}")
                for setting, value in seen.session.items()
                if setting in begins and begins[setting] != value
            ]
            refused += store_settings(connection, name, differing)
    for setting in dict.fromkeys(refused):
        yield Finding(
            "setting-not-carried",
            Severity.INFO,
            setting,
            "the clone's server does not take the value that this setting has on the target",
        )


def _session_of(server: CloneServer, database: str, role: str, password: str) -> dict[str, str]:
    with connect(server.url(database, role, password), application_name="dbtool clone") as connection:
        return dict(read_session_defaults(connection))
