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
    order = dict.fromkeys(found for view in views for found in _below(view, reads) if found in views)
    populated = (
        view
        for view in order
        if all(views[below]["populated"] for below in _below(view, reads) if below in views)
    )
    return tuple(oid for _, oid in populated)


def _below(start: _Object, reads: Mapping[_Object, list[_Object]]) -> Iterator[_Object]:
    """What ``start`` rests on and then ``start`` itself. Functions may call each other in a circle."""
    seen = {start}
    stack = [(start, iter(reads.get(start, ())))]
    while stack:
        current, pending = stack[-1]
        following = next((read for read in pending if read not in seen), None)
        if following is None:
            stack.pop()
            yield current
        else:
            seen.add(following)
            stack.append((following, iter(reads.get(following, ()))))
