"""An env.py that goes its own way, as the commands tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import MigrationProject
from tests.integration.running import Listener, tables_in

pytestmark = pytest.mark.one_major

_ENV = """
from alembic import context
from sqlalchemy import create_engine
import psycopg
{way}
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
_WAYS = {
    "a hard-coded engine": 'engine = create_engine("postgresql+psycopg://app:hunter2@127.0.0.1:{port}/shop")',
    "creator=": 'engine = create_engine("postgresql+psycopg://", '
    'creator=lambda: psycopg.connect("postgresql://app:hunter2@127.0.0.1:{port}/shop"))',
    "psycopg itself": 'psycopg.connect("postgresql://app:hunter2@127.0.0.1:{port}/shop")',
}


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    project = MigrationProject(tmp_path, on_newest(), on_newest())
    project.write("a1", None, 'op.execute("CREATE TABLE made (id int)")')
    return project


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.close()


@pytest.mark.parametrize("way", _WAYS.values(), ids=_WAYS)
@pytest.mark.parametrize("command", ["rehearse", "apply"])
def test_is_refused_with_what_to_do_and_nobody_else_is_called(
    way: str, command: str, project: MigrationProject, listener: Listener
) -> None:
    text = _ENV.replace("{way}", way.replace("{port}", str(listener.port)))
    (project.folder / "migrations" / "env.py").write_text(text)
    done = project.rehearse() if command == "rehearse" else project.apply("staging")
    assert done.code == 2
    assert "env.py connects to " in done.messages
    assert "nothing was sent there" in done.messages
    assert "[project.alembic] url_variables" in done.messages
    assert "hunter2" not in done.messages + done.output
    assert listener.visitors == 0
    assert "made" not in tables_in(project.staging)


def test_with_redirect_it_is_led_to_the_target(project: MigrationProject, listener: Listener) -> None:
    text = _ENV.replace("{way}", _WAYS["a hard-coded engine"].replace("{port}", str(listener.port)))
    (project.folder / "migrations" / "env.py").write_text(text)
    project.configure(more="[project.alembic]\nredirect = true")
    assert project.apply("staging").code == 0
    assert listener.visitors == 0
    assert "made" in tables_in(project.staging)
