"""`dbtool rules check` as a process of its own: what it prints, and its exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

_TABLES = """
CREATE TABLE person (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, city varchar(200), note text);
CREATE TABLE visit (person_id bigint NOT NULL REFERENCES person, seen_on date);
"""
_RULES = """version: 1
tables:
  public.person: {id: {mask: permute_integer}, email: {mask: email}, city: {mask: city}, note: {mask: redact}}
  public.visit: {seen_on: {keep: says when and not who}}
"""


@pytest.fixture
def project(tmp_path: Path, database: str) -> Path:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_TABLES)
    (tmp_path / "dbtool.toml").write_text(
        '[project]\nrules = "rules.yaml"\n[environments.production]\ntier = "production"\nurl = { file = "url" }\n'
    )
    (tmp_path / "url").write_text(database)
    (tmp_path / "url").chmod(0o600)
    (tmp_path / "rules.yaml").write_text(_RULES)
    return tmp_path


def check(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-m", "dbtool", "rules", "check", *arguments],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_rules_that_fit_pass_without_a_key(project: Path) -> None:
    done = check(project, "production")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "the rules decide every column of production, and every mask fits: 2 warnings"
    )


def test_the_yaml_it_prints_is_accepted_once_the_reasons_are_written(project: Path) -> None:
    (project / "rules.yaml").write_text("version: 1\n")
    done = check(project, "production")
    assert done.returncode == 1
    assert "error: 5 columns are decided by no rule" in done.stdout
    assert done.stderr.strip() == "dbtool: the rules do not fit production: 5 errors"
    pasted = done.stdout[done.stdout.index("tables:") :]
    assert "email: {mask: email}" in pasted
    (project / "rules.yaml").write_text("version: 1\n" + pasted.replace('""', "a reason of ours"))
    assert check(project, "production").returncode == 0


def test_a_rule_that_names_nothing_fails_only_where_that_is_asked(project: Path) -> None:
    (project / "rules.yaml").write_text(_RULES + "  public.persons: {}\n")
    assert check(project, "production").returncode == 0
    strict = check(project, "production", "--strict")
    assert strict.returncode == 1
    assert "there is no table public.persons in this database; did you mean public.person?" in strict.stdout


def test_json_says_the_same(project: Path) -> None:
    (project / "rules.yaml").write_text(_RULES.replace(", note: {mask: redact}", ""))
    done = check(project, "production", "--format", "json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["schema"], document["status"]) == (1, 1, "refused")
    found = [finding for finding in document["findings"] if finding["severity"] == "error"]
    assert [(one["check"], one["where"]) for one in found] == [("column-not-covered", "public.person.note")]
    assert document["missing_rules"] == "tables:\n  public.person:\n    note: {mask: lorem}"
    assert document["tables"][0] == {"name": "public.person", "masked_columns": ["id", "email", "city"]}


@pytest.mark.parametrize(
    ("arguments", "rules", "code", "message"),
    [
        (("prodution",), _RULES, 2, "which has production; nothing was done; did you mean production?"),
        (("production",), "version: 1\ntables: {public.person: {email: {mask: emial}}}\n", 2, "rules.yaml:2:40: unknown mask emial; did you mean email?"),
        (("production", "--config", "missing.toml"), _RULES, 2, "there is no file"),
    ],
    ids=["environment", "rules", "config"],
)  # fmt: skip
def test_what_is_written_wrong_exits_with_2(
    project: Path, arguments: tuple[str, ...], rules: str, code: int, message: str
) -> None:
    (project / "rules.yaml").write_text(rules)
    done = check(project, *arguments)
    assert done.returncode == code
    assert message in done.stderr


def test_a_server_that_is_not_there_exits_with_3_and_tells_no_password(project: Path) -> None:
    (project / "url").write_text("postgresql://app:hunter2@127.0.0.1:1/shop")
    done = check(project, "production")
    assert done.returncode == 3
    assert "cannot connect to 127.0.0.1:1/shop" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr


def test_says_where_a_secret_may_be_read_by_all(project: Path) -> None:
    (project / "url").chmod(0o644)
    done = check(project, "production")
    assert done.returncode == 0
    assert (
        "warning: environments.production.url: every user of this machine may read the file url"
        in done.stdout
    )


_SUBSET = """subset:
  roots: [{table: public.person, percent: 5}]
  tables: {public.visit: empty}
profiles:
  dev: {subset: {roots: [{table: public.person, limit: 5, where: "city <> ''"}]}}
"""


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (("", ""), 0, "every mask fits: 2 warnings"),
        (("table: public.person, percent", "table: public.persons, percent"), 1, "there is no table public.persons in this database; did you mean public.person? [subset-unknown-table]"),
        (("limit: 5", "limit: 5, order: [age]"), 1, "profile dev: public.person has no column age"),
        (("tables: {public.visit: empty}", "referencing: {edges: {public.visit.seen_on: none}}"), 1, "[subset-unknown-edge]"),
        ((_SUBSET, "subset: {roots: [{table: public.visit, where: 'true'}], tables: {public.person: empty}}"), 1, "[subset-contradiction]"),
        (("city <> ''", "city <> ="), 2, "syntax error"),
    ],
    ids=["fits", "table", "profile", "edge", "contradiction", "condition"],
)  # fmt: skip
def test_the_subsets_are_checked_as_far_as_the_catalog_tells(
    project: Path, change: tuple[str, str], code: int, message: str
) -> None:
    (project / "rules.yaml").write_text(_RULES + _SUBSET.replace(*change))
    done = check(project, "production")
    assert (done.returncode, message in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr
    as_json = check(project, "production", "--format", "json")
    assert as_json.returncode == code


def test_what_is_wrong_with_all_subsets_is_said_once(project: Path) -> None:
    (project / "rules.yaml").write_text(
        _RULES + _SUBSET.replace("public.visit: empty", "public.visits: empty")
    )
    done = check(project, "production", "--format", "json")
    found = [one for one in json.loads(done.stdout)["findings"] if one["check"] == "subset-unknown-table"]
    assert [one["message"] for one in found] == [
        "there is no table public.visits in this database; did you mean public.visit?"
    ]


def test_one_profile_is_checked_alone(project: Path) -> None:
    (project / "rules.yaml").write_text(
        _RULES + _SUBSET.replace("limit: 5", "limit: 5, order: [age]") + "  full: {subset: everything}\n"
    )
    assert check(project, "production", "--profile", "full").returncode == 0
    dev = check(project, "production", "--profile", "dev")
    assert dev.returncode == 1
    assert ": public.person has no column age" in dev.stdout
    unknown = check(project, "production", "--profile", "def")
    assert unknown.returncode == 2
    assert "did you mean dev?" in unknown.stderr


def test_a_table_that_every_subset_skips_needs_no_rules(project: Path, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE scratch (line text); CREATE VIEW short AS SELECT 1 AS one")
    skipping = _RULES + _SUBSET.replace("public.visit: empty", "public.scratch: skip")
    (project / "rules.yaml").write_text(skipping)
    assert check(project, "production", "--strict").returncode == 0
    (project / "rules.yaml").write_text(skipping + "  full: {subset: everything}\n")
    assert "decided by no rule" in check(project, "production").stdout
    assert check(project, "production", "--profile", "dev").returncode == 0
    (project / "rules.yaml").write_text(skipping)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE OR REPLACE VIEW short AS SELECT 1 AS one FROM scratch")
    needed = check(project, "production")
    assert needed.returncode == 1
    assert "public.scratch cannot be skipped: view public.short needs it" in needed.stdout
