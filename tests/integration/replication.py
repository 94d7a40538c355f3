"""A hot standby beside a server of the tests' own, fed by streaming replication."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from dbtool import programs
from dbtool.clones import postmaster
from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.clones.unprivileged import find_server_user
from dbtool.postgres.binaries import choose_server, find_installations
from tests.acceptance.project import wait_until
from tests.databases import query


@contextmanager
def standby_of(primary: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Serves as long as the context lasts; it has the primary's users and passwords."""
    installation = choose_server(find_installations(), primary.major)
    with embedded_server(installation=installation) as server:
        postmaster.stop(server.data)
        shutil.rmtree(server.data)
        _copy_primary(primary, server.data)
        copied = postmaster.start(replace(server, password=primary.password), {"fsync": "off"})
        wait_until(
            lambda: query(copied.url(), "SELECT pg_is_in_recovery()") == [(True,)], "the standby is one"
        )
        yield copied


def wait_for_replay(primary: EmbeddedServer, standby: EmbeddedServer) -> None:
    """Until the standby has all that the primary has now."""
    position = query(primary.url(), "SELECT pg_current_wal_lsn()")[0][0]
    caught_up = f"SELECT pg_last_wal_replay_lsn() >= '{position}'"
    wait_until(lambda: query(standby.url(), caught_up) == [(True,)], "the standby has caught up")


def _copy_primary(primary: EmbeddedServer, data: Path) -> None:
    user = find_server_user()
    data.mkdir(mode=0o700)
    if user:
        os.chown(data, user.uid, user.gid)
    programs.run(
        [
            str(primary.programs / "pg_basebackup"),
            f"--pgdata={data}",
            "--write-recovery-conf",
            "--checkpoint=fast",
            "--no-sync",
        ],
        env={
            "PGHOST": "127.0.0.1",
            "PGPORT": str(primary.port),
            "PGUSER": "postgres",
            "PGPASSWORD": primary.password,
        },
        user=user,
        cwd="/",
    )
