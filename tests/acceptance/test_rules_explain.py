"""`dbtool rules explain` as a process of its own: the way to a row, or what keeps it out, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

pytestmark = pytest.mark.one_major
_TABLES = """
CREATE TABLE tenant (id bigint PRIMARY KEY);
CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id bigint NOT NULL REFERENCES tenant);
INSERT INTO tenant VALUES (3), (4);
INSERT INTO customer VALUES (17, 3), (18, 4);
"""
_RULES = """version: 1
tables:
  public.tenant: {id: {keep: surrogate}}
  public.customer: {id: {keep: surrogate}}
"""
_SUBSET = """
subset: {roots: [{table: public.tenant, where: "id = 3"}]}
profiles: {other: {subset: {roots: [{table: public.tenant, ids: [4]}]}}}
"""


@pytest.fixture
def project(tmp_path: Path, database: str) -> Path:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_TABLES)
    (tmp_path / "dbtool.toml").write_text(
        '[project]\nrules = "rules.yaml"\nkey = { file = "key" }\n'
        '[environments.production]\ntier = "production"\nurl = { file = "url" }\n'
    )
    for name, text in (("url", database), ("key", "k" * 48)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "rules.yaml").write_text(_RULES + _SUBSET)
    return tmp_path


def explain(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "dbtool", "rules", "explain", "production", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_row_of_the_subset_is_explained_with_0(project: Path) -> None:
    done = explain(project, "public.customer", "--id", "17")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "public.customer id 17 is in the subset",
        "  public.tenant id 3        root: public.tenant, where …",
        "  └ public.customer id 17   refers to it by public.customer.tenant_id",
    ]


def test_a_row_outside_is_explained_with_1_in_json_too(project: Path) -> None:
    done = explain(project, "public.customer", "--id", "17", "--profile", "other", "--format", "json")
    assert done.returncode == 1
    assert (
        done.stderr.strip() == "dbtool: the row of public.customer is not in the subset; nothing was changed"
    )
    document = json.loads(done.stdout)
    assert (document["in_subset"], document["profile"]) == (False, "other")
    assert [each["reason"] for each in document["why_not"]] == ["no-root", "refers-outside"]


def test_a_row_that_is_not_there_ends_with_2_in_json_too(project: Path) -> None:
    done = explain(project, "public.customer", "--id", "99", "--format", "json")
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["error"] == {
        "message": "public.customer has no row with this key; nothing was done",
        "exit_code": 2,
    }


def test_without_a_subset_every_row_is_copied(project: Path) -> None:
    (project / "rules.yaml").write_text(_RULES)
    done = explain(project, "public.customer", "--id", "17")
    assert done.returncode == 0
    assert done.stdout == "public.customer id 17 is copied: the rules have no subset, so every row is\n"


def test_a_profile_that_is_not_there_is_refused_before_anything_is_connected_to(project: Path) -> None:
    (project / "url").write_text("postgresql://nobody@127.0.0.1:1/nothing")
    done = explain(project, "public.customer", "--id", "17", "--profile", "othr")
    assert done.returncode == 2
    assert "no profile othr" in done.stderr
    assert "did you mean other?" in done.stderr
