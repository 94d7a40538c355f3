"""Databases with the hard schemas of tests/schemas in them, and their catalogs; a port that is nobody's database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from dbtool.catalog.catalog import Catalog
from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from tests.integration.running import Listener

_SCHEMAS = Path(__file__).parent.parent / "schemas"

LoadSchema = Callable[[str], str]
CatalogOf = Callable[[str], Catalog]


@pytest.fixture
def load_schema(make_database: Callable[[], str]) -> LoadSchema:
    """Makes a database from ``tests/schemas/<name>.sql`` and returns its URL."""

    def load(name: str) -> str:
        url = make_database()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute((_SCHEMAS / f"{name}.sql").read_bytes())
        return url

    return load


@pytest.fixture(scope="session")
def _catalogs_read() -> dict[tuple[int, str], Catalog]:
    return {}


@pytest.fixture
def catalog_of(
    server: EmbeddedServer, load_schema: LoadSchema, _catalogs_read: dict[tuple[int, str], Catalog]
) -> CatalogOf:
    """The catalog of ``tests/schemas/<name>.sql`` on this server; read once, since it is a value."""

    def read(name: str) -> Catalog:
        key = (server.port, name)
        if key not in _catalogs_read:
            with connect(load_schema(name)) as connection:
                _catalogs_read[key] = read_catalog(connection)
        return _catalogs_read[key]

    return read


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Where an env.py should not go."""
    one = Listener()
    yield one
    one.close()
