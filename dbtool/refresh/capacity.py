"""Has each server room for the connections and locks of a run? Otherwise it fails late, in the swap at the latest. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from dbtool.catalog.database import DatabaseFacts
from dbtool.findings import Finding, Severity
from dbtool.refresh.ends import SourceSeen, TargetSeen
from dbtool.targets import Target

# Beside the workers' there is the session that holds the snapshot, or the target's lock. At least: in preflight; in the swap, the
# target's lock, live's against applications, the renames and who ends the sessions in their way.
_SOURCE_LEAST = 3
_TARGET_LEAST = 4
# A partition and its index, where a foreign key or an index is added to all partitions at once.
_LOCKS_PER_PARTITION = 2


def judge_capacity(
    source: Target, seen: SourceSeen, target: Target, target_seen: TargetSeen, jobs: int
) -> Iterator[Finding]:
    least = _TARGET_LEAST + bool(target.preserve)  # whose rows are held until the swap
    yield from _judge_connections(source, seen.facts, max(jobs + 1, _SOURCE_LEAST))
    yield from _judge_connections(target, target_seen.facts, max(jobs + 1, least))
    yield from _judge_locks(target, target_seen.facts, seen)


def has_room_beside(facts: DatabaseFacts, jobs: int) -> bool:
    """Whether as many sessions may read the candidate as restore it. One that has ended counts for a moment yet."""
    return facts.connections is None or facts.connections >= 2 * jobs + _TARGET_LEAST


def _judge_connections(end: Target, facts: DatabaseFacts, needed: int) -> Iterator[Finding]:
    if facts.connections is not None and facts.connections < needed:
        yield Finding(
            "connections-few",
            Severity.ERROR,
            end.name,
            f"a run needs {needed} connections at once, and {facts.current_user} may have {facts.connections} there",
            "raise the role's or the database's CONNECTION LIMIT, or max_connections; fewer --jobs need fewer",
        )


def _judge_locks(target: Target, facts: DatabaseFacts, seen: SourceSeen) -> Iterator[Finding]:
    """A warning: how many there is room for is the server's own estimate, and what holds others is not known."""
    sizes = Counter(
        relation.partition_root
        for relation in seen.copied.relations.values()
        if relation.partition_root is not None
    )
    for root, partitions in sizes.most_common(1):
        if facts.lock_slots is not None and partitions * _LOCKS_PER_PARTITION > facts.lock_slots:
            yield Finding(
                "locks-few",
                Severity.WARNING,
                target.name,
                f"its server has room for some {facts.lock_slots:,} locks, and {root} has {partitions:,} partitions: its keys and "
                'indexes lock each, and the restore may end in "out of shared memory"',
                "raise max_locks_per_transaction there and restart it",
            )
