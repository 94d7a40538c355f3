"""What preflight sees of the two ends. Nothing is judged here but what makes looking further pointless."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import RelationName
from dbtool.catalog.without import with_belongings, without
from dbtool.errors import Busy, PrivilegeMissing, ServerFailed, ServerUnreachable, TargetRefused, UrlInvalid
from dbtool.findings import Finding
from dbtool.postgres.alembic_version import all_heads
from dbtool.postgres.candidate import holds_tables
from dbtool.postgres.databases import DatabaseEntry, find_database, is_visible, may_rename
from dbtool.postgres.extensions import (
    read_extension_uses,
    read_installed_extensions,
    read_own_schemas,
)
from dbtool.postgres.facts import database_facts, read_schema_texts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.kept_sessions import KeptSessions
from dbtool.postgres.lock_waits import LOCK_TIMEOUT_S, limit_lock_waits
from dbtool.postgres.privileges import missing_privileges, row_security_blocks, writable_relations
from dbtool.postgres.requirements import NeededRoles, Offer, read_needed_roles, read_offer
from dbtool.postgres.session import Connection, connect
from dbtool.postgres.snapshots import LOCK_NOT_AVAILABLE
from dbtool.postgres.stamp import RefreshStamp, find_refresh_stamp
from dbtool.postgres.urls import database_name
from dbtool.refresh.preserving import LiveSeen, look_at_live, preserved_names
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.skipped import skipped_tables
from dbtool.refresh.standing import refuse_unreadable
from dbtool.refresh.subset_fit import look_at_subset
from dbtool.rules.model import RuleSet
from dbtool.rules.subset_model import SubsetRules
from dbtool.targets import Target

Lend = Callable[[], AbstractContextManager[Connection]]

_NAME = "dbtool refresh preflight"
TEMPLATE = "template1"
_SYSTEM_DATABASES = frozenset({"template0", "template1"})


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """``used_extensions`` are those that something stands on, by name, and the schema of each. ``hidden`` are relations of which policies may hide rows, ``writable`` how many the role could write to,
    ``schema_texts`` every (object, text) that is copied as it is. ``catalog`` has all relations; of ``left_out``, which a
    subset skips, nothing is said, and nothing need be granted. ``preserved`` is what is made and has the target's own rows.
    """

    facts: DatabaseFacts
    catalog: Catalog
    stamp: RefreshStamp | None
    hidden: tuple[RelationName, ...]
    writable: int
    schema_texts: tuple[tuple[str, str], ...]
    needed_roles: NeededRoles = field(default_factory=NeededRoles)
    subset_findings: tuple[Finding, ...] = ()
    left_out: frozenset[RelationName] = frozenset()
    preserved: frozenset[RelationName] = frozenset()
    heads: tuple[str, ...] = ()
    used_extensions: Mapping[str, str] = field(default_factory=dict)
    is_subset: bool = False

    @property
    def made(self) -> Catalog:
        return without(self.catalog, self.left_out)

    @property
    def copied(self) -> Catalog:
        """What rows are read of."""
        return without(self.catalog, self.left_out | self.preserved)


@dataclass(frozen=True, slots=True)
class TemplateSeen:
    """What a copy of template1 begins with: extensions by name and schema, and schemas that template0 has not, with whether the
    role may use them.
    """

    facts: DatabaseFacts
    extensions: Mapping[str, str]
    schemas: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """``live`` is None where the target database does not exist yet. ``key_id`` is that of the key it was masked with,
    ``offer`` what its server has. ``preserving`` is what live has, where some of its rows are to stay,
    ``template`` what the candidate is made from, where it expects extensions there.
    """

    facts: DatabaseFacts
    live_name: str
    live: DatabaseEntry | None
    may_rename: bool
    made_by_dbtool: bool
    holds_tables: bool
    key_id: str | None = None
    offer: Offer | None = None
    preserving: LiveSeen | None = None
    template: TemplateSeen | None = None


@contextmanager
def reaching(end: Target, database: str | None = None, application_name: str = _NAME) -> Iterator[Connection]:
    """Connect, read-only; an end that cannot be reached is named by its environment."""
    with naming(end):
        connection = connect(end.url(), database=database, application_name=application_name, read_only=True)
    with connection:
        limit_lock_waits(connection)
        try:
            yield connection
        except ServerFailed as error:
            if error.sqlstate != LOCK_NOT_AVAILABLE:
                raise
            raise Busy(
                f"a table of {end} is locked by another session, for longer than {LOCK_TIMEOUT_S} s now; nothing was done. Run this "
                "again when that has ended."
            ) from None


@contextmanager
def reaching_again(end: Target) -> Iterator[Lend]:
    """What lends a session of the end, made when it is first asked for, to one question after the other."""
    with KeptSessions(lambda: reaching(end), _is_idle) as sessions:
        yield sessions.lend


def _is_idle(connection: Connection) -> bool:
    return not connection.closed and not connection.info.transaction_status


@contextmanager
def naming(end: Target) -> Iterator[None]:
    """Say of which end a URL is wrong or leads nowhere."""
    try:
        yield
    except UrlInvalid as error:
        raise UrlInvalid(f"{end}: {error}; nothing was done") from None
    except ServerUnreachable as error:
        raise ServerUnreachable(
            f"{end}: {error}; nothing was done. Check its URL and that it is running."
        ) from None


def look_at_source(
    source: Target,
    rules: RuleSet | None = None,
    subset: SubsetRules | None = None,
    *,
    preserved: Collection[RelationName] = (),
    version_table: str | None = None,
) -> SourceSeen:
    """With a subset, also whether it fits. Of ``preserved`` tables no row is read.

    :raises PrivilegeMissing: with every GRANT that the role lacks.
    :raises RulesInvalid: a root's condition cannot be read.
    """
    with reaching(source) as connection:
        facts = database_facts(connection)
        catalog = read_catalog(connection)
        left_out = with_belongings(catalog, skipped_tables(subset))
        kept = with_belongings(catalog, [name for name in preserved if name in catalog.relations]) - left_out
        made, copied = without(catalog, left_out), without(catalog, left_out | kept)
        grants = missing_privileges(connection, made)
        if grants:
            listed = "\n".join(f"  {grant}" for grant in grants)
            raise PrivilegeMissing(
                f"the role {facts.current_user} may not read all of {source}; nothing was copied. Grant it:\n{listed}"
            )
        return SourceSeen(
            facts,
            catalog,
            find_refresh_stamp(connection, source),
            row_security_blocks(connection, copied),
            writable_relations(connection),
            read_schema_texts(connection, left_out),
            read_needed_roles(connection, left_out),
            look_at_subset(connection, without(catalog, kept), rules, subset) if rules and subset else (),
            left_out,
            kept,
            all_heads(connection, version_table) if preserved else (),
            _used_extensions(connection),
            subset is not None,
        )


def _used_extensions(connection: Connection) -> dict[str, str]:
    schemas = read_installed_extensions(connection)
    return {one.name: schemas[one.name] for one in read_extension_uses(connection) if one.is_used}


def look_at_target(target: Target, version_table: str | None = None) -> TargetSeen:
    """:raises TargetRefused: what the URL leads to can never be swapped."""
    with naming(target):
        live_name = database_name(target.url())
    if live_name in _SYSTEM_DATABASES | {target.maintenance_database}:
        raise TargetRefused(
            f"{target} is the database {live_name}, which the server or dbtool itself works from and which cannot be "
            "replaced; nothing was done. Name a database of its own in the URL."
        )
    template = _look_at_template(target) if target.extensions == "expect" else None
    with reaching(target, target.maintenance_database) as maintenance:
        facts, offer = database_facts(maintenance), read_offer(maintenance)
        live = find_database(maintenance, live_name)
        if live is None:
            _refuse_unseen(maintenance, target, live_name)
            return TargetSeen(
                facts,
                live_name,
                None,
                may_rename=True,
                made_by_dbtool=False,
                holds_tables=False,
                offer=offer,
                template=template,
            )
        renamable = may_rename(maintenance, live_name)
    with reaching(target) as connection:
        stamp = find_refresh_stamp(connection, target)
        refuse_unreadable(connection, version_table)
        names = preserved_names(target)
        return TargetSeen(
            facts,
            live_name,
            live,
            renamable,
            made_by_dbtool=stamp is not None,
            holds_tables=holds_tables(connection),
            key_id=stamp.key_id if stamp else None,
            offer=offer,
            preserving=look_at_live(connection, names, version_table) if names else None,
            template=template,
        )


def _look_at_template(target: Target) -> TemplateSeen:
    with reaching(target, TEMPLATE) as connection:
        return TemplateSeen(
            database_facts(connection), read_installed_extensions(connection), read_own_schemas(connection)
        )


def _refuse_unseen(maintenance: Connection, target: Target, live_name: str) -> None:
    if is_visible(maintenance, live_name):
        raise TargetRefused(
            f"{target} is the template database {live_name}; nothing was done. Name another database."
        )


def refuse_same_database(
    request: RefreshRequest, source: SourceSeen, target: TargetSeen, *, same_server: bool
) -> None:
    """:raises TargetRefused: writing to the target would write to the source.

    A system identifier is shared by every server restored from one base backup, so it alone does not tell; ``is_same_server``
    does.
    """
    if target.facts.is_standby:
        raise TargetRefused(
            f"{request.target} is a standby server and cannot be written; nothing was done. Name its primary."
        )
    same_name = source.facts.name == target.live_name
    if same_server and same_name:
        raise TargetRefused(
            f"{request.source} and {request.target} are the same database ({target.live_name} on one server); nothing was "
            "done. Give the target a database of its own."
        )
    identifiers = (source.facts.system_identifier, target.facts.system_identifier)
    restored = identifiers[0] is not None and identifiers[0] == identifiers[1] and not same_server
    if restored and same_name and not request.target.restored_from_source:
        raise TargetRefused(
            f"{request.target} has the system identifier of {request.source}: it may be the same server, or a copy of it. "
            'Nothing was done. If it was restored from a base backup, say so in dbtool.toml: restored_from_source = "reason"'
        )


def refuse_own_standby(
    request: RefreshRequest, source: SourceSeen, target: TargetSeen, candidate: str
) -> None:
    """The last look before the swap: a candidate that shows up on the source was replicated there.

    :raises TargetRefused: the source is a standby of the target, so swapping would replace production.
    """
    identifiers = (source.facts.system_identifier, target.facts.system_identifier)
    if identifiers[0] is None or identifiers[0] != identifiers[1] or not source.facts.is_standby:
        return
    with reaching(request.source) as connection:
        if is_visible(connection, candidate):
            raise TargetRefused(
                f"{request.source} is a standby of the server of {request.target}: what is swapped there is swapped in "
                "production. The candidate was dropped and nothing was swapped; name a target on a server of its own."
            )


def is_same_server(request: RefreshRequest) -> bool:
    """By a nonce, opened on one end and looked for on the other."""
    nonce = f"dbtool nonce {secrets.token_hex(8)}"
    with (
        reaching(request.source, application_name=nonce),
        reaching(request.target, request.target.maintenance_database) as maintenance,
    ):
        row = maintenance.execute(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = %s)", (nonce,)
        ).fetchone()
    return bool(row and row[0])
