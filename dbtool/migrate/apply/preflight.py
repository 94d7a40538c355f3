"""What on the target would keep an application waiting; asked before the first revision."""

from __future__ import annotations

from dbtool.findings import Finding
from dbtool.migrate.apply.obstacles import look_for_obstacles
from dbtool.migrate.request import ApplyRequest
from dbtool.postgres.session import Connection


def preflight(request: ApplyRequest, connection: Connection) -> tuple[Finding, ...]:
    """Nothing found here forbids: an application tries for as long as its patience lasts."""
    findings = look_for_obstacles(request.target, connection, cancel_refresh=request.cancel_refresh)
    for finding in findings:
        request.observer.found(finding)
    return findings
