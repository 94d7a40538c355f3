"""The order in which materialised views can be refreshed. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from dbtool.catalog.relations import RelationKind
from dbtool.postgres.sql import Row

_Object = tuple[str, int]  # the system catalog an object is in, and its OID there


def decide_refresh_order(relations: Mapping[int, Row], dependencies: Iterable[Row]) -> tuple[int, ...]:
    """OIDs of the materialised views, each after all it reads, directly or through views and functions.

    One that was never populated stays so, and with it those that read it: pg_dump does the same.
    """
    reads: dict[_Object, list[_Object]] = defaultdict(list)
    for row in dependencies:
        reads[row["catalog"], row["object"]].append((row["read_catalog"], row["read_object"]))
    views = {
        ("pg_class", oid): row
        for oid, row in relations.items()
        if row["kind"] == RelationKind.MATERIALIZED_VIEW
    }
    order = tuple(_resting_first(views, reads))
    held_back: set[_Object] = set()
    for found in order:
        unpopulated = found in views and not views[found]["populated"]
        if unpopulated or not held_back.isdisjoint(reads.get(found, ())):
            held_back.add(found)
    return tuple(found[1] for found in order if found in views and found not in held_back)


def _resting_first(starts: Iterable[_Object], reads: Mapping[_Object, list[_Object]]) -> Iterator[_Object]:
    """All that ``starts`` rest on, each after what it reads. Functions may call each other in a circle."""
    seen: set[_Object] = set()
    for start in starts:
        stack = [(start, iter(reads.get(start, ())))] if start not in seen else []
        seen.add(start)
        while stack:
            current, pending = stack[-1]
            following = next((read for read in pending if read not in seen), None)
            if following is None:
                stack.pop()
                yield current
            else:
                seen.add(following)
                stack.append((following, iter(reads.get(following, ()))))
