"""A clone without rows is what the target is, on every major."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dbtool import programs
from dbtool.clones.embedded import EmbeddedServer
from dbtool.migrate.clone.make import rehearsal_clone
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.urls import database_name
from tests.acceptance import inspection
from tests.integration.cloning import compare_catalogs, request_for

SCHEMAS_FOLDER = Path(__file__).parent.parent / "schemas"
LoadSchema = Callable[[str], str]

SCHEMAS = (
    "composite_key",
    "domains_enums",
    "exotic",
    "fk_cycle",
    "generated_column",
    "inheritance",
    "left_out",
    "partitioned",
    "quoted_names",
    "self_reference",
    "sequences",
    "unique_indexes",
    "views",
)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_hard_schema_is_cloned_as_it_is(name: str, server: EmbeddedServer, load_schema: LoadSchema) -> None:
    url = load_schema(name)
    with rehearsal_clone(request_for(url)) as clone:
        compare_catalogs(url, clone)
        assert clone.version.startswith(f"{server.major}.")
        assert clone.database == database_name(clone.url) == database_name(url)
        if name != "exotic":  # the server spells one of its checks anew
            assert inspection.dump_schema(server, clone.superuser_url) == inspection.dump_schema(server, url)


def test_pagila_is_cloned_as_it_is(server: EmbeddedServer, database: str, shared_data: Path) -> None:
    script = str(shared_data / "pagila" / "pagila-schema.sql")
    psql = [str(server.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", script]
    programs.run(psql, env=program_environment(database))
    with rehearsal_clone(request_for(database)) as clone:
        compare_catalogs(database, clone)
        assert clone.findings == ()
