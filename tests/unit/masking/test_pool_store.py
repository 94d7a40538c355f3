"""Drawn once, read from then on; and never trusted when it is not whole."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from dbtool.masking import pool_store
from dbtool.masking.pool_store import FOLDER_VARIABLE, cache_folder, keep_drawn

WORDS = ("Ada", "Zoë", "日本")


class Drawing:
    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> tuple[str, ...]:
        self.times += 1
        return WORDS


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def draw() -> Drawing:
    return Drawing()


@pytest.mark.usefixtures("folder")
def test_a_pool_is_drawn_once(draw: Drawing) -> None:
    assert [keep_drawn("city-en_GB", "recipe", draw) for _ in range(3)] == [WORDS] * 3
    assert draw.times == 1


@pytest.mark.usefixtures("folder")
def test_another_name_recipe_or_faker_is_another_pool(draw: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_drawn("city-en_GB", "recipe", draw)
    keep_drawn("city-de_DE", "recipe", draw)
    keep_drawn("city-en_GB", "another", draw)
    assert draw.times == 3
    monkeypatch.setattr(pool_store, "faker_version", lambda: "99.0")
    keep_drawn("city-en_GB", "recipe", draw)
    assert draw.times == 4


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe", b"not its digest\n[]", b'{"Ada"'])
def test_what_is_not_whole_is_drawn_again_and_mended(folder: Path, draw: Drawing, damage: bytes) -> None:
    keep_drawn("city-en_GB", "recipe", draw)
    (kept,) = folder.iterdir()
    kept.write_bytes(damage)
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS
    assert draw.times == 2


def test_a_word_that_somebody_changed_is_not_picked_from(folder: Path, draw: Drawing) -> None:
    keep_drawn("city-en_GB", "recipe", draw)
    (kept,) = folder.iterdir()
    kept.write_text(kept.read_text("utf-8").replace("Ada", "Eve"), "utf-8")
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS


@pytest.mark.skipif(
    sys.platform == "win32", reason="cannot run here: there permissions are not the owner's bits"
)
@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_may_write_to_is_left_alone(folder: Path, draw: Drawing, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    assert cache_folder() is None
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS
    assert not list(folder.iterdir())


def test_without_a_folder_pools_are_drawn_every_time(draw: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, "")
    assert [keep_drawn("city-en_GB", "recipe", draw) for _ in range(2)] == [WORDS] * 2
    assert draw.times == 2


def test_a_folder_that_cannot_be_made_is_no_error(
    tmp_path: Path, draw: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "file" / "below"))
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS


def test_a_full_disk_is_no_error(folder: Path, draw: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_named: object) -> tuple[int, str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS
    assert not list(folder.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="cannot run here: there the folder is LOCALAPPDATA's")
def test_the_usual_place_is_the_user_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder() == tmp_path / "dbtool"
    assert (tmp_path / "dbtool").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(sys.platform == "win32", reason="cannot run here: there the folder is LOCALAPPDATA's")
def test_a_user_without_a_home_keeps_nothing(draw: Drawing, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container, under a number that has no name."""
    for name in (FOLDER_VARIABLE, "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", _without_name)
    assert cache_folder() is None
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS


def _without_name(_number: int) -> None:
    raise KeyError


def test_nothing_is_left_of_what_could_not_be_kept(folder: Path, draw: Drawing) -> None:
    """Something else has its place."""
    keep_drawn("city-en_GB", "recipe", draw)
    (kept,) = folder.iterdir()
    kept.unlink()
    kept.mkdir()
    assert keep_drawn("city-en_GB", "recipe", draw) == WORDS
    assert list(folder.iterdir()) == [kept]


@pytest.mark.usefixtures("folder")
def test_names_that_differ_in_case_alone_are_kept_apart(draw: Drawing) -> None:
    """File names of some systems do not tell them apart."""
    keep_drawn("city-en_GB", "recipe", draw)
    keep_drawn("city-en_gb", "recipe", draw)
    editions = {file.name.partition("-")[0] for file in (cache_folder() or Path()).iterdir()}
    assert len(editions) == 2
