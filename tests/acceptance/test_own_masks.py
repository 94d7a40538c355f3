"""A project's own words, functions and SQL as masks, through the command line: what is read, allowed, run and refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.conftest import MakeDatabase

pytestmark = pytest.mark.one_major

_KEY = "a key of these tests alone: 0123456789abcdef"
_TABLES = """
CREATE TABLE person (id int PRIMARY KEY, badge varchar(12), branch text, login text, town text);
INSERT INTO person SELECT n, 'badge ' || n, 'branch ' || n % 9, 'somebody ' || n, 'town ' || n FROM generate_series(1, 500) n;
ANALYZE
"""
_RULES = """version: 1
tables:
  public.person:
    id: {keep: a surrogate key}
    badge: {mask: python, function: 'own_masks:badge'}
    branch: {mask: dictionary, file: words/branches.txt}
    login: {mask: template, template: 'user-{column:id}@{domain}.example', by: id}
    town: {mask: sql, expression: "'near ' || pg_catalog.left(town, 4)"}
"""
_MODULE = """import polars as pl


def badge(values, seed):
    return "B-" + (seed % 1_000_000).cast(pl.String).str.zfill(6)
"""
_CONFIGURATION = """[project]
rules = "rules"
{allowed}
[environments.production]
tier = "production"
url = {{ env = "PRODUCTION_URL" }}
[environments.staging]
tier = "staging"
url = {{ env = "STAGING_URL" }}
"""


class Project:
    def __init__(self, folder: Path, source: str, target: str) -> None:
        self.folder, self.source, self.target = folder, source, target
        (folder / "rules" / "words").mkdir(parents=True)
        (folder / "rules" / "words" / "branches.txt").write_text("Harbour\nMill\n")
        (folder / "rules" / "main.yaml").write_text(_RULES)
        (folder / "own_masks.py").write_text(_MODULE)
        self.allow("own_masks")

    def allow(self, *modules: str) -> None:
        allowed = f"python_masks = {list(modules)}" if modules else ""
        (self.folder / "dbtool.toml").write_text(_CONFIGURATION.format(allowed=allowed))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """From another folder: neither rules nor modules are looked for where the command is given."""
        inherited = {
            name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ
        }
        urls = {"PRODUCTION_URL": self.source, "STAGING_URL": self.target, "DBTOOL_MASK_KEY": _KEY}
        return subprocess.run(
            [sys.executable, "-P", "-m", "dbtool", *arguments, "--config", str(self.folder / "dbtool.toml")],
            cwd=self.folder / "rules",
            env={**inherited, **urls},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.fixture
def project(tmp_path: Path, make_database: MakeDatabase) -> Project:
    source, target = make_database(), make_database()
    with psycopg.connect(source, autocommit=True) as connection:
        connection.execute(_TABLES)
    return Project(tmp_path, source, target)


def test_a_copy_is_masked_by_all_of_them(project: Project) -> None:
    done = project.run("refresh", "production", "staging")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(project.target) as connection:
        rows = connection.execute("SELECT id, badge, branch, login, town FROM person ORDER BY id").fetchall()
    assert len(rows) == 500
    assert len({badge for _, badge, *_ in rows}) > 490
    assert {branch for _, _, branch, *_ in rows} == {"Harbour", "Mill"}
    assert all(login == f"user-{number}@template.example" for number, _, _, login, _ in rows)
    assert {town for *_, town in rows} == {"near town"}


_TYPED = """
CREATE DOMAIN price AS numeric(8,2) CHECK (VALUE > 0);
CREATE TABLE deal (id int PRIMARY KEY, amount price, share float8, open boolean, day date, at timestamptz, key uuid,
  more jsonb, raw bytea, days date[]);
INSERT INTO deal SELECT n, n + 0.25, n / 3.0, n % 2 = 0, date '2024-01-31' + n, now(), gen_random_uuid(),
  jsonb_build_object('n', n), decode('00ff', 'hex'), ARRAY[date '2024-02-02', NULL] FROM generate_series(1, 50) n;
"""
_TYPED_RULES = """version: 1
tables:
  public.person: {id: {keep: a}, badge: "null", branch: "null", login: "null", town: "null"}
  public.deal:
    id: {keep: a surrogate key}
    amount: {mask: python, function: 'own_masks:doubled', takes: value}
    share: {mask: python, function: 'own_masks:doubled', takes: value}
    open: {mask: python, function: 'own_masks:shut'}
    day: {mask: python, function: 'own_masks:first', takes: value}
    at: {mask: python, function: 'own_masks:first', takes: value}
    key: {mask: python, function: 'own_masks:key', takes: value}
    more: {mask: python, function: 'own_masks:more', takes: value}
    raw: {mask: python, function: 'own_masks:doubled', takes: value}
    days: {each: {mask: python, function: 'own_masks:first', takes: value}}
"""
_TYPED_MODULE = """import polars as pl
from uuid import UUID


def doubled(value, seed):
    return value * 2


def shut(values, seed):
    return pl.Series(["f"], dtype=pl.String).new_from_index(0, len(values))


def first(value, seed):
    return value.replace(day=1)


def key(value, seed):
    return UUID(int=seed)


def more(value, seed):
    return {"n": -value["n"]}
