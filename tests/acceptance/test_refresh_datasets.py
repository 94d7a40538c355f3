"""Real data sets, refreshed by the command and compared with their source by means of the tests' own."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance import inspection
from tests.acceptance.datasets import load_dataset
from tests.acceptance.inspection import Column, Table
from tests.acceptance.project import KEY, Project
from tests.databases import drop_databases

_GIVEN = [int(major) for major in os.environ.get("DBTOOL_TEST_MAJORS", "18,17").split(",")]
MAJORS = sorted({min(_GIVEN), max(_GIVEN)})
SAME_AND_UP = [(major, major) for major in MAJORS] + [(major, MAJORS[-1]) for major in MAJORS[:-1]]

ROWS = {"pagila": 49_636, "chinook": 15_607, "northwind": 3_362}
TABLES = {"pagila": 22, "chinook": 11, "northwind": 14}  # partitions too
FOREIGN_KEYS = {"pagila": 36, "chinook": 11, "northwind": 13}
# Pools and permutations meet an original by chance, and a department of eight more often than a million people.
BY_CHANCE = 0.05
FEW = 30

ServerOf = Callable[[int], EmbeddedServer]


@dataclass
class Refreshed:
    """Both ends of a refresh that succeeded, and its JSON."""

    name: str
    source_server: EmbeddedServer
    target_server: EmbeddedServer
    source: str
    target: str
    document: dict[str, Any]
    rules: dict[str, Any]

    @cached_property
    def masked(self) -> list[Column]:
        """Of tables and leaf partitions, as the report has them."""
        tables = ((split_name(table["name"]), table["masked_columns"]) for table in self.document["tables"])
        return [(*table, column) for table, columns in tables for column in columns]

    @cached_property
    def kept(self) -> dict[Table, list[str]]:
        columns = inspection.find_columns(self.source)
        kept = {
            table: [column for column in columns[table] if (*table, column) not in self.masked]
            for table in (split_name(table["name"]) for table in self.document["tables"])
        }
        return {table: names for table, names in kept.items() if names}

    @cached_property
    def telling(self) -> set[str]:
        """Originals that would be somebody's wherever they stood."""
        found = (inspection.read_distinct(self.source, column) for column in self.masked)
        return {value for values in found for value in values if is_telling(value)}


def split_name(name: str) -> Table:
    schema, table = name.split(".")
    return schema, table


def is_telling(value: str) -> bool:
    return len(value) >= 6 and re.search(r"[0-9@]", value) is not None


class Datasets:
    """Loads each data set once per server and refreshes it once per pair of servers: nothing here writes either."""

    def __init__(self, server_of: ServerOf, folder: Path, work: Path) -> None:
        self._server_of, self._folder, self._work = server_of, folder, work
        self._loaded: dict[tuple[str, int], str] = {}
        self._refreshed: dict[tuple[str, int, int], Refreshed] = {}
        self._prefix = f"dbtool_test_{os.getpid()}_data_"

    def refresh(self, name: str, source_major: int, target_major: int) -> Refreshed:
        key = (name, source_major, target_major)
        if key not in self._refreshed:
            self._refreshed[key] = self._refresh(*key)
        return self._refreshed[key]

    def _refresh(self, name: str, source_major: int, target_major: int) -> Refreshed:
        servers = self._server_of(source_major), self._server_of(target_major)
        target = servers[1].url(f"{self._prefix}{name}_{source_major}_{target_major}_target")
        project = Project(self._work / f"{name}_{source_major}_{target_major}", {"DBTOOL_MASK_KEY": KEY})
        project.folder.mkdir()
        project.configure()
        project.use_rules(name)
        project.connect(self._load(name, source_major), target)
        done = project.refresh("--format", "json")
        assert done.code == 0, done.messages
        rules = yaml.safe_load(project.rules.read_text(encoding="utf-8"))
        return Refreshed(name, *servers, project.source, project.target, done.document, rules)

    def _load(self, name: str, major: int) -> str:
        if (name, major) not in self._loaded:
            self._loaded[name, major] = load_dataset(
                self._server_of(major), self._folder, name, f"{self._prefix}{name}"
            )
        return self._loaded[name, major]

    def drop(self) -> None:
        for major in {key[1] for key in self._loaded} | {key[2] for key in self._refreshed}:
            drop_databases(self._server_of(major), self._prefix)


