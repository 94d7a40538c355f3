"""How rows of a database are read: by psql, which is the faster, where it can; by the driver what is small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.postgres.binaries import Installation
from dbtool.postgres.copy_io import SMALL_BYTES, CopyReader, DriverReader, PsqlReader, SizedReader
from dbtool.refresh.request import Cancellation


@contextmanager
def open_reader(
    url: Callable[[], str],
    psql: Installation | None,
    catalog: Catalog,
    cancellation: Cancellation,
    *,
    snapshot: str | None = None,
    database: str | None = None,
) -> Iterator[CopyReader]:
    """``catalog`` says how large the relations are. ``snapshot`` None: the latest data, of a database that is
    ours. Sessions stay until the context ends.
    """

    def is_small(name: RelationName) -> bool:
        return name in catalog.relations and catalog.relations[name].bytes < SMALL_BYTES

    with DriverReader(url, snapshot, database, ending=cancellation.ending).keeping_sessions() as driver:
        if psql is None:
            yield driver
        else:
            program = PsqlReader(psql.program("psql"), url, snapshot, database, ending=cancellation.ending)
            yield SizedReader(driver, program, is_small, driver.end_free_sessions)
