import os
from pathlib import Path

import pytest

from dbtool.clones import unprivileged
from dbtool.clones.unprivileged import find_server_user, is_reachable, owned_folder, reachable_programs
from dbtool.errors import ProgramFailed
from dbtool.postgres.binaries import Installation
from dbtool.programs import User

_STRANGER = User(54321, 54321)
_AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="cannot run here: only root can make another's folder"
)


def test_a_normal_user_runs_the_server_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert find_server_user() is None


def test_root_without_a_user_to_run_servers_is_told_to_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(unprivileged, "_CANDIDATES", ("dbtool_no_such_user",))
    with pytest.raises(ProgramFailed, match="useradd --system postgres"):
        find_server_user()


def test_a_new_folder_gets_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = owned_folder(tmp_path / "above" / "new", 0o711)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o711


def test_a_folder_of_ours_is_taken_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    assert owned_folder(tmp_path, 0o711).stat().st_mode & 0o777 == 0o750


def test_a_folder_that_others_can_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ProgramFailed, match="others can write to it"):
        owned_folder(tmp_path, 0o700)


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ProgramFailed, match="not a folder of yours"):
        owned_folder(tmp_path / "link", 0o700)


@_AS_ROOT
def test_a_strangers_folder_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, _STRANGER.uid, _STRANGER.gid)
    with pytest.raises(ProgramFailed, match="not a folder of yours"):
        owned_folder(tmp_path, 0o700)


def test_reach_is_lost_with_the_first_closed_folder_on_the_way(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    assert is_reachable(Path("/usr/bin"), _STRANGER)
    (tmp_path / "closed").chmod(0o700)
    assert not is_reachable(inner, _STRANGER)


def _wheel(above: Path) -> Installation:
    package = above / "some_postgres"
    (package / "pginstall" / "bin").mkdir(parents=True)
    (package / "pginstall" / "bin" / "postgres").write_text("#!/bin/sh\n")
    (package / "pginstall" / "bin" / "postgres").chmod(0o700)
    (package / "pginstall" / "share").mkdir()
    (package / "pginstall" / "share" / "postgres.bki").touch(mode=0o600)
    (above / "some_postgres.libs").mkdir()
    (above / "some_postgres.libs" / "libpq.so").touch()
    above.chmod(0o700)
    return Installation(package / "pginstall" / "bin", 18, "18.6", "wheel some-postgres")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(unprivileged, "_ROOTS_CACHE", tmp_path / "cache")
    return tmp_path / "cache"


def test_programs_within_reach_are_used_where_they_are(cache: Path) -> None:
    installation = Installation(Path("/usr/bin"), 18, "18.6", "system")
    assert reachable_programs(installation, _STRANGER) == Path("/usr/bin")
    assert reachable_programs(_wheel(cache.parent / "site"), None).is_relative_to(cache.parent / "site")
    assert not cache.exists()


def test_a_wheel_out_of_reach_is_copied_once_with_its_libraries(tmp_path: Path, cache: Path) -> None:
    installation = _wheel(tmp_path / "site")
    folder = reachable_programs(installation, _STRANGER)
    copy = folder.parents[2]
    assert copy.parent == cache / "programs"
    assert (copy / "some_postgres.libs" / "libpq.so").exists()
    modes = {path.name: path.stat().st_mode & 0o777 for path in copy.rglob("*")}
    assert modes["postgres"] == modes["bin"] == 0o755
    assert modes["postgres.bki"] == 0o644
    marker = folder / "marker"
    marker.touch()
    assert reachable_programs(installation, _STRANGER) == folder
    assert marker.exists()
    assert [each.name for each in (cache / "programs").iterdir()] == [copy.name]


def test_another_build_of_the_same_version_gets_a_copy_of_its_own(tmp_path: Path, cache: Path) -> None:
    installation = _wheel(tmp_path / "site")
    first = reachable_programs(installation, _STRANGER)
    (installation.folder / "postgres").write_text("#!/bin/sh\n# rebuilt\n")
    assert reachable_programs(installation, _STRANGER) != first
    assert len(list((cache / "programs").iterdir())) == 2


def test_a_copy_that_fails_leaves_no_half(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unprivileged, "_open_to_readers", fail)
    with pytest.raises(ProgramFailed, match="No space left on device; no server was started"):
        reachable_programs(_wheel(tmp_path / "site"), _STRANGER)
    assert list((cache / "programs").iterdir()) == []


def test_other_programs_out_of_reach_are_not_copied(tmp_path: Path, cache: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ProgramFailed, match="accessible to all"):
        reachable_programs(Installation(tmp_path, 18, "18.6", "configured folder"), _STRANGER)
    assert not cache.exists()