@pytest.fixture(scope="session")
def datasets(
    server_of: ServerOf, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Datasets]:
    datasets = Datasets(server_of, shared_data, tmp_path_factory.mktemp("datasets"))
    yield datasets
    datasets.drop()


@pytest.fixture(
    params=[(name, *majors) for majors in SAME_AND_UP for name in ROWS],
    ids=lambda param: "{} {} to {}".format(*param),
)
def refreshed(request: pytest.FixtureRequest, datasets: Datasets) -> Refreshed:
    return datasets.refresh(*request.param)


def test_every_column_is_decided_by_a_rule_or_the_key_that_it_refers_to(refreshed: Refreshed) -> None:
    ruled = {
        (*split_name(table), column) for table, rules in refreshed.rules["tables"].items() for column in rules
    }
    virtual = {tuple(relation["from"].split(".")) for relation in refreshed.rules.get("relations", ())}
    assert inspection.find_own_columns(refreshed.source) <= ruled | virtual
    columns = inspection.find_columns(refreshed.source)
    assert all(column in columns.get((schema, table), [column]) for schema, table, column in ruled)


def test_every_row_arrives(refreshed: Refreshed) -> None:
    assert inspection.count_rows(refreshed.target) == inspection.count_rows(refreshed.source)
    assert sum(table["rows"] for table in refreshed.document["tables"]) == ROWS[refreshed.name]


def test_no_row_refers_to_nothing(refreshed: Refreshed) -> None:
    orphans = inspection.count_orphans(refreshed.target)
    assert len(orphans) == FOREIGN_KEYS[refreshed.name]
    assert not any(orphans.values())
    assert refreshed.document["verification"]["orphans"] == 0


def test_kept_columns_are_identical(refreshed: Refreshed) -> None:
    source = inspection.checksum_kept(refreshed.source, refreshed.kept)
    assert len(source) > 20
    assert inspection.checksum_kept(refreshed.target, refreshed.kept) == source


def test_no_original_survives_in_any_column(refreshed: Refreshed) -> None:
    assert len(refreshed.telling) > 100
    standing = inspection.find_survivors(refreshed.source, refreshed.telling)
    assert standing.keys() >= {column for column in refreshed.masked if column[2] in {"email", "phone"}}
    assert inspection.find_survivors(refreshed.target, refreshed.telling) == {}
    assert refreshed.document["verification"]["surviving_values"] == 0


def test_masked_columns_are_masked(refreshed: Refreshed) -> None:
    for column in refreshed.masked:
        if len(inspection.read_distinct(refreshed.source, column)) > FEW:
            kept = refreshed.kept[column[:2]]
            assert (
                inspection.measure_unchanged(refreshed.source, refreshed.target, column, kept) < BY_CHANCE
            ), column


def test_sequences_go_on_beyond_what_is_there(refreshed: Refreshed) -> None:
    assert inspection.sequences_behind(refreshed.target) == []


def test_the_schema_is_the_source_s(refreshed: Refreshed) -> None:
    """All that one pg_dump tells of both, but for inspection.LACKING_BY_DESIGN."""
    source = inspection.dump_schema(refreshed.target_server, refreshed.source)
    assert len(source) > 100
    assert sum(line.startswith("CREATE TABLE ") for line in source) == TABLES[refreshed.name]
    assert inspection.dump_schema(refreshed.target_server, refreshed.target) == source


@pytest.mark.parametrize("majors", SAME_AND_UP, ids=str)
def test_a_materialised_view_is_refreshed(datasets: Datasets, majors: tuple[int, int]) -> None:
    refreshed = datasets.refresh("pagila", *majors)
    rows = [
        Project.query(url, "SELECT * FROM public.rental_by_category ORDER BY 1")
        for url in (refreshed.source, refreshed.target)
    ]
    assert len(rows[0]) == 16
    assert rows[1] == rows[0]


@pytest.mark.parametrize("majors", SAME_AND_UP, ids=str)
def test_triggers_work_again_after_the_load(datasets: Datasets, majors: tuple[int, int]) -> None:
    """They did not while it was loaded: film.fulltext is kept, and last_update would say today."""
    with psycopg.connect(datasets.refresh("pagila", *majors).target) as connection:
        changed = connection.execute(
            "UPDATE public.film SET title = 'ZEPHYR' WHERE film_id = 1 "
            "RETURNING fulltext::text, last_update > now() - interval '1 minute'"
        ).fetchone()
        connection.rollback()  # other tests read it
    assert changed
    assert "zephyr" in changed[0]
    assert changed[1]
