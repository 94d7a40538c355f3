"""The project's models beside the database: what differs, and the revision that would mend it."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import psycopg
import pytest

from dbtool.errors import ConfigurationInvalid, UsageError
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.runner.run import Place, create_revision, describe, run_check
from tests.integration.running import TWO, USUAL, make_project, run_all

pytestmark = pytest.mark.one_major

_MODELS = """
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint
models = MetaData()
Table("first_table", models, Column("id", BigInteger, nullable=False), Column("note", Text),
      Column("third_id", ForeignKey("third_table.id")), Index("by_note", "note"))
Table("third_table", models, Column("id", Integer, primary_key=True), Column("n", Text), UniqueConstraint("n"))
"""
_WITH_MODELS = _MODELS + USUAL.replace("target_metadata = None", "target_metadata = models").replace(
    "target_metadata=target_metadata",
    "target_metadata=target_metadata, include_schemas=False, compare_type=True",
)
_TEMPLATE = '''"""${message}"""
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''
_DAY = date(2026, 3, 1)


@pytest.fixture
def project(tmp_path: Path) -> MigrationProject:
    project = make_project(tmp_path, _WITH_MODELS)
    (tmp_path / "migrations" / "script.py.mako").write_text(_TEMPLATE)
    return project


def test_every_difference_is_a_sentence_and_the_ledger_is_none(
    project: MigrationProject, database: str
) -> None:
    run_all(project, database)
    with psycopg.connect(database) as connection:
        connection.execute("CREATE SCHEMA dbtool; CREATE TABLE dbtool.ledger (id int)")
    differences = run_check(project, Place(database))
    assert differences is not None
    assert set(differences) == {
        "table third_table is in the models alone",
        "table second_table is in the database alone",
        "column first_table.note is in the models alone",
        "column first_table.third_id is in the models alone",
        "index by_note of first_table is in the models alone",
        "foreign key on (third_id) of first_table is in the models alone",
        "column first_table.id may be NULL in the database, and is NOT NULL in the models",
        "column first_table.id is INTEGER in the database, and BIGINT in the models",
    }


def test_an_env_without_models_is_not_checked(tmp_path: Path, database: str) -> None:
    project = make_project(tmp_path)
    run_all(project, database)
    assert run_check(project, Place(database)) is None


def test_a_database_behind_its_head_cannot_be_compared(project: MigrationProject, database: str) -> None:
    with pytest.raises(ConfigurationInvalid, match="not up to date"):
        run_check(project, Place(database))
    with pytest.raises(ConfigurationInvalid, match="not up to date"):
        create_revision(project, "too early", place=Place(database), autogenerate=True)


def test_a_new_revision_has_no_way_back_and_a_name_that_sorts(project: MigrationProject) -> None:
    file = create_revision(project, "Add a nickname: to users", today=_DAY)
    assert file.name == "20260301_add_a_nickname_to_users.py"
    assert "downgrade" not in file.read_text()
    assert file.read_text().endswith("def upgrade():\n    pass\n")
    assert describe(project).revisions[-1].down == ("two",)


def test_an_existing_file_is_never_overwritten(project: MigrationProject) -> None:
    file = create_revision(project, "twice", today=_DAY)
    before = file.read_text()
    with pytest.raises(ConfigurationInvalid, match=r"there is a file 20260301_twice\.py already"):
        create_revision(project, "twice", today=_DAY)
    assert file.read_text() == before


@pytest.mark.parametrize("message", ["", " ", "--", 'say "no"', "two\nlines"])
def test_a_message_is_words(message: str, project: MigrationProject) -> None:
    with pytest.raises(UsageError, match="one line of words"):
        create_revision(project, message)


def test_the_projects_own_file_template_is_kept(tmp_path: Path) -> None:
    ini = "[alembic]\nscript_location = %(here)s/migrations\nfile_template = r_%%(slug)s\n"
    project = make_project(tmp_path, ini=ini)
    (tmp_path / "migrations" / "script.py.mako").write_text(_TEMPLATE)
    assert create_revision(project, "as we do").name == "r_as_we_do.py"


def test_what_the_models_have_is_generated_and_brings_the_database_to_them(
    project: MigrationProject, database: str
) -> None:
    run_all(project, database)
    file = create_revision(project, "as the models", place=Place(database), autogenerate=True, today=_DAY)
    functions = [one.name for one in ast.parse(file.read_text()).body if isinstance(one, ast.FunctionDef)]
    assert functions == ["upgrade"]
    with psycopg.connect(database) as connection:
        connection.execute("DROP TABLE first_table, second_table, alembic_version")
    revisions = [one.id for one in describe(project).revisions]
    assert run_all(project, database, revisions=revisions).raised is None
    assert run_check(project, Place(database)) == ()


def test_several_heads_are_merged_and_one_of_them_must_be_chosen_otherwise(tmp_path: Path) -> None:
    fork = {**TWO, "other": TWO["two"].replace("'two'", "'other'")}
    project = make_project(tmp_path, revisions=fork)
    (tmp_path / "migrations" / "script.py.mako").write_text(_TEMPLATE)
    assert describe(project).heads == ("other", "two")
    with pytest.raises(ConfigurationInvalid, match="Multiple heads are present"):
        create_revision(project, "which")
    create_revision(project, "together", merge=("two", "other"))
    history = describe(project)
    assert len(history.heads) == 1
    assert set(history.get(history.heads[0]).down) == {"two", "other"}


def test_a_template_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationInvalid, match=r"no revision was written: .*script\.py\.mako"):
        create_revision(make_project(tmp_path), "no template")
