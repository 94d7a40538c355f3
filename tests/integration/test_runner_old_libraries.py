"""A project's own interpreter with what it has: an old Python, SQLAlchemy 1.4, Alembic 1.8, psycopg2 alone."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from dbtool import programs
from dbtool.errors import ConfigurationInvalid, ProgramFailed
from dbtool.migrate.runner.run import Place, create_revision, describe, run_check
from tests.integration.running import USUAL, WITH_ENGINE, Listener, make_project, run_all, tables_in

pytestmark = pytest.mark.one_major

_PACKAGES = ("sqlalchemy<2", "alembic==1.8.*", "psycopg2-binary", "pg8000", "psycopg[binary,pool]")
_NO_REGISTRY = re.compile(
    r"connect|resolve|fetch|download|timed? ?out|no matching distribution|no route", re.IGNORECASE
)
_OLDEST_FIRST = ("python3.9", "python3.10")
_TEMPLATE = (
    '"""${message}"""\nrevision = ${repr(up_revision)}\ndown_revision = ${repr(down_revision)}\n\n\n'
    "def upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n"
)
_MODELS = """
from sqlalchemy import Column, Integer, MetaData, Table
models = MetaData()
Table("first_table", models, Column("id", Integer), Column("more", Integer))
Table("second_table", models, Column("id", Integer))
"""


def run(*argv: str) -> str:
    return programs.run(argv, env=dict(os.environ), timeout_s=60)


def find_python() -> str:
    for name in _OLDEST_FIRST:
        try:
            return run(name, "-c", "import sys; print(sys.executable)").strip()
        except ProgramFailed:
            continue
    return sys.executable


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment made from the registry."""
    folder = tmp_path_factory.mktemp("old") / "venv"
    own = folder / "bin" / "python"
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    try:
        if uv:
            run(uv, "venv", "--quiet", "--python", find_python(), str(folder))
            run(uv, "pip", "install", "--quiet", "--python", str(own), *_PACKAGES)
        else:
            run(find_python(), "-m", "venv", str(folder))
            run(str(own), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES)
    except ProgramFailed as error:
        if not _NO_REGISTRY.search(str(error)):
            raise
        pytest.skip("cannot run here: the registry of packages is not reached")
    return own


def test_a_history_is_described_run_compared_and_continued(
    python: Path, tmp_path: Path, database: str
) -> None:
    env = _MODELS + USUAL.replace("target_metadata = None", "target_metadata = models")
    project = make_project(tmp_path, env, python=python)
    (tmp_path / "migrations" / "script.py.mako").write_text(_TEMPLATE)
    assert describe(project).heads == ("two",)
    outcome = run_all(project, Place(database, closed=True))
    assert outcome.raised is None
    assert tables_in(database) == {"first_table", "second_table", "alembic_version"}
    assert run_check(project, Place(database)) == ("column first_table.more is in the models alone",)
    assert "downgrade" not in create_revision(project, "the next").read_text()


def test_the_same_guard_stands_there(python: Path, tmp_path: Path, database: str) -> None:
    listener = Listener()
    address = f"127.0.0.1:{listener.port}"
    engines = {
        "engine": f"create_engine('postgresql://u:p@{address}/other')",
        "pg8000": f"create_engine('postgresql+pg8000://u:p@{address}/other')",
        "creator": f"create_engine('postgresql://', creator=lambda: psycopg2.connect('postgresql://u:p@{address}/other'))",
        "pool": f"psycopg_pool.ConnectionPool('postgresql://u:p@{address}/other', open=True)",
        "direct": f"psycopg2.connect('postgresql://u:p@{address}/other')",
    }
    for name, engine in engines.items():
        env = f"import psycopg2, psycopg_pool\nfrom alembic import context\nfrom sqlalchemy import create_engine\nengine = {engine}\n"
        outcome = run_all(make_project(tmp_path / name, env + WITH_ENGINE, python=python), database)
        assert outcome.raised is not None
        assert outcome.raised.kind == "ConnectsElsewhere"
    listener.close()
    assert listener.visitors == 0
    assert tables_in(database) == set()


def test_an_interpreter_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"\[project\.alembic\] python"):
        describe(make_project(tmp_path, python=tmp_path / "no-python"))


def test_one_without_alembic_is_told(tmp_path: Path) -> None:
    bare = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(bare))
    with pytest.raises(ConfigurationInvalid, match=r"alembic.*\[project\.alembic\] python"):
        describe(make_project(tmp_path / "project", python=bare / "bin" / "python"))
