"""Other people's schemas, counted by hand in psql."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from dbtool import programs
from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationKind, RelationName
from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.binaries import choose_tools, find_installations
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.session import connect

_FILES = {
    "pagila": ("pagila/pagila-schema.sql",),
    "chinook": ("chinook/chinook.sql",),
    "northwind": ("northwind/northwind.sql",),
}
CatalogOfData = Callable[[str], Catalog]


@pytest.fixture
def catalog_of_data(
    server: EmbeddedServer, make_database: Callable[[], str], shared_data: Path
) -> CatalogOfData:
    def read(name: str) -> Catalog:
        url = make_database()
        tools = choose_tools(server.major, server.major, find_installations())
        assert tools.psql is not None
        psql = [str(tools.psql.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
        for file in _FILES[name]:
            programs.run([*psql, "-f", str(shared_data / file)], env=program_environment(url))
        with connect(url) as connection:
            return read_catalog(connection)

    return read


@pytest.mark.parametrize(
    ("name", "kinds", "foreign_keys", "unique", "sequences"),
    [
        ("pagila", {"r": 21, "p": 1, "v": 7, "m": 1}, 36, 18, 13),
        ("chinook", {"r": 11}, 11, 11, 10),
        ("northwind", {"r": 14}, 13, 14, 0),
    ],
)
def test_everything_is_there_once(
    *,
    name: str,
    kinds: dict[str, int],
    foreign_keys: int,
    unique: int,
    sequences: int,
    catalog_of_data: CatalogOfData,
) -> None:
    catalog = catalog_of_data(name)
    assert Counter(relation.kind.value for relation in catalog.relations.values()) == kinds
    assert len(catalog.foreign_keys) == foreign_keys
    assert len(catalog.unique_indexes) == unique
    assert len(catalog.sequences) == sequences
    assert all(len(sequence.feeds) == 1 for sequence in catalog.sequences)


def test_pagilas_peculiarities(catalog_of_data: CatalogOfData) -> None:
    catalog = catalog_of_data("pagila")
    film = catalog.relations[RelationName("public", "film")]
    assert film.get_column("release_year").type.domains == ("public.year",)
    assert film.get_column("rating").type.labels == ("G", "PG", "PG-13", "R", "NC-17")
    assert film.get_column("special_features").type.is_array
    payments = [key for key in catalog.foreign_keys if key.referencing.name.startswith("payment_p2022")]
    assert len(payments) == 18  # six partitions of seven have keys of their own, none is inherited
    assert not [key for key in payments if key.is_inherited]
    assert catalog.relations[RelationName("public", "payment")].kind is RelationKind.PARTITIONED_TABLE
    assert [name.name for name in catalog.materialized_views] == []  # it is created WITH NO DATA
    assert len(catalog.ruled()) == 15
