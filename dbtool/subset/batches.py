"""How many rows the source is asked about at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dbtool.catalog.relations import RelationName
from dbtool.subset.row_set import RowIds, Rows, RowSet

INDEXED_BATCH = 400_000  # an index answers any number of questions; a batch bounds what one answer holds
LEAST_BATCH = 10_000
SCAN_BATCH = 4_000_000  # every batch is a scan of the other side: few, and as large as memory likes
_OFTEN = 4  # so many rows refer to one, that all of them may well be referred to by this many


def batch_size(*, indexed: bool, looked_up: int | None = None) -> int:
    """``indexed``: an index finds the answer. Of ``looked_up`` rows, where it is known how many there are, all are soon found if
    they are few: what refers to them is asked for in pieces that may show so.
    """
    if not indexed:
        return SCAN_BATCH
    if looked_up is None:
        return INDEXED_BATCH
    return min(INDEXED_BATCH, max(LEAST_BATCH, _OFTEN * looked_up))


def batches(rows: Mapping[RelationName, RowSet], size: int) -> Iterator[Rows]:
    """Rows of several leaves together make one batch: a thousand partitions are not a thousand questions."""
    batch: dict[RelationName, RowIds] = {}
    count = 0
    for leaf in sorted(rows):
        for ids in rows[leaf].batches(size):
            if batch and (count + len(ids) > size or leaf in batch):
                yield batch
                batch, count = {}, 0
            batch[leaf] = ids
            count += len(ids)
    if batch:
        yield batch
