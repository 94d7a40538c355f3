"""The search of what landed, beside the builds of its indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from dbtool.catalog.catalog import Catalog
from dbtool.postgres.copy_io import CopyReader
from dbtool.refresh.capacity import has_room_beside
from dbtool.refresh.preflight import Preflight
from dbtool.refresh.readers import open_reader
from dbtool.refresh.request import RefreshRequest
from dbtool.refresh.search import Search, Searched
from dbtool.refresh.stream import Streamed
from dbtool.refresh.workers import meanwhile


@contextmanager
def searching(
    request: RefreshRequest, checked: Preflight, catalog: Catalog, candidate: str, streamed: Streamed
) -> Iterator[Callable[[], Searched]]:
    """Search what landed while its indexes are built, if the target has room for as many sessions more. Neither changes what the
    other sees, and of the two one is the client's work, the other the server's.
    """
    sizes = {table.name: table.bytes for table in streamed.tables}
    relations = {
        name: replace(relation, bytes=sizes.get(name, 0)) for name, relation in catalog.relations.items()
    }
    landed = replace(catalog, relations=relations)

    def search() -> Searched:
        with _reader(request, checked, candidate, landed) as reader:
            seed = request.key.survivors_seed()
            originals = checked.inputs.originals
            return Search(reader, landed, checked.plan, originals, seed, request.cancellation).run(
                request.jobs
            )

    if has_room_beside(checked.target.facts, request.jobs):
        with meanwhile(search, request.cancellation) as found:
            yield found
    else:
        yield search


def _reader(
    request: RefreshRequest, checked: Preflight, candidate: str, catalog: Catalog
) -> AbstractContextManager[CopyReader]:
    """``catalog`` is the candidate's: of a large table a subset may have a few rows."""
    return open_reader(
        request.target.url, checked.target_psql, catalog, request.cancellation, database=candidate
    )
