"""The history in a project's files, broken in all the ways that files are."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbtool.errors import ConfigurationInvalid
from dbtool.migrate.runner.run import describe
from tests.integration.running import TWO, USUAL, Listener, make_project, revision

pytestmark = pytest.mark.one_major

_BROKEN = {
    "a revision that does not parse": (
        {**TWO, "three": "revision = 'three'\ndown_revision = 'two'\ndef upgrade(:\n"},
        r"SyntaxError at migrations/versions/three\.py:3: .*invalid syntax",
    ),
    "one that raises": (
        {**TWO, "three": revision("three", "two", top="1 / 0")},
        r"ZeroDivisionError at migrations/versions/three\.py:6: division by zero",
    ),
    "one whose import is missing": (
        {**TWO, "three": revision("three", "two", top="import not_there")},
        r"ModuleNotFoundError at migrations/versions/three\.py:6: No module named 'not_there'",
    ),
    "two with one id": (
        {**TWO, "again": TWO["two"]},
        r"revision two is in two files, migrations/versions/again\.py and migrations/versions/two\.py",
    ),
    "one after a revision that is gone": (
        {**TWO, "three": revision("three", "lost")},
        r"migrations/versions/three\.py comes after revision lost, which no file has",
    ),
    "one that depends on a revision that is gone": (
        {**TWO, "three": revision("three", "two", top="depends_on = 'lost'")},
        r"three\.py comes after revision lost, which no file has",
    ),
    "a circle": (
        {"one": revision("one", "two"), "two": revision("two", "one")},
        r"in a circle: migrations/versions/one\.py, migrations/versions/two\.py",
    ),
    "a file without a revision's id": ({**TWO, "three": "x = 1"}, r"three\.py"),
}


@pytest.mark.parametrize(("revisions", "message"), _BROKEN.values(), ids=_BROKEN)
def test_a_broken_history_is_told_with_its_file(
    revisions: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationInvalid, match=message) as error:
        describe(make_project(tmp_path, revisions=revisions))
    assert str(error.value).startswith("the project's migrations cannot be loaded: ")


@pytest.mark.parametrize("top", ["# Zoë", "NAME = 'Zoë'"])
def test_a_file_that_is_not_utf_8_is_told(top: str, tmp_path: Path) -> None:
    project = make_project(tmp_path)
    text = revision("three", "two", top=top).encode("latin-1")
    (tmp_path / "migrations" / "versions" / "three.py").write_bytes(text)
    with pytest.raises(ConfigurationInvalid, match=r"(?i)migrations/versions/three\.py.*utf-8"):
        describe(project)


def test_a_revision_that_connects_when_it_is_loaded_is_refused_and_sends_nothing(tmp_path: Path) -> None:
    listener = Listener()
    top = (
        "from sqlalchemy import create_engine\n"
        f"create_engine('postgresql+psycopg://u@127.0.0.1:{listener.port}/x').connect()"
    )
    project = make_project(tmp_path, revisions={"one": revision("one", None, top=top)})
    with pytest.raises(ConfigurationInvalid, match=r"ConnectsElsewhere at migrations/versions/one\.py:7: "):
        describe(project)
    listener.close()
    assert listener.visitors == 0


def test_no_migrations_folder_is_told_with_what_to_set(tmp_path: Path) -> None:
    project = make_project(tmp_path, ini="[alembic]\n")
    with pytest.raises(ConfigurationInvalid, match="script_location"):
        describe(project)


def test_a_project_without_revisions_has_an_empty_history(tmp_path: Path) -> None:
    history = describe(make_project(tmp_path, revisions={}))
    assert history.revisions == ()
    assert history.heads == ()


def test_branches_labels_dependencies_and_places_are_told(tmp_path: Path) -> None:
    ini = (
        "[alembic]\nscript_location = %(here)s/migrations\n"
        "version_locations = %(here)s/migrations/versions %(here)s/more\n"
    )
    project = make_project(tmp_path, revisions=TWO, ini=ini)
    (tmp_path / "more").mkdir()
    text = revision("side", None, top="branch_labels = ('aside',)\ndepends_on = 'one'")
    (tmp_path / "more" / "side.py").write_text(text)
    history = describe(project)
    assert history.heads == ("side", "two")
    assert [one.id for one in history.revisions].index("one") < [one.id for one in history.revisions].index(
        "side"
    )
    side = history.get("side")
    assert (side.needs, side.labels, side.file) == (("one",), ("aside",), "more/side.py")


def test_a_dependency_may_be_named_by_a_label(tmp_path: Path) -> None:
    revisions = {
        "base": revision("0123456789", None, top="branch_labels = ('core',)"),
        "first": revision("abc", None, top="depends_on = ('core',)"),
        "second": revision("def", "abc", top="depends_on = '0123456789'"),
    }
    assert describe(make_project(tmp_path, revisions=revisions)).heads == ("0123456789", "def")


def test_a_pyproject_of_alembics_own_needs_no_ini(tmp_path: Path) -> None:
    project = make_project(tmp_path, USUAL, ini="")
    (tmp_path / "alembic.ini").unlink()
    (tmp_path / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    assert describe(project).heads == ("two",)


def test_a_file_of_null_bytes_is_named(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (tmp_path / "migrations" / "versions" / "torn.py").write_bytes(b"\0\1")
    with pytest.raises(ConfigurationInvalid, match=r"migrations/versions/torn\.py holds null bytes"):
        describe(project)
