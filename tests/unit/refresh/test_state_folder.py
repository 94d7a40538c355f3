"""Whether the manifest can be written is known before anything is copied."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbtool.errors import EnvironmentFailed
from dbtool.refresh.manifest import refuse_unwritable


@pytest.fixture
def _little_room() -> Iterator[None]:
    """What a full disk does to a file: it does not grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_folder_is_made_and_left_empty(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "state")
    assert list((tmp_path / "state" / "refresh").iterdir()) == []


@pytest.mark.usefixtures("_little_room")
def test_refuses_a_folder_without_room_for_the_manifest(tmp_path: Path) -> None:
    with pytest.raises(
        EnvironmentFailed, match=r"cannot be written \(file too large\); nothing was done\. .*make room"
    ):
        refuse_unwritable(tmp_path)
    assert list((tmp_path / "refresh").iterdir()) == []


@pytest.mark.parametrize("where", [".dbtool", ".dbtool/refresh"])
def test_refuses_a_file_where_the_folder_should_be(tmp_path: Path, where: str) -> None:
    (tmp_path / where).parent.mkdir(exist_ok=True)
    (tmp_path / where).write_text("no folder", encoding="utf-8")
    with pytest.raises(
        EnvironmentFailed, match=r"the state folder .* cannot be written .*; nothing was done"
    ):
        refuse_unwritable(tmp_path / ".dbtool")


def test_refuses_a_folder_that_a_link_leads_nowhere_for(tmp_path: Path) -> None:
    (tmp_path / ".dbtool").symlink_to(tmp_path / "gone" / "away")
    with pytest.raises(EnvironmentFailed, match="cannot be written"):
        refuse_unwritable(tmp_path / ".dbtool")
