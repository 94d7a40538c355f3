"""Everything that can be known before the first byte: who, where, whether the rules decide every column.

All findings are gathered before any of them stops the run. Nothing is written, on either end.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.database import DatabaseFacts
from dbtool.errors import (
    ConsentMissing,
    DbtoolError,
    FindingsRefuse,
    PrivilegeMissing,
    ServerUnreachable,
    TargetRefused,
)
from dbtool.findings import Finding, Severity
from dbtool.masking.compile import MaskingPlan
from dbtool.masking.patterns import judge_schema_texts
from dbtool.postgres.binaries import Tools, choose_tools, find_installations
from dbtool.postgres.candidate import RefreshStamp, find_refresh_stamp, holds_tables
from dbtool.postgres.databases import DatabaseEntry, find_database
from dbtool.postgres.facts import database_facts, read_schema_texts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.privileges import missing_privileges, row_security_blocks, writable_relations
from dbtool.postgres.session import Connection, connect, database_name
from dbtool.refresh.compiled import MaskingInputs, compile_for
from dbtool.refresh.post_data import read_script
from dbtool.refresh.request import RefreshRequest
from dbtool.targets import Target, refuse_unfit_target


@dataclass(frozen=True, slots=True)
class SourceSeen:
    facts: DatabaseFacts
    catalog: Catalog
    stamp: RefreshStamp | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """``live`` is None where the target database does not exist yet."""

    facts: DatabaseFacts
    live_name: str
    live: DatabaseEntry | None
    made_by_dbtool: bool
    holds_tables: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    source: SourceSeen
    target: TargetSeen
    tools: Tools
    inputs: MaskingInputs
    plan: MaskingPlan
    findings: tuple[Finding, ...]


def preflight(request: RefreshRequest) -> Preflight:
    """Look at both ends and at the rules.

    :raises TargetRefused: the two ends are one database, or the target may not be replaced.
    :raises ServerUnreachable: an end cannot be reached; says which.
    :raises FindingsRefuse: an error among the findings, such as an undecided column; carries them all.
    """
    refuse_unfit_target(request.source, request.target)
    for script in request.target.after_load:
        read_script(script)
    source = look_at_source(request.source)
    target = look_at_target(request.target)
    refuse_same_database(request, source, target)
    tools = choose_tools(
        source.facts.major,
        target.facts.major,
        find_installations(request.postgres_bin),
        source_tls=source.facts.has_tls,
        target_tls=target.facts.has_tls,
        source_marks=source.facts.marks_columns,
    )
    inputs, plan = compile_for(request, source.catalog)
    findings = (*source.findings, *judge_target(request, source, target), *inputs.findings)
    for finding in findings:
        request.observer.found(finding)
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        raise FindingsRefuse(
            f"{len(errors)} finding{'s' * (len(errors) > 1)} must be settled first; nothing was copied and "
            f"{request.target} is as it was.",
            findings,
        )
    return Preflight(source, target, tools, inputs, plan, findings)


def look_at_source(source: Target) -> SourceSeen:
    with (
        _reached(source),
        connect(source.url(), application_name="dbtool refresh preflight", read_only=True) as connection,
    ):
        facts = database_facts(connection)
        catalog = read_catalog(connection)
        grants = missing_privileges(connection, catalog)
        if grants:
            listed = "\n".join(f"  {grant}" for grant in grants)
            raise PrivilegeMissing(
                f"the role {facts.current_user} may not read all of {source}; nothing was copied. Grant it:\n{listed}"
            )
        return SourceSeen(
            facts, catalog, find_refresh_stamp(connection), tuple(_judge_source(connection, source, catalog))
        )


def _judge_source(connection: Connection, source: Target, catalog: Catalog) -> list[Finding]:
    findings = [
        Finding("not-copied", Severity.WARNING, source.name, sentence) for sentence in catalog.not_copied
    ]
    findings += [
        Finding(
            "rows-hidden",
            Severity.ERROR,
            str(name),
            "row-level security hides rows of this relation from the role, so a copy would be incomplete",
            "read as the relation's owner or as a role with BYPASSRLS",
        )
        for name in row_security_blocks(connection, catalog)
    ]
    if not catalog.tables():
        findings.append(
            Finding(
                "source-empty",
                Severity.ERROR,
                source.name,
                "the source has no table that could be copied: is its URL right?",
                "name the database that holds the tables",
            )
        )
    findings += [
        Finding(
            "no-copied-column",
            Severity.ERROR,
            str(relation.name),
            "a relation without a column of its own cannot be copied yet",
            "drop it, or give it a column",
        )
        for relation in catalog.tables()
        if not relation.copied_columns
    ]
    findings += judge_schema_texts(read_schema_texts(connection))
    writable = writable_relations(connection)
    if writable:
        findings.append(
            Finding(
                "source-writable",
                Severity.INFO,
                source.name,
                f"the role could write to {writable} relations; every session is read-only, but a role with SELECT alone "
                "could not write by any mistake",
                "read through a role that has SELECT only, best on a standby",
            )
        )
    return findings


def look_at_target(target: Target) -> TargetSeen:
    live_name = database_name(target.url())
    with _reached(target):
        with connect(
            target.url(), database=target.maintenance_database, application_name="dbtool refresh preflight"
        ) as maintenance:
            facts = database_facts(maintenance)
            live = find_database(maintenance, live_name)
        if live is None:
            return TargetSeen(facts, live_name, None, made_by_dbtool=False, holds_tables=False)
        with connect(target.url(), application_name="dbtool refresh preflight", read_only=True) as connection:
            stamp = find_refresh_stamp(connection)
            return TargetSeen(facts, live_name, live, stamp is not None, holds_tables(connection))


def judge_target(request: RefreshRequest, source: SourceSeen, target: TargetSeen) -> list[Finding]:
    findings = []
    where = request.target.name
    if source.facts.major > target.facts.major:
        findings.append(
            Finding(
                "target-older",
                Severity.ERROR,
                where,
                f"the source is PostgreSQL {source.facts.major}, the target {target.facts.major}: a newer schema cannot be restored into an older server",
                f"refresh into a server of major {source.facts.major} or newer",
            )
        )
    if not (target.facts.can_createdb or target.facts.is_superuser):
        role = target.facts.current_user
        findings.append(
            Finding(
                "no-createdb",
                Severity.ERROR,
                where,
                f"the role {role} may not create databases",
                f"ALTER ROLE {role} CREATEDB",
            )
        )
    if source.stamp is not None:
        findings.append(
            Finding(
                "already-masked",
                Severity.ERROR,
                request.source.name,
                f"the source is itself a masked copy of {source.stamp.source} made at {source.stamp.made_at}; masked values "
                "cannot be told from originals",
                f"refresh from {source.stamp.source}",
            )
        )
    findings += [_unsupported(where, setting) for setting in _unsupported_settings(request.target)]
    return findings


def _unsupported_settings(target: Target) -> list[str]:
    """Refused rather than ignored: somebody relies on them."""
    return [name for name, value in (("preserve", target.preserve), ("roles", target.roles)) if value]


def _unsupported(where: str, setting: str) -> Finding:
    message = (
        f"the setting {setting} is not supported yet, and a refresh without it would not do what it says"
    )
    return Finding(
        "setting-unsupported", Severity.ERROR, where, message, f"remove {setting} from dbtool.toml"
    )


def require_consent(request: RefreshRequest, target: TargetSeen) -> None:
    """:raises ConsentMissing: the target holds tables that dbtool never made, and nobody said it may go."""
    if target.live is None or target.made_by_dbtool or not target.holds_tables or request.adopt:
        return
    raise ConsentMissing(
        f"{request.target} holds tables and was never refreshed by dbtool; nothing was done. If it may be replaced "
        f"(the old database is kept as previous), adopt it once: dbtool refresh {request.source} {request.target} --yes"
    )


def refuse_same_database(request: RefreshRequest, source: SourceSeen, target: TargetSeen) -> None:
    """:raises TargetRefused: writing to the target would write to the source.

    A system identifier is shared by every server restored from one base backup, so it alone does not tell; a
    nonce does, opened on one end and looked for on the other.
    """
    if target.facts.is_standby:
        raise TargetRefused(
            f"{request.target} is a standby server and cannot be written; nothing was done. Name its primary."
        )
    same_server = _is_same_server(request)
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


def _is_same_server(request: RefreshRequest) -> bool:
    nonce = f"dbtool nonce {secrets.token_hex(8)}"
    with (
        _reached(request.source),
        connect(request.source.url(), application_name=nonce, read_only=True),
        connect(request.target.url(), database=request.target.maintenance_database) as maintenance,
    ):
        row = maintenance.execute(
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = %s)", (nonce,)
        ).fetchone()
    return bool(row and row[0])


class _reached:  # noqa: N801  reads as a clause of the with statement
    """Name the environment in the error of a server that cannot be reached."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ServerUnreachable) and isinstance(error, DbtoolError):
            raise ServerUnreachable(
                f"{self._target}: {error}; nothing was done. Check its URL and that it is running."
            ) from None
