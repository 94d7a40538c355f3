"""What is installed is the wheel and not the checkout: it must hold all that it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with dbtool as its wheel unpacks, and nothing else of the project."""
    built, site = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(built)],
        cwd=_REPOSITORY,
        check=True,
        capture_output=True,
    )
    (wheel,) = built.iterdir()
    zipfile.ZipFile(wheel).extractall(site)
    return site


def test_the_wheel_shows_the_demo_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBTOOL_"))}
    environment = {**inherited, "PYTHONPATH": str(installed)}
    where = [sys.executable, "-c", "import dbtool; print(dbtool.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    assert found.stdout.startswith(f"{installed}/")
    demo = [sys.executable, "-m", "dbtool", "demo", "--scale", "500", "--format", "json"]
    done = subprocess.run(demo, cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema"] == 1
    assert not list(tmp_path.iterdir())
