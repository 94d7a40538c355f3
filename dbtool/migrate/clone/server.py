"""The server that a clone gets: the first of what could be had that can hold the target's schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from dbtool.catalog.database import DatabaseFacts
from dbtool.clones.lease import Lease
from dbtool.clones.provider import Offering, open_offering
from dbtool.clones.server import CloneServer
from dbtool.errors import CloneImpossible, EnvironmentFailed
from dbtool.findings import Finding, Severity
from dbtool.migrate.clone.fit import ServerSeen, judge_fit
from dbtool.migrate.clone.target import TargetSeen
from dbtool.postgres.builds import read_build
from dbtool.postgres.extensions import read_offered_extensions
from dbtool.postgres.facts import database_facts
from dbtool.postgres.session import connect

MAINTENANCE = "template1"  # the target may be called postgres


@dataclass(frozen=True, slots=True)
class OpenedServer:
    """``left_out`` are extensions of the target that it does not have, and that nothing stands on."""

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
                found = look_at_server(server, offering)
            except EnvironmentFailed as error:
                refusals.append(_refusal(offering, error))
                continue
            reasons = judge_fit(target, seen, found)
            if any(finding.is_error for finding in reasons):
                refusals += reasons
                continue
            left_out = frozenset(use.name for use in seen.extensions if use.name not in found.extensions)
            yield OpenedServer(server, found.facts, left_out, reasons)
            return
    raise CloneImpossible(_none_fits(target, seen, refusals), refusals)


def look_at_server(server: CloneServer, offering: Offering) -> ServerSeen:
    with connect(server.url(MAINTENANCE), application_name="dbtool clone") as connection:
        return ServerSeen(
            str(offering),
            offering.is_container,
            database_facts(connection),
            read_offered_extensions(connection),
            read_build(connection),
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
