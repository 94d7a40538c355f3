"""The env.py that projects have: each runs as it is, and applies its revisions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dbtool.migrate.project import MigrationProject
from dbtool.migrate.runner.run import Place, describe, run_upgrade
from tests.integration.running import (
    TWO,
    USUAL,
    USUAL_ASYNC,
    WITH_ENGINE,
    Recorder,
    make_project,
    revision,
    run_all,
    tables_in,
)

pytestmark = pytest.mark.one_major

_BOTH = {"first_table", "second_table", "alembic_version"}

_SETTINGS = """
import os
from alembic import context
from sqlalchemy import create_engine

class Settings:
    def __init__(self):
        self.database_url = os.environ["{variable}"].replace("postgresql://", "postgresql+psycopg://")

engine = create_engine(Settings().database_url, pool_pre_ping=True, connect_args={{"application_name": "shop"}})
"""
_ASYNC_BY_URL = """
import asyncio, os
from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine

def run(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine(os.environ["DATABASE_URL"], connect_args={"server_settings": {"application_name": "shop"}})
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(main())
"""
_BY_PARTS = """
import os
from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import URL
env = os.environ
engine = create_engine(URL.create("postgresql+psycopg2", env["PGUSER"], env["PGPASSWORD"], env["PGHOST"],
                                  int(env["PGPORT"]), env["PGDATABASE"]))
"""
_GIVEN = """
from alembic import context
connection = context.config.attributes["connection"]
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
_DEMANDING = """
from alembic import context

connection = context.config.attributes.get("connection", None)
if connection is None:
    raise RuntimeError("run this from the application")
context.configure(connection=connection)
with context.begin_transaction():
    context.run_migrations()
"""
_ASKING = USUAL.replace(
    "engine = engine_from",
    'assert context.config.attributes.get("connection") is None\nassert "connection" not in context.config.attributes\n'
    "engine = engine_from",
)
_TENANT = USUAL.replace(
    "engine = engine_from",
    'assert context.get_x_argument(as_dictionary=True)["tenant"] == "acme"\nengine = engine_from',
)
_LOGGING = """
from logging.config import fileConfig
from alembic import context
fileConfig(context.config.config_file_name)
"""
_LOGGING_INI = """
[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = driver://user:pass@localhost/dbname
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARNING
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(levelname)s %(message)s
"""
_INI = "[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = {url}\n"
_WITH_CALLBACK = USUAL.replace(
    "target_metadata=target_metadata",
    "on_version_apply=lambda ctx, step, heads, run_args: print('applied', step.up_revision_id)",
)
_IN_SCHEMA = USUAL.replace(
    "context.configure(",
    'connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS own"); connection.commit()\n    context.configure(',
).replace(
    "target_metadata=target_metadata",
    "version_table='history', version_table_schema='own', include_schemas=True, transaction_per_migration=True",
)
_WORKING = {
    "the usual": (USUAL, None, {}),
    "an ini file with another's URL": (
        USUAL,
        _INI.format(url="postgresql+psycopg2://u:p@prod.example.com/x"),
        {},
    ),
    "an ini file with what it lacks": (USUAL, _INI.format(url="postgresql://%(USER_NAME)s@host/x"), {}),
    "application settings": (_SETTINGS.format(variable="DATABASE_URL") + WITH_ENGINE, None, {}),
    "a variable of its own": (
        _SETTINGS.format(variable="SHOP_DB") + WITH_ENGINE,
        None,
        {"url_variables": ("SHOP_DB",)},
    ),
    "async, driver by setting": (_ASYNC_BY_URL, None, {"driver": "postgresql+asyncpg"}),
    "async, driver by ini file": (USUAL_ASYNC, _INI.format(url="postgresql+asyncpg://u@h/x"), {}),
    "the parts of PG*": (_BY_PARTS + WITH_ENGINE, None, {}),
    "a connection taken for granted": (_GIVEN, None, {}),
    "a connection asked for": (_ASKING, None, {}),
    "a connection demanded": (_DEMANDING, None, {"connection": "given"}),
    "an -x argument": (_TENANT, None, {"x_arguments": ("tenant=acme",)}),
    "logging by fileConfig": (_LOGGING + USUAL, _LOGGING_INI, {}),
    "a callback of its own": (_WITH_CALLBACK, None, {}),
    "a transaction of its own": (USUAL.replace("engine.connect()", "engine.begin()"), None, {}),
    "DDL without transactions": (
        USUAL.replace("target_metadata=t", "transactional_ddl=False, target_metadata=t"),
        None,
        {},
    ),
    "AUTOCOMMIT": (USUAL.replace("poolclass=", "isolation_level='AUTOCOMMIT', poolclass="), None, {}),
    "a DSN without an address": (
        "from alembic import context\nfrom sqlalchemy import create_engine\n"
        "engine = create_engine('postgresql+psycopg://')\n" + WITH_ENGINE,
        None,
        {},
    ),
}


@pytest.mark.parametrize(("env", "ini", "options"), _WORKING.values(), ids=_WORKING)
def test_runs_as_it_is(
    env: str, ini: str | None, options: dict[str, Any], tmp_path: Path, database: str
) -> None:
    outcome = run_all(make_project(tmp_path, env, ini=ini, **options), Place(database, closed=True))
    assert outcome.raised is None
    assert outcome.completed == ["one", "two"]
    assert tables_in(database) == _BOTH


@pytest.mark.parametrize(
    ("old", "new", "mode"),
    [
        ("", "", "per revision"),
        ("target_metadata=t", "transaction_per_migration=True, target_metadata=t", "per revision"),
        ("target_metadata=t", "transaction_per_migration=False, target_metadata=t", "per revision"),
        ("engine.connect()", "engine.begin()", "env.py's own"),
        ("target_metadata=t", "transactional_ddl=False, target_metadata=t", "none"),
    ],
)
def test_the_transaction_mode_is_told(old: str, new: str, mode: str, tmp_path: Path, database: str) -> None:
    outcome = run_all(make_project(tmp_path, USUAL.replace(old, new)), database)
    assert outcome.raised is None
    assert outcome.transaction_mode == mode


def test_a_version_table_elsewhere_is_told_with_its_schema(tmp_path: Path, database: str) -> None:
    outcome = run_all(make_project(tmp_path, _IN_SCHEMA), database)
    assert outcome.raised is None
    assert outcome.version_table == "own.history"
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM own.history").fetchall() == [("two",)]


def test_an_autocommit_block_in_a_transaction_of_env_pys_own_fails_as_with_alembic(
    tmp_path: Path, database: str
) -> None:
    body = 'with op.get_context().autocommit_block():\n    op.execute("CREATE TABLE t ()")'
    env = USUAL.replace("engine.connect()", "engine.begin()")
    outcome = run_all(make_project(tmp_path, env, {"one": revision("one", None, body)}), database)
    assert outcome.failed == "one"
    assert outcome.transaction_mode == "env.py's own"


def test_an_autocommit_block_works_where_alembics_does(tmp_path: Path, database: str) -> None:
    body = (
        'op.execute("CREATE TABLE t (id int)")\n'
        'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON t (id)")'
    )
    recorder = Recorder()
    project = make_project(tmp_path, revisions={"one": revision("one", None, body)})
    assert run_all(project, Place(database, closed=True), recorder).raised is None
    assert [start.in_transaction for start in recorder.begun] == [True, False]


def test_an_ini_file_in_a_folder_below_with_a_section_of_its_own(tmp_path: Path, database: str) -> None:
    project = make_project(tmp_path)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "db.ini").write_text(
        "[shop]\nscript_location = %(here)s/../migrations\nprepend_sys_path = .\nsqlalchemy.url = postgresql+psycopg://x/y\n"
    )
    project = MigrationProject(tmp_path, ini=tmp_path / "deploy" / "db.ini", section="shop")
    assert describe(project).heads == ("two",)
    outcome = run_all(project, database)
    assert outcome.raised is None
    assert tables_in(database) == _BOTH


