"""After the rows: constraints, indexes and triggers, sequences, materialised views, statistics.

They come after the data, so load order, cycles and triggers do not matter and no superuser is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import Sequence as SequenceDefinition
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.postgres import candidate as inside
from dbtool.postgres.archive import SchemaArchive
from dbtool.postgres.binaries import Tools
from dbtool.postgres.candidate import SequenceValue, candidate_session
from dbtool.postgres.session import Connection
from dbtool.refresh.pre_data import restore_into
from dbtool.refresh.request import Cancellation
from dbtool.refresh.result import SequenceSet
from dbtool.refresh.workers import run_shares
from dbtool.targets import Target

# Rows that staging's users insert while production goes on must not meet numbers copied tomorrow by hand.
SEQUENCE_MARGIN = 1000


def restore_post_data(target: Target, candidate: str, tools: Tools, schema: SchemaArchive, jobs: int) -> None:
    restore_into(target, candidate, tools, schema).post_data(jobs)


def plan_sequence(sequence: SequenceDefinition, extreme: int | None) -> SequenceValue:
    """Where a sequence goes on: a margin beyond the furthest loaded value, never where the source stands.

    Without rows it starts at its start; where the margin does not fit, at the loaded value itself.
    """
    if extreme is None:
        return SequenceValue(sequence.start, is_called=False)
    step = SEQUENCE_MARGIN if sequence.increment > 0 else -SEQUENCE_MARGIN
    if sequence.minimum <= extreme + step <= sequence.maximum:
        return SequenceValue(extreme + step, is_called=True)
    return SequenceValue(min(max(extreme, sequence.minimum), sequence.maximum), is_called=True)


def set_sequences(connection: Connection, catalog: Catalog) -> tuple[SequenceSet, ...]:
    done = []
    for sequence in catalog.sequences:
        value = plan_sequence(sequence, inside.find_extreme(connection, sequence, catalog))
        inside.set_sequence(connection, sequence.name, value)
        done.append(SequenceSet(sequence.name, value.value, value.is_called))
    return tuple(done)


def refresh_views(connection: Connection, catalog: Catalog) -> None:
    for name in catalog.materialized_views:
        inside.refresh_materialized_view(connection, name)


def analyze_candidate(
    target: Target, candidate: str, catalog: Catalog, jobs: int, cancellation: Cancellation
) -> None:
    """ANALYZE everything, statistics being no part of the copy; ``jobs`` sessions share the relations."""

    def analyze_share(share: Sequence[Relation]) -> None:
        with (
            candidate_session(target, candidate) as connection,
            cancellation.ending(connection.cancel),
        ):
            for relation in share:
                cancellation.check()
                inside.analyze(connection, (relation,))

    run_shares(analyze_share, plan_analyzing(catalog), jobs, cancellation)


def plan_analyzing(catalog: Catalog) -> list[Relation]:
    """The largest first, where a partitioned table is read once more, through all of its partitions.

    Not one with a foreign table among them: that would ask the other server for rows.
    """
    kinds = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE, RelationKind.MATERIALIZED_VIEW)
    reaching_out = {
        relation.ruled_by
        for relation in catalog.relations.values()
        if relation.kind is RelationKind.FOREIGN_TABLE
    }
    relations = [
        relation
        for relation in catalog.relations.values()
        if relation.kind in kinds
        and not (relation.kind is RelationKind.PARTITIONED_TABLE and relation.ruled_by in reaching_out)
    ]
    below = Counter[RelationName]()
    for relation in catalog.relations.values():
        if relation.partition_root is not None:
            below[relation.partition_root] += relation.bytes
    return sorted(relations, key=lambda relation: -relation.bytes - below[relation.name])
