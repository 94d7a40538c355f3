"""Servers as root, whose programs and folder are out of the server user's reach, and as a normal user."""

import os
import pwd
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import dbtool
from dbtool.clones import unprivileged
from dbtool.clones.embedded import clear_away_abandoned, embedded_server, start_embedded, stop_embedded
from dbtool.clones.leftovers import make_temporary_folder
from dbtool.clones.unprivileged import find_server_user, is_reachable
from dbtool.postgres.binaries import Installation, choose_server, find_installations
from dbtool.programs import User

_FAST = {"fsync": "off"}
_AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="cannot run here: only root runs servers as another user"
)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A folder that only we can enter."""
    tmp_path.chmod(0o700)
    yield tmp_path
    shutil.rmtree(tmp_path)
    clear_away_abandoned()


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = make_temporary_folder()
    monkeypatch.setattr(unprivileged, "_ROOTS_CACHE", folder / "cache")
    yield folder / "cache"
    shutil.rmtree(folder)


def _select_one(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT 1").fetchone()
    assert row is not None
    return int(row[0])


@_AS_ROOT
def test_root_runs_a_server_as_someone_else_who_owns_the_data() -> None:
    user = find_server_user()
    assert user is not None
    assert user.uid != 0
    with embedded_server(settings=_FAST) as server:
        pid = int((server.data / "postmaster.pid").read_text().splitlines()[0])
        owner = [
            line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid")
        ]
        assert owner[0].split()[1:] == [str(user.uid)] * 4
        assert server.data.stat().st_uid == user.uid
        assert server.data.stat().st_mode & 0o777 == 0o700


@_AS_ROOT
def test_a_closed_folder_gets_its_data_elsewhere_until_it_is_removed(closed: Path) -> None:
    folder = closed / "kept"
    server = start_embedded(folder, settings=_FAST)
    assert _select_one(server.url()) == 1
    assert not server.data.is_relative_to(folder)
    stop_embedded(server)
    clear_away_abandoned()
    assert server.data.exists()
    again = start_embedded(folder, settings=_FAST)
    assert again.data == server.data
    shutil.rmtree(folder)
    clear_away_abandoned()  # stops it too
    assert not server.data.parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url())


@_AS_ROOT
def test_a_wheel_in_a_closed_environment_serves_from_a_copy(closed: Path, cache: Path) -> None:
    wheel = choose_server(find_installations(), 18)
    package = wheel.folder.parents[1]
    for each in (package, package.with_name(f"{package.name}.libs")):
        (closed / each.name).symlink_to(each)
    inside = Installation(closed / package.name / "pginstall" / "bin", 18, wheel.version, wheel.origin)
    with embedded_server(installation=inside, settings=_FAST) as server:
        assert _select_one(server.url()) == 1
        assert server.programs.is_relative_to(cache)


def _normal_user() -> User | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def _python_for(user: User | None) -> str | None:
    """Our Python, or the system's of the same version where ``user`` cannot reach ours."""
    if user is None or is_reachable(Path(sys.executable).resolve().parent, user):
        return sys.executable
    return shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")


_SERVE_AND_SAY_WHO = """
import os, psycopg
from dbtool.clones.embedded import embedded_server
with embedded_server(settings={"fsync": "off"}) as server:
    with psycopg.connect(server.url()) as connection:
        print(os.geteuid(), connection.execute("SELECT 1").fetchone()[0], server.data.stat().st_uid)
assert not server.folder.exists()
"""


def test_a_normal_user_runs_a_server() -> None:
    user = _normal_user()
    python = _python_for(user)
    packages = [folder for folder in map(Path, site.getsitepackages()) if folder.exists()]
    sources = [Path(dbtool.__file__).parent.parent, *packages]
    if python is None or (user and not all(is_reachable(folder, user) for folder in sources)):
        pytest.skip("cannot run here: a normal user cannot reach this Python or these packages")
    done = subprocess.run(
        [python, "-c", _SERVE_AND_SAY_WHO],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": ":".join(map(str, sources)),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        cwd="/",
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        capture_output=True,
        text=True,
        check=False,
    )
    expected = user.uid if user else os.geteuid()
    assert done.stdout.split() == [str(expected), "1", str(expected)], done.stderr
