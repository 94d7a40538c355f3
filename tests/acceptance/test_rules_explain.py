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


def test_without_an_id_the_rules_of_a_column_are_explained(project: Path) -> None:
    done = explain(project, "public.customer.tenant_id")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("public.customer.tenant_id  ")
    assert "  inherited: public.customer.tenant_id → public.tenant.id" in done.stdout.splitlines()


def test_a_table_is_explained_without_a_key_and_in_json(project: Path) -> None:
    done = explain(project, "public.customer", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["command"], document["status"]) == ("rules explain", "ok")
    assert "public.customer.id" in [one["column"] for one in document["columns"]]


def test_an_undecided_column_is_explained_with_1(project: Path) -> None:
    with psycopg.connect((project / "url").read_text(), autocommit=True) as connection:
        connection.execute("ALTER TABLE customer ADD shoe_size integer")
    done = explain(project, "public.customer")
    assert done.returncode == 1
    assert "  undecided: no rule says what becomes of it" in done.stdout.splitlines()
    assert done.stderr.strip() == "dbtool: a refresh would be refused because of public.customer.shoe_size"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("public.custmer",), "there is no table public.custmer in production; did you mean public.customer?"),
        (("public.customer.idd",), "public.customer has no column idd; did you mean id?"),
        (("customer",), "customer has no schema; write public.customer"),
        (("public.customer.id", "--id", "17"), "public.customer.id is a column; nothing was done"),
        (("public.customer", "--profile", "other"), "--profile says which subset a row is looked for in, with --id"),
    ],
    ids=["table", "column", "schema", "row of a column", "profile"],
)  # fmt: skip
def test_what_is_asked_wrong_ends_with_2(project: Path, arguments: tuple[str, ...], message: str) -> None:
    done = explain(project, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
