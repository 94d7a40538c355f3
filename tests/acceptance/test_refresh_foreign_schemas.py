"""Schemas of other projects, filled with rows of no meaning: a stranger begins with one line of rules and pastes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance import inspection
from tests.acceptance.conftest import MakeOn
from tests.acceptance.foreign_histories import (
    CKAN,
    DSTACK,
    MLFLOW,
    OPTUNA,
    ForeignProject,
    History,
    provide_interpreter,
)
from tests.databases import execute
from tests.generic_rows import fill_generically

ROWS = 20
_TABLES = {MLFLOW: 40, DSTACK: 35, CKAN: 25, OPTUNA: 10}  # at least
_NAMED = {CKAN: {"email", "password"}, DSTACK: {"email"}, MLFLOW: {"token_hash"}}


@pytest.fixture(params=_TABLES, ids=str)
def foreign(
    request: pytest.FixtureRequest, tmp_path: Path, newest_server: EmbeddedServer, make_on: MakeOn
) -> ForeignProject:
    history: History = request.param
    interpreter = provide_interpreter(history.name)
    ends = make_on(newest_server), make_on(newest_server)
    project = ForeignProject(tmp_path, history, interpreter, *ends)
    project.prepare(project.target)
    project.upgrade_plainly(project.target)
    return project


def test_what_rules_check_prints_is_pasted_and_the_copy_is_whole(
    foreign: ForeignProject, newest_server: EmbeddedServer, make_on: MakeOn
) -> None:
    filled = fill_generically(foreign.target, ROWS)
    assert len(filled) >= _TABLES[foreign.history]
    assert sum(map(bool, filled.values())) > 0.9 * len(filled)
    execute(foreign.target, "ANALYZE")
    document = _refresh_by_pasting(foreign)
    assert sum(table["rows"] for table in document["tables"]) >= sum(filled.values())
    named = {column for table in document["tables"] for column in table["masked_columns"]}
    assert named >= _NAMED.get(foreign.history, set())
    assert inspection.count_rows(foreign.staging) == inspection.count_rows(foreign.target)
    assert not any(inspection.count_orphans(foreign.staging).values())
    # Some expressions are told in other words by a database that was restored, whatever restored it.
    restored = make_on(newest_server)
    execute(restored, "\n".join(inspection.dump_schema(newest_server, foreign.target)))
    schemas = [inspection.dump_schema(newest_server, url) for url in (restored, foreign.staging)]
    assert schemas[0] == schemas[1]
    assert inspection.find_survivors(foreign.staging, _masked_texts(foreign, document)) == {}


def _refresh_by_pasting(foreign: ForeignProject) -> dict[str, Any]:
    rules = foreign.folder / "rules.yaml"
    rules.write_text("version: 1\n")
    missing = json.loads(foreign.run("rules", "check", "production", "--format", "json").output)[
        "missing_rules"
    ]
    rules.write_text("version: 1\n" + missing.replace('{keep: ""}', "{keep: a reason}"))
    checked = foreign.run("rules", "check", "production")
    assert checked.code == 0, checked.output
    done = foreign.run("refresh", "production", "staging", "--format", "json")
    assert done.code == 0, done.messages
    return done.document


def _masked_texts(foreign: ForeignProject, document: dict[str, Any]) -> set[str]:
    """Those with a digit or an @, as names without are met by accident."""
    columns = [
        (*(part.strip('"') for part in table["name"].split(".")), column)
        for table in document["tables"]
        for column in table["masked_columns"]
    ]
    found = set[str]().union(*(inspection.read_distinct(foreign.target, column) for column in columns))
    return {value for value in found if len(value) >= 6 and any(sign in "@0123456789" for sign in value)}
