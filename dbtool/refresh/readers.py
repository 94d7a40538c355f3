"""How rows of a database are read: by psql, which is the faster, where it can; by the driver what is small."""

from __future__ import annotations

from collections.abc import Callable

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.postgres.binaries import Installation
from dbtool.postgres.copy_io import SMALL_BYTES, CopyReader, DriverReader, PsqlReader, SizedReader
from dbtool.refresh.request import Cancellation


def choose_reader(
    url: Callable[[], str],
    psql: Installation | None,
    catalog: Catalog,
    cancellation: Cancellation,
    *,
    snapshot: str | None = None,
    database: str | None = None,
) -> CopyReader:
    """``catalog`` says how large the relations are. ``snapshot`` None: the latest data."""
    driver = DriverReader(url, snapshot, database, ending=cancellation.ending)
    if psql is None:
        return driver
    program = PsqlReader(psql.program("psql"), url, snapshot, database, ending=cancellation.ending)

    def is_small(name: RelationName) -> bool:
        return name in catalog.relations and catalog.relations[name].bytes < SMALL_BYTES

    return SizedReader(driver, program, is_small)
