"""PostgreSQL servers of our own: from a folder of programs to a running server on 127.0.0.1, and back.

A server listens on TCP only, with scram passwords; no socket, nobody trusted. Its folder holds

    server.json   port, programs and the superuser's password; only its owner can read it
    data/         the cluster, with server.log

so that a later start finds it again. As root the server runs as another user (clones/unprivileged.py); where
that user cannot enter the folder, the data lies in the area for temporary servers instead (clones/leftovers.py).
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from dbtool import programs
from dbtool.clones import postmaster
from dbtool.clones.cluster import EmbeddedServer, find_server, make_server, write_record
from dbtool.clones.leftovers import find_abandoned, make_temporary_folder
from dbtool.clones.unprivileged import find_server_user, owned_folder, reachable_programs
from dbtool.errors import ProgramFailed
from dbtool.postgres.binaries import Installation, choose_server, find_installations

__all__ = ["EmbeddedServer", "clear_away_abandoned", "embedded_server", "start_embedded", "stop_embedded"]

_CLEAR_AWAY = "from dbtool.clones.embedded import clear_away_abandoned as go; go(patience_s=5)"


def start_embedded(
    folder: Path,
    *,
    installation: Installation | None = None,
    settings: Mapping[str, str] | None = None,
    superuser: str = "postgres",
) -> EmbeddedServer:
    """Start the folder's server, made first if it is new. One that runs already is returned as it is.

    It outlives this process. ``settings`` are those of postgresql.conf and last until it is stopped. ``superuser`` is
    the name that a new server gives its first role.

    :raises ProgramFailed: there are no programs, the folder is another's, or the server does not start; the
        message holds the end of its log.
    """
    folder = owned_folder(folder.absolute(), 0o711 if find_server_user() else 0o700)
    with _locked(folder):
        server = find_server(folder)
        if server is None:
            server = make_server(folder, installation or choose_server(find_installations()), superuser)
        elif installation and installation.major != server.major:
            raise ProgramFailed(
                f"{folder} holds a server of PostgreSQL {server.major}, not {installation.major}; "
                "it was left alone. Choose another folder."
            )
        if postmaster.is_running(server):
            return server
        return postmaster.start(_with_programs(server), settings or {})


def stop_embedded(server: EmbeddedServer) -> None:
    """End all sessions and shut down cleanly; a server that does not run is left as it is."""
    postmaster.stop(server.data)


@contextlib.contextmanager
def embedded_server(
    folder: Path | None = None,
    *,
    installation: Installation | None = None,
    settings: Mapping[str, str] | None = None,
    superuser: str = "postgres",
) -> Iterator[EmbeddedServer]:
    """A server for as long as the context lasts; without ``folder`` nothing is left of it.

    Should we be killed, a temporary server is stopped and removed by a process that waits for that, or else by
    the next start of one.
    """
    with contextlib.ExitStack() as stack:
        place = folder or stack.enter_context(_temporary_folder())
        server = start_embedded(place, installation=installation, settings=settings, superuser=superuser)
        stack.callback(stop_embedded, server)
        yield server


def clear_away_abandoned(patience_s: float = 0) -> None:
    """Stop and remove the temporary servers of processes that died; with patience, of those about to die."""
    deadline = time.monotonic() + patience_s
    while True:
        for folder in find_abandoned():
            _clear_away(folder)
        if time.monotonic() >= deadline:
            return
        time.sleep(0.5)


def _with_programs(server: EmbeddedServer) -> EmbeddedServer:
    """The environment whose programs made the server may have been rebuilt elsewhere."""
    if (server.programs / "pg_ctl").exists():
        return server
    installation = choose_server(find_installations(), server.major)
    mended = replace(server, programs=reachable_programs(installation, find_server_user()))
    write_record(mended)
    return mended


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    clear_away_abandoned()
    folder = make_temporary_folder()
    last_will = programs.LastWill([sys.executable, "-c", _CLEAR_AWAY])
    try:
        yield folder
    finally:
        _clear_away(folder)  # a start that was interrupted may have left a server
        last_will.revoke()


def _clear_away(folder: Path) -> None:
    """Best effort: what another run clears away at the same moment is gone as well."""
    with contextlib.suppress(OSError, ProgramFailed):
        postmaster.stop(folder / "data")
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
