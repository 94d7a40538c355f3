"""What a revision's digest is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dbtool.errors import ConfigurationInvalid
from dbtool.migrate.project import MigrationProject
from dbtool.migrate.revisions.files import digest_files, digest_reads

_FILES = {
    "migrations/env.py": "import tools",
    "migrations/tools.py": "A = 1",
    "migrations/versions/one.py": "from shop import models\nfrom shop.deep.text import spell\nimport json\nQ = 'fill.sql', 'data/rates.csv', '.env'",
    "migrations/versions/fill.sql": "SELECT 1",
    "shop/__init__.py": "",
    "shop/models.py": "from . import colours",
    "shop/colours.py": "RED = 1",
    "shop/deep/__init__.py": "",
    "shop/deep/text.py": "def spell(): return open('data/words.csv')",
    "data/words.csv": "a,b",
    "data/rates.csv": "1,2",
    ".env": "A=1",
    "shop/unrelated.py": "B = 1",
    "src/backend/x.py": "C = 1",
}


def lay(root: Path, **changed: str) -> MigrationProject:
    for name, text in {**_FILES, **changed}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return MigrationProject(root)


def digest(project: MigrationProject, **options: Any) -> str:
    return digest_files(project, found(project, **options)).revisions[0].digest


def found(project: MigrationProject) -> dict[str, Any]:
    root = project.root
    one = {
        "id": "one",
        "down": [],
        "needs": [],
        "labels": [],
        "message": "",
        "file": f"{root}/migrations/versions/one.py",
    }
    return {
        "env": f"{root}/migrations/env.py",
        "versions": [f"{root}/migrations/versions"],
        "sys_path": [str(root)],
        "heads": ["one"],
        "revisions": [one],
    }


@pytest.mark.parametrize(
    "needed",
    [
        "migrations/versions/one.py",
        "shop/__init__.py",
        "shop/models.py",
        "shop/colours.py",
        "shop/deep/text.py",
        "migrations/versions/fill.sql",
        "data/rates.csv",
    ],
)
def test_every_file_that_a_revision_needs_counts(needed: str, tmp_path: Path) -> None:
    before = digest(lay(tmp_path))
    separator = "\nX = 2" if needed.endswith(".py") else " "
    (tmp_path / needed).write_text(_FILES[needed] + separator)
    assert digest(MigrationProject(tmp_path)) != before


@pytest.mark.parametrize(
    "other", ["shop/unrelated.py", "migrations/env.py", "migrations/tools.py", "data/words.csv", ".env"]
)
def test_no_other_file_counts(other: str, tmp_path: Path) -> None:
    before = digest(lay(tmp_path))
    (tmp_path / other).write_text("X = 2")
    assert digest(MigrationProject(tmp_path)) == before


def test_comments_and_the_place_of_the_project_do_not_count(tmp_path: Path) -> None:
    here = digest(lay(tmp_path / "here"))
    commented = {"shop/colours.py": "# the colours\nRED = (1)\n"}
    assert digest(lay(tmp_path / "there", **commented)) == here


def test_packages_in_folders_that_env_py_would_add_are_found(tmp_path: Path) -> None:
    using = {"migrations/versions/one.py": "from backend.x import C"}
    before = digest(lay(tmp_path, **using))
    (tmp_path / "src/backend/x.py").write_text("C = 2")
    assert digest(MigrationProject(tmp_path)) != before


def test_env_py_is_digested_with_what_it_imports_from_its_folder(tmp_path: Path) -> None:
    project = lay(tmp_path)
    before = digest_files(project, found(project)).env_digest
    (tmp_path / "shop/models.py").write_text("X = 2")
    assert digest_files(project, found(project)).env_digest == before
    (tmp_path / "migrations/tools.py").write_text("A = 2")
    assert digest_files(project, found(project)).env_digest != before


def test_a_revision_that_this_python_cannot_read_is_said_with_its_line(tmp_path: Path) -> None:
    project = lay(tmp_path, **{"migrations/versions/one.py": "a = 1\nb = = 2"})
    with pytest.raises(
        ConfigurationInvalid, match=r"migrations/versions/one\.py:2: dbtool's own Python cannot read it"
    ):
        digest_files(project, found(project))


def test_imports_in_a_circle_end(tmp_path: Path) -> None:
    digest(lay(tmp_path, **{"shop/colours.py": "from . import models"}))


def test_files_that_were_read_are_digested_as_they_are_now(tmp_path: Path) -> None:
    project = lay(tmp_path)
    before = digest_reads(project, ["data/words.csv", "shop/models.py"])
    (tmp_path / "shop/models.py").write_text("from . import colours  # and more")
    assert digest_reads(project, ["data/words.csv", "shop/models.py"]) == before
    (tmp_path / "data/words.csv").unlink()
    assert digest_reads(project, ["data/words.csv"]) == {"data/words.csv": ""}


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "data", "/dev/zero"])
def test_what_is_no_file_of_the_project_is_not_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("secret")
    (tmp_path / "project").mkdir()
    assert digest_reads(lay(tmp_path / "project"), [path]) == {path: ""}
