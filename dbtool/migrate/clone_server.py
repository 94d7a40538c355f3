"""The server that a clone gets: the first of what could be had that can hold the target's schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import quote_identifier
from dbtool.clones.lease import Lease
from dbtool.clones.provider import Offering, open_offering
from dbtool.clones.server import CloneServer
from dbtool.errors import CloneImpossible, EnvironmentFailed
from dbtool.findings import Finding, Severity
from dbtool.migrate.clone_target import TargetSeen
from dbtool.postgres.extensions import read_offered_extensions
from dbtool.postgres.facts import database_facts
from dbtool.postgres.session import connect

MAINTENANCE = "template1"  # the target may be called postgres


@dataclass(frozen=True, slots=True)
class OpenedServer:
    """``left_out`` are extensions that it does not have and that nothing stands on."""

    server: CloneServer
    facts: DatabaseFacts
    left_out: frozenset[str]
    findings: tuple[Finding, ...]


@contextmanager
def fitting_server(
    offers: Iterable[Offering], target: str, seen: TargetSeen, lease: Lease, superuser: str
) -> Iterator[OpenedServer]:
    """Start one after the other until one fits.

    :raises CloneImpossible: none does; with a finding for each reason.
    """
    refusals: list[Finding] = []
    for offering in offers:
        with ExitStack() as stack:
            try:
                server = stack.enter_context(open_offering(offering, lease, superuser, seen.start))
                facts, offered = _ask(server)
            except EnvironmentFailed as error:
                refusals.append(_refusal(offering, error))
                continue
            reasons = (
                *judge_major(target, seen, facts, offering),
                *judge_extensions(seen, offered, offering),
            )
            if any(finding.is_error for finding in reasons):
                refusals += reasons
                continue
            left_out = frozenset(use.name for use in seen.extensions if use.name not in offered)
            yield OpenedServer(server, facts, left_out, tuple(reasons))
            return
    raise CloneImpossible(_none_fits(target, seen, refusals), refusals)


def _ask(server: CloneServer) -> tuple[DatabaseFacts, dict[str, str]]:
    with connect(server.url(MAINTENANCE), application_name="dbtool clone") as connection:
        return database_facts(connection), read_offered_extensions(connection)


def judge_major(target: str, seen: TargetSeen, facts: DatabaseFacts, offering: Offering) -> Iterator[Finding]:
    wanted = seen.facts.major
    if facts.major < wanted or (offering.is_container and facts.major != wanted):
        yield Finding(
            "clone-major-differs",
            Severity.ERROR,
            target,
            f"the target runs PostgreSQL {wanted} and {offering} is {facts.major}",
            f"name an image of PostgreSQL {wanted} with --image",
        )
    elif facts.major != wanted:
        yield Finding(
            "clone-major-differs",
            Severity.WARNING,
            target,
            f"the target runs PostgreSQL {wanted} and the clone {facts.major}: locks, rewrites and errors may differ",
            f"install PostgreSQL {wanted}, or rehearse in a container: --clone container --image postgres:{wanted}",
        )


def judge_extensions(seen: TargetSeen, offered: Mapping[str, str], offering: Offering) -> Iterator[Finding]:
    for use in seen.extensions:
        name = quote_identifier(use.name)
        if use.name in offered:
            if offered[use.name] != use.version:
                yield Finding(
                    "extension-version-differs",
                    Severity.INFO,
                    name,
                    f"the target has version {use.version} of it, the clone {offered[use.name]}",
                )
        elif use.is_used:
            yield Finding(
                "extension-missing",
                Severity.ERROR,
                name,
                f"the target's schema stands on this extension, which {offering} does not have",
                "rehearse in a container that has it: --clone container --image …",
            )
        else:
            yield Finding(
                "extension-left-out",
                Severity.WARNING,
                name,
                f"the target has this extension and {offering} does not; nothing of the schema stands on it, so the clone "
                "is made without. A revision or a function's text that uses it fails there",
                "rehearse in a container that has it: --clone container --image …",
            )


def _refusal(offering: Offering, error: EnvironmentFailed) -> Finding:
    return Finding("clone-server-failed", Severity.ERROR, str(offering), str(error))


def _none_fits(target: str, seen: TargetSeen, refusals: Sequence[Finding]) -> str:
    if not refusals:
        return (
            f"there are no programs of a PostgreSQL server of {seen.facts.major} or newer, which {target} runs, and no "
            "container engine answers; no clone was made. Install them (pip install 'dbtool[embedded]', or your system's "
            f"postgresql-{seen.facts.major}), or start Docker."
        )
    listed = "\n".join(
        f"  {finding.where}: {finding.message}" + (f" ({finding.remedy})" if finding.remedy else "")
        for finding in refusals
    )
    return f"no server at hand can be a clone of {target}; no clone was made:\n{listed}"
