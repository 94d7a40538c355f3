"""Real histories of other projects, unmodified, from their first revision to their head."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.postgres.definitions import read_ddl
from dbtool.postgres.session import connect
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

_MLFLOW_ROWS = """
INSERT INTO experiments (experiment_id, name, lifecycle_stage)
    SELECT i, 'experiment ' || i, 'active' FROM generate_series(1, 20) AS i;
INSERT INTO runs (run_uuid, name, source_type, source_name, user_id, status, start_time, lifecycle_stage, experiment_id)
    SELECT md5('run ' || i), 'run ' || i, 'LOCAL', 'train.py', 'user' || i % 40, 'FINISHED', 1500000000000 + i, 'active',
           1 + i % 20
    FROM generate_series(1, 2000) AS i;
INSERT INTO tags (key, value, run_uuid) SELECT 'mlflow.source.name', 'train.py', run_uuid FROM runs;
INSERT INTO params (key, value, run_uuid)
    SELECT key, 'x', run_uuid FROM runs, unnest(ARRAY['depth', 'rate', 'seed']) AS key;
INSERT INTO metrics (key, value, timestamp, run_uuid)
    SELECT 'loss', 1.0 / step, 1500000000000 + step, run_uuid FROM runs, generate_series(1, 10) AS step;
ANALYZE;
"""
_MLFLOW_RULES = """\
version: 1
tables:
  public.experiments:
    experiment_id: {keep: a surrogate key}
    name: {keep: of a machine}
    artifact_location: {keep: of a machine}
    lifecycle_stage: {keep: of a machine}
  public.runs:
    run_uuid: {keep: a surrogate key}
    name: {keep: of a machine}
    source_type: {keep: of a machine}
    source_name: {keep: of a machine}
    entry_point_name: {keep: of a machine}
    user_id: {mask: username}
    status: {keep: of a machine}
    start_time: {keep: says when and not who}
    end_time: {keep: says when and not who}
    source_version: {keep: of a machine}
    lifecycle_stage: {keep: of a machine}
    artifact_uri: {keep: of a machine}
  public.tags:
    key: {keep: of a machine}
    value: {keep: of a machine}
  public.metrics:
    key: {keep: of a machine}
    value: {keep: of a machine}
    timestamp: {keep: says when and not who}
  public.params:
    key: {keep: of a machine}
    value: {keep: of a machine}
"""

Foreign = Callable[[History], ForeignProject]


@pytest.fixture
def foreign(tmp_path: Path, newest_server: EmbeddedServer, make_on: MakeOn) -> Iterator[Foreign]:
    """A project of a history, both of whose environments are as they were before its first revision."""
    made: list[ForeignProject] = []

    def make(history: History) -> ForeignProject:
        interpreter = provide_interpreter(history.name)
        ends = make_on(newest_server), make_on(newest_server)
        made.append(ForeignProject(tmp_path, history, interpreter, *ends))
        for url in ends:
            made[-1].prepare(url)
        return made[-1]

    yield make
    for project in made:
        print(f"{project.history}: {project.describe_time()}")  # noqa: T201  pytest shows it with -rP


@pytest.mark.parametrize("history", [MLFLOW, DSTACK, CKAN, OPTUNA], ids=str)
def test_a_foreign_history_is_rehearsed_and_applied_to_what_alembic_alone_would_make(
    foreign: Foreign, history: History
) -> None:
    project = foreign(history)
    untouched = read_schema(project.staging)
    done, rehearsal = project.rehearse("staging", "--data", "schema")
    assert done.code == 0, done.messages
    assert read_schema(project.staging) == untouched

    assert (rehearsal["verdict"], rehearsal["heads"]) == ("pass", [history.head])
    assert [one["status"] for one in rehearsal["revisions"]] == ["ok"] * history.revisions
    assert [
        one for one in statements_of(rehearsal) if one["error"] or not one["ordinal"] or not one["line"]
    ] == []
    assert count_findings(rehearsal, "error") == {}
    assert [one for one in findings_of(rehearsal) if "is not known" in one["message"]] == []

    applied = project.run("migrate", "apply", "--target", "staging")
    assert applied.code == 0, applied.messages
    project.upgrade_plainly(project.target)
    assert read_schema(project.staging) == read_schema(project.target)

    assert history.checks <= set(count_findings(rehearsal))
    assert sum(one["concurrently"] for one in index_builds_of(rehearsal)) == history.concurrent_builds


def test_rows_are_rehearsed_too_and_every_column_that_mlflow_added_needs_a_rule(foreign: Foreign) -> None:
    project = foreign(MLFLOW)
    execute(project.staging, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    execute(project.target, _MLFLOW_ROWS)
    (project.folder / "rules.yaml").write_text(_MLFLOW_RULES)
    refreshed = project.run("refresh", "production", "staging", "--yes")
    assert refreshed.code == 0, refreshed.messages

    done, rehearsal = project.rehearse("production")
    assert done.code == 1, done.messages
    assert rehearsal["clone"]["data"] == "staging"
    assert rehearsal["clone"]["rows"] == 30_020
    assert {one["status"] for one in rehearsal["revisions"]} == {"ok"}
    assert set(count_findings(rehearsal, "error")) == {"column-without-rule"}
    rewritten = [one for one in statements_of(rehearsal) if "public.runs" in one["rewrites"]]
    assert [one["sql"].strip() for one in rewritten] == [
        "ALTER TABLE runs ALTER COLUMN status TYPE VARCHAR(9)"
    ]
    assert sum(change["inserted"] for change in changes_of(rehearsal, "public.latest_metrics")) == 2_000
    # A revision's own model takes the experiment for the key of a run, and so meets one run of each: no empty table shows it.
    assert sum(change["inserted"] for change in changes_of(rehearsal, "public.tags")) == 20

    applied = project.run("migrate", "apply", "--target", "staging")
    assert applied.code == 0, applied.messages
    refused = project.run("migrate", "apply", "--target", "production")
    assert refused.code == 5, refused.messages


def execute(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())


def read_schema(url: str) -> list[str]:
    """The DDL, without dbtool's own."""
    with connect(url) as connection:
        return [line for line in read_ddl(connection) if "dbtool" not in line]


def statements_of(rehearsal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for revision in rehearsal["revisions"]:
        yield from revision["statements"]


def findings_of(rehearsal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from rehearsal["findings"]
    for one in (*rehearsal["revisions"], *statements_of(rehearsal)):
        yield from one["findings"]


def count_findings(rehearsal: dict[str, Any], severity: str = "") -> Counter[str]:
    return Counter(one["check"] for one in findings_of(rehearsal) if severity in {"", one["severity"]})


def index_builds_of(rehearsal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for one in statements_of(rehearsal):
        yield from one["index_builds"]


def changes_of(rehearsal: dict[str, Any], relation: str) -> Iterator[dict[str, Any]]:
    for one in statements_of(rehearsal):
        yield from (change for change in one["row_changes"] if change["relation"] == relation)
