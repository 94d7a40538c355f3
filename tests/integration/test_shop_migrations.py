"""The example project's history: it applies to an empty database, and only ever forwards."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from dbtool.demo.project import get_project_folder, migrate_shop
from dbtool.demo.shop import FILLED
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect

MIGRATIONS = get_project_folder() / "migrations"
REVISIONS = sorted((MIGRATIONS / "versions").glob("*.py"))


def functions_of(text: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}


def test_brings_an_empty_database_to_its_one_head(database: str) -> None:
    migrate_shop(database)
    with connect(database) as connection:
        reached = connection.execute("SELECT version_num FROM public.alembic_version").fetchall()
        catalog = read_catalog(connection)
    assert reached == [(head,) for head in ScriptDirectory(str(MIGRATIONS)).get_heads()]
    assert len(catalog.ruled()) == len(FILLED)


def test_applies_nothing_the_second_time(database: str) -> None:
    migrate_shop(database)
    with connect(database) as connection:
        before = read_catalog(connection).fingerprint()
    migrate_shop(database)
    with connect(database) as connection:
        assert read_catalog(connection).fingerprint() == before


@pytest.mark.parametrize("revision", REVISIONS, ids=lambda path: path.stem)
def test_no_revision_leads_back(revision: Path) -> None:
    assert functions_of(revision.read_text()) >= {"upgrade"}
    assert "downgrade" not in functions_of(revision.read_text())


def test_a_new_revision_leads_nowhere_back() -> None:
    template = (MIGRATIONS / "script.py.mako").read_text()
    assert "def upgrade" in template
    assert "downgrade" not in template


@pytest.mark.parametrize("revision", REVISIONS, ids=lambda path: path.stem)
def test_a_revision_is_named_for_the_utc_day_it_was_made(revision: Path) -> None:
    created = re.search(r"^Created: (\d{4})-(\d\d)-(\d\d) [\d:]+\+00:00$", revision.read_text(), re.MULTILINE)
    assert created
    assert revision.stem.startswith("".join(created.groups()) + "_")
