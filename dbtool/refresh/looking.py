"""A look at both ends of a refresh, and at the programs at hand. Nothing is judged.

This module and what it imports load neither polars nor numpy, nor any mask: both servers can be looked at while those are
loaded, which takes as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from dbtool.postgres.binaries import Installation, find_installations
from dbtool.refresh.after_load import read_script
from dbtool.refresh.disk import DiskSeen, look_at_disk
from dbtool.refresh.ends import (
    SourceSeen,
    TargetSeen,
    is_same_server,
    look_at_source,
    look_at_target,
    reaching,
)
from dbtool.refresh.preserved_rules import of_copied
from dbtool.refresh.preserving import preserved_names
from dbtool.refresh.request import Cancellation, RefreshRequest
from dbtool.refresh.workers import meanwhile
from dbtool.rules.profiles import choose_subset
from dbtool.targets import refuse_unfit_target
from dbtool.waiting import result_of


@dataclass(frozen=True, slots=True)
class EndsSeen:
    """``same_server`` tells whether both ends are databases of one server."""

    source: SourceSeen
    target: TargetSeen
    disk: DiskSeen
    same_server: bool
    installations: Sequence[Installation]


Look: TypeAlias = Callable[[RefreshRequest], EndsSeen]


def look_at_ends(request: RefreshRequest) -> EndsSeen:
    """:raises TargetRefused: the target may not be replaced.
    :raises ConfigurationInvalid: a script of ``after_load`` cannot be read.
    :raises ServerUnreachable: an end cannot be reached; says which.
    :raises PrivilegeMissing: with every GRANT that the source's role lacks.
    :raises RulesInvalid: a root's condition cannot be read.
    """
    request = of_copied(request)
    refuse_unfit_target(request.source, request.target)
    for script in request.target.after_load:
        read_script(script)
    subset, preserved = choose_subset(request.rules, request.profile), preserved_names(request.target)
    # Programs take as long to tell their version as both ends take to be looked at. What is refused here may be asked for
    # again once it is settled: nothing of the request has been ended then.
    with (
        meanwhile(lambda: find_installations(request.postgres_bin), Cancellation()) as installations,
        meanwhile(lambda: _look_at_target(request), Cancellation()) as looked_at,
    ):
        source = look_at_source(
            request.source, request.rules, subset, preserved=preserved, version_table=request.version_table
        )
        return EndsSeen(source, *looked_at(), installations())


def _look_at_target(request: RefreshRequest) -> tuple[TargetSeen, DiskSeen, bool]:
    """The last tells whether its server is the source's."""
    target = look_at_target(request.target, request.version_table)
    with reaching(request.target, request.target.maintenance_database) as maintenance:
        disk = look_at_disk(maintenance, target.live_name)
    return target, disk, is_same_server(request)


@contextmanager
def looking_ahead(request: RefreshRequest) -> Iterator[Look]:
    """Begin to look, in a thread of its own, while the context's body goes on. Who looks first is given what was seen, or what
    was raised; who looks again, since time has passed, looks anew. What nobody asks for is nobody's failure.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="dbtool") as beside:
        ahead = [beside.submit(look_at_ends, request)]

        def look(asked: RefreshRequest) -> EndsSeen:
            return result_of(ahead.pop()) if ahead else look_at_ends(asked)

        yield look
