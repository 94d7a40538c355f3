"""A rehearsal killed while its clone is being made leaves neither a server nor the target's DDL behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.clones.leftovers import servers_area
from dbtool.migrate.clone.make import rehearsal_clone
from tests.acceptance.project import wait_until
from tests.databases import execute, own_database, query
from tests.integration.cloning import request_for

pytestmark = pytest.mark.one_major

_MAKE_A_CLONE = """
import sys, time
from dbtool.migrate.clone.make import rehearsal_clone
from tests.integration.cloning import request_for

def progress(stage):
    if stage == sys.argv[2]:
        print(flush=True)
        time.sleep(600)

with rehearsal_clone(request_for(sys.argv[1]), progress):
    progress("done")
"""


def places_of(pid: int) -> list[Path]:
    """What a process has in the folders for temporary files: its servers, and the DDL that it read."""
    servers = [
        owner.parent
        for owner in servers_area().glob("*/owner.json")
        if (json.loads(owner.read_text()).get("process") or "").startswith(f"{pid} ")
    ]
    return servers + list(Path(tempfile.gettempdir()).glob(f"dbtool-schema-{pid}-*"))


@pytest.fixture
def target(newest_server: EmbeddedServer) -> Iterator[str]:
    with own_database(newest_server, f"dbtool_test_{os.getpid()}_killed") as url:
        execute(url, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)")
        yield url


@pytest.mark.parametrize("stage", ["schema", "indexes", "done"])
def test_nothing_is_left_after_the_next_clone(stage: str, target: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _MAKE_A_CLONE, target, stage], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert places_of(process.pid)
        process.kill()
    with rehearsal_clone(request_for(target)) as clone:
        assert query(clone.url, "SELECT count(*) FROM t") == [(0,)]
        wait_until(lambda: not places_of(process.pid), "everything of the killed run is removed")