def test_pyproject_alone(tmp_path: Path, database: str) -> None:
    project = make_project(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    project = MigrationProject(tmp_path)
    assert run_all(project, database).raised is None
    assert tables_in(database) == _BOTH


def test_branches_in_several_places_go_to_their_heads(tmp_path: Path, database: str) -> None:
    ini = (
        "[alembic]\nscript_location = %(here)s/migrations\n"
        "version_locations = %(here)s/migrations/versions %(here)s/more\n"
    )
    project = make_project(tmp_path, ini=ini)
    (tmp_path / "more").mkdir()
    body, top = 'op.execute("CREATE TABLE aside ()")', "branch_labels = ('aside',)\ndepends_on = 'one'"
    (tmp_path / "more" / "side.py").write_text(revision("side", None, body, top))
    history = describe(project)
    assert history.heads == ("side", "two")
    outcome = run_upgrade(
        project,
        Place(database),
        revisions=[one.id for one in history.revisions],
        destination="heads",
        overseer=Recorder(),
        trace=False,
    )
    assert outcome.raised is None
    assert set(outcome.completed) == {"one", "two", "side"}
    assert tables_in(database) == {*_BOTH, "aside"}


def test_models_found_by_a_relative_path(tmp_path: Path, database: str) -> None:
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").write_text("NAME = 'second_table'")
    env = "import os, sys\nsys.path.insert(0, os.path.join('src'))\nimport shop\n" + USUAL
    revisions = {
        "one": TWO["one"],
        "two": revision("two", "one", "import shop\nop.execute(f'CREATE TABLE {shop.NAME} ()')"),
    }
    project = make_project(tmp_path, env, revisions)
    before = describe(project)
    assert run_all(project, database).raised is None
    (tmp_path / "src" / "shop" / "__init__.py").write_text("NAME = 'third_table'")
    assert describe(project).get("two").digest != before.get("two").digest
    assert describe(project).get("one").digest == before.get("one").digest


def test_it_sees_no_secret_of_ours(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = (
        "DBTOOL_MASK_KEY",
        "DBTOOL_EVIDENCE_KEY",
        "PRODUCTION_URL",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
    )
    for name in (*secrets, "SHOP_REGION"):
        monkeypatch.setenv(name, "seen-" + name)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".pgpass").write_text("*:*:*:*:hunter2")
    (home / ".pgpass").chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PGSERVICEFILE", str(home / "services"))
    code = "import os\nfor item in sorted(os.environ.items()):\n    print(*item)\n"
    project = make_project(tmp_path / "project", code + USUAL, inherited=("SHOP_REGION",))
    outcome = run_all(project, Place(database, closed=True))
    assert outcome.raised is None
    seen = dict(line.split(" ", 1) for line in outcome.output.splitlines() if " " in line)
    assert seen["SHOP_REGION"] == "seen-SHOP_REGION"
    assert seen["PGPASSFILE"] == seen["PGSERVICEFILE"] == os.devnull
    assert not set(secrets) & set(seen)
    assert outcome.output.count("seen-") == 1


def test_the_files_that_revisions_read_are_told(tmp_path: Path, database: str) -> None:
    (tmp_path / "sql").mkdir()
    for name in ("top", "inside", "env", "imported"):
        (tmp_path / "sql" / f"{name}.sql").write_text(f"CREATE TABLE {name}_table ()")
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / "reading.py").write_text("TEXT = open('sql/imported.sql').read(); open('.env').read()")
    (tmp_path / "found_at_run_time.py").write_text("X = 1")
    revisions = {
        "one": revision("one", None, "op.execute(TOP)", "TOP = open('sql/top.sql').read()"),
        "two": revision(
            "two",
            "one",
            "import importlib, pathlib\nimportlib.import_module('found_' + 'at_run_time')\nimport reading\n"
            "op.execute(pathlib.Path('sql/inside.sql').read_text())\nopen('written.txt', 'w').close()",
        ),
    }
    project = make_project(tmp_path, "open('sql/env.sql').read()\n" + USUAL, revisions)
    outcome = run_all(project, database)
    assert outcome.raised is None
    assert outcome.reads == (
        "found_at_run_time.py",
        "reading.py",
        "sql/imported.sql",
        "sql/inside.sql",
        "sql/top.sql",
    )