"""


def test_functions_serve_columns_of_every_usual_type(project: Project) -> None:
    with psycopg.connect(project.source, autocommit=True) as connection:
        connection.execute(_TYPED)
        day = connection.execute("SELECT date_trunc('month', at)::date FROM deal").fetchone()
    (project.folder / "rules" / "main.yaml").write_text(_TYPED_RULES.replace('"null"', '{mask: "null"}'))
    (project.folder / "own_masks.py").write_text(_TYPED_MODULE)
    done = project.run("refresh", "production", "staging")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(project.target) as connection:
        row = connection.execute(
            "SELECT amount::text, round(share::numeric, 3)::text, open, day::text, at::date, more::text, raw::text, days::text, "
            "(SELECT count(DISTINCT key) FROM deal) FROM deal WHERE id = 5"
        ).fetchone()
    assert row == (
        "10.50", "3.333", False, "2024-02-01", *(day or ()), '{"n": -5}', r"\x00ff00ff", "{2024-02-01,NULL}", 50
    )  # fmt: skip


def test_a_module_that_is_not_allowed_is_refused_and_not_run(project: Project) -> None:
    (project.folder / "own_masks.py").write_text("raise SystemExit('it was run')\n")
    project.allow()
    done = project.run("rules", "check", "production")
    assert done.returncode == 1
    assert "dbtool.toml does not allow module own_masks" in " ".join(done.stdout.split())
    assert "it was run" not in done.stdout + done.stderr


_FAILING = "public.person.badge: the mask function own_masks:badge raised ValueError in own_masks.py, line"


def test_a_function_that_fails_on_some_rows_is_refused_before_any_is_copied(project: Project) -> None:
    (project.folder / "own_masks.py").write_text(
        "def badge(values, seed):\n    raise ValueError(values[0])\n"
    )
    done = project.run("refresh", "production", "staging")
    assert done.returncode == 1
    told = " ".join(done.stderr.split())
    assert f"{_FAILING} 2; nothing was swapped." in told
    assert "[mask-fails]" in told
    assert "nothing was copied" in told
    assert "badge 1" not in done.stdout + done.stderr


def test_a_function_that_fails_later_ends_the_run_without_a_value(project: Project) -> None:
    (project.folder / "own_masks.py").write_text(
        f"{_MODULE}\n\nmake, calls = badge, []\n\n\ndef badge(values, seed):\n    calls.append(1)\n"
        "    if len(calls) > 2:\n        raise ValueError(values[0])\n    return make(values, seed)\n"
    )
    done = project.run("refresh", "production", "staging")
    assert done.returncode == 2
    assert f"{_FAILING} 14; nothing was swapped." in " ".join(done.stderr.split())
    assert "badge 1" not in done.stdout + done.stderr
    with psycopg.connect(project.target) as connection:
        assert connection.execute("SELECT to_regclass('person')").fetchone() == (None,)


@pytest.mark.parametrize(
    "body", ["raise SystemExit(0)", "import sys; sys.exit()", "pl.Series(['x']).cast(pl.Int64)"]
)
def test_a_function_cannot_end_the_run_as_if_it_were_done(project: Project, body: str) -> None:
    (project.folder / "own_masks.py").write_text(
        f"import polars as pl\n\n\ndef badge(values, seed):\n    {body}\n"
    )
    done = project.run("refresh", "production", "staging")
    assert done.returncode == 1
    assert "[mask-fails]" in done.stderr
    with psycopg.connect(project.target) as connection:
        assert connection.execute("SELECT to_regclass('person')").fetchone() == (None,)


def test_what_a_module_prints_is_no_part_of_the_report(project: Project) -> None:
    (project.folder / "own_masks.py").write_text(
        _MODULE.replace("    return", "    print('called')\n    return") + "\n\nprint('loaded')\n"
    )
    for arguments in (("refresh", "production", "staging", "--plan"), ("rules", "check", "production")):
        done = project.run(*arguments, "--format", "json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["schema"] == 1
        assert "loaded" in done.stderr
        assert "called" in done.stderr


def test_everything_that_is_wrong_is_told_at_once(project: Project) -> None:
    (project.folder / "rules" / "words" / "branches.txt").write_bytes(b"Harbour\nM\xfchle\n")
    (project.folder / "own_masks.py").write_text("def badge(values):\n    return values\n")
    done = project.run("rules", "check", "production")
    told = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert "line 2 of words/branches.txt is not UTF-8" in told
    assert "own_masks:badge cannot be called with what masks are given" in told


def test_sql_that_the_source_cannot_read_is_told_with_its_place(project: Project) -> None:
    rules = project.folder / "rules" / "main.yaml"
    rules.write_text(_RULES.replace("left(town, 4)", "left(village, 4)"))
    done = project.run("rules", "check", "production")
    assert done.returncode == 2
    assert 'main.yaml:8:63: column "village" does not exist' in " ".join(done.stderr.split())


def test_what_else_is_wrong_is_told_with_sql_that_cannot_be_read(project: Project) -> None:
    rules = project.folder / "rules" / "main.yaml"
    rules.write_text(
        _RULES.replace("left(town, 4)", "left(village, 4)").replace(
            "id: {keep: a surrogate key}", "id: {mask: email}"
        )
    )
    done = project.run("rules", "check", "production")
    assert done.returncode == 2
    told = " ".join(done.stderr.split())
    assert 'column "village" does not exist' in told
    assert "public.person.id: mask email at" in told
