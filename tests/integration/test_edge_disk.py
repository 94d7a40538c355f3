"""A target's disk that fills up while rows are loaded, or while indexes are built over them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dbtool.clones import postmaster
from dbtool.clones.embedded import EmbeddedServer, embedded_server, start_embedded
from dbtool.errors import ServerFailed
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.request import Silent
from tests.acceptance.project import databases_of
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

pytestmark = pytest.mark.one_major
NAME = f"dbtool_test_{os.getpid()}_edge_disk"
_RULES = "  public.person: {id: {keep: k}, email: {mask: email}, note: {keep: k}}\n"
_SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, email text, note text);
INSERT INTO person SELECT n, n || '@lovelace.dk', repeat('x', {wide}) FROM generate_series(1, {rows}) n;
ANALYZE;
"""


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A file system in memory."""
    folder.mkdir(mode=0o755)
    size = f"size={megabytes}m,mode=0755"
    if (
        os.geteuid()
        or subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=False).returncode
    ):
        pytest.skip("cannot run here: nobody but root mounts a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture(scope="module")
def target(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Its tables are on a disk of 64 MB, of which the system's databases take a third; its WAL is elsewhere."""
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation) as server:
        folder = server.data.parent
        with small_disk(folder / "disk", 64) as disk:
            postmaster.stop(server.data)
            owner = (server.data / "base").stat()
            os.chown(disk, owner.st_uid, owner.st_gid)
            subprocess.run(["cp", "-a", server.data / "base", disk], check=True)
            shutil.rmtree(server.data / "base")
            (server.data / "base").symlink_to(disk / "base")
            try:
                started = start_embedded(
                    folder, installation=installation, settings={"fsync": "off", "restart_after_crash": "off"}
                )
                execute(started.url(), f"CREATE DATABASE {NAME} TEMPLATE template0")
                execute(
                    started.url(NAME), "CREATE TABLE yesterday (id int); INSERT INTO yesterday VALUES (1)"
                )
                execute(started.url(), "CHECKPOINT")  # what was made so far has its blocks
                yield started
            finally:
                postmaster.stop(server.data)


class Fill(Silent):
    """Leaves a megabyte when rows have been loaded."""

    def __init__(self, disk: Path) -> None:
        self._disk = disk

    def stage(self, name: str) -> None:
        if name == "post-data":
            with (self._disk / "filler").open("wb") as file:
                file.write(bytes(max(0, shutil.disk_usage(self._disk).free - (1 << 20))))


@pytest.mark.parametrize(
    ("schema", "fills"),
    [(_SCHEMA.format(wide=300, rows=150_000), False), (_SCHEMA.format(wide=1, rows=150_000), True)],
    ids=["rows", "indexes"],
)
def test_a_full_disk_leaves_live_as_it_was_and_nothing_of_the_candidate(
    source_url: str,
    target: EmbeddedServer,
    tmp_path: Path,
    schema: str,
    fills: bool,
) -> None:
    execute(source_url, schema)
    disk = target.data.parent / "disk"
    before, used = databases_of(target, NAME), shutil.disk_usage(disk).used
    rules = rules_of(_RULES, tmp_path)
    options = {"observer": Fill(disk)} if fills else {}
    try:
        with pytest.raises(ServerFailed, match="No space left on device") as failed:
            refresh(request_for(source_url, target.url(NAME), tmp_path, rules, adopt=True, **options))
    finally:
        (disk / "filler").unlink(missing_ok=True)
    assert "the candidate was dropped" in " ".join(failed.value.__notes__)
    assert "lovelace" not in str(failed.value)
    assert databases_of(target, NAME) == before
    assert query(target.url(NAME), "SELECT id FROM yesterday") == [(1,)]
    execute(target.url(), "CHECKPOINT")  # until then the files of a dropped database may be there, empty
    assert shutil.disk_usage(disk).used < used + (2 << 20)
