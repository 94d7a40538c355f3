from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions.env_settings import digest_settings

_INI = """
# where migrations are
[alembic]
script_location = migrations
tenant = north
sqlalchemy.url = postgresql://a@b/c

[logger_root]
level = WARN
"""


@pytest.fixture
def project(tmp_path: Path) -> MigrationProject:
    (tmp_path / "alembic.ini").write_text(_INI)
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nfile_template = "%(slug)s"\n')
    return MigrationProject(tmp_path)


def test_other_arguments_are_other_settings(project: MigrationProject) -> None:
    others = (
        replace(project, x_arguments=("tenant=north",)),
        replace(project, section="other"),
        replace(project, connection="given"),
        replace(project, inherited=("TENANT",)),
    )
    assert len({digest_settings(one) for one in (project, *others)}) == len(others) + 1


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [("alembic.ini", "north", "south"), ("pyproject.toml", "%(slug)s", "%(rev)s")],
)
def test_what_env_py_may_read_of_its_files_counts(
    project: MigrationProject, file: str, old: str, new: str
) -> None:
    before = digest_settings(project)
    path = project.root / file
    path.write_text(path.read_text().replace(old, new))
    assert digest_settings(project) != before


@pytest.mark.parametrize(
    ("old", "new"),
    [("# where migrations are\n", ""), ("\n", "\r\n"), ("WARN", "DEBUG"), ("a@b/c", "a@production/c")],
    ids=["comments", "line endings", "logging", "the URL that is replaced"],
)
def test_what_makes_no_difference_does_not_count(project: MigrationProject, old: str, new: str) -> None:
    before = digest_settings(project)
    path = project.root / "alembic.ini"
    path.write_bytes(path.read_text().replace(old, new).encode())
    assert digest_settings(project) == before


@pytest.mark.parametrize(
    "content", ["no section = 1", "[alembic]\nurl = %(PGPASSWORD)s", "[alembic]\na = \udce9"]
)
def test_odd_ini_files_are_digested_as_they_are(project: MigrationProject, content: str) -> None:
    (project.root / "alembic.ini").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert len(digest_settings(project)) == 64


def test_a_project_without_files_has_settings(tmp_path: Path) -> None:
    assert len(digest_settings(MigrationProject(tmp_path))) == 64
