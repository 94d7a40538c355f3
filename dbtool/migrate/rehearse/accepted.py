"""What revisions leave kept and nobody has accepted → dbtool.lock, where whoever rehearses asks for it."""

from __future__ import annotations

from dataclasses import replace

from dbtool.findings import Finding, Severity
from dbtool.migrate.rehearse.aftermath import find_unaccepted
from dbtool.migrate.rehearse.rehearsal import Ran
from dbtool.migrate.rehearse.verdict import Yardstick
from dbtool.rules.lockfile import Lock, write_lock
from dbtool.rules.position import Position


def accept_kept(ran: Ran, yardstick: Yardstick) -> Yardstick:
    """To judge by from here on. Nothing is accepted of a run that failed, or where there is no dbtool.lock.

    :raises EnvironmentFailed: it cannot be written, and is as it was.
    """
    rules = yardstick.rules
    if rules is None or rules.lock is None or rules.lock.accepted is None or not ran.completed:
        return yardstick
    lock = rules.lock
    added = find_unaccepted(ran.before, ran.after, rules, yardstick.registry)
    if not added:
        return yardstick
    write_lock(lock.file, {*rules.lock.accepted, *added})
    beside = dict.fromkeys(added, Position(str(lock.file), 1, 1))
    accepted = Lock(lock.file, {**rules.lock.accepted, **beside})
    told = tuple(
        Finding(
            "column-not-accepted",
            Severity.INFO,
            str(one.column),
            f"{one.column} ({one.type}) is kept, and its line was added to {lock.file}",
            "have its diff reviewed with the rules",
        )
        for one in added
    )
    return replace(yardstick, rules=replace(rules, lock=accepted), given=(*yardstick.given, *told))
