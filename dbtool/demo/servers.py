"""The demo's two servers: gone with the demo, or kept in its folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from dbtool.clones.cluster import find_server
from dbtool.clones.embedded import (
    EmbeddedServer,
    clear_away_abandoned,
    embedded_server,
    start_embedded,
    stop_embedded,
)
from dbtool.demo.home import get_server_folder
from dbtool.errors import UsageError

NAMES = ("production", "staging")
# Nobody's data is lost should the machine crash: it can be made again.
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}


@contextmanager
def demo_servers(home: Path | None) -> Iterator[dict[str, EmbeddedServer]]:
    """Two servers by name. With a home they run on when the context ends well; otherwise nothing is left."""
    with ExitStack() as stack:
        if home is None:
            yield {name: stack.enter_context(embedded_server(settings=_SETTINGS)) for name in NAMES}
            return
        stack.callback(_remove_folder, home)
        yield {name: _start_kept(stack, get_server_folder(home, name)) for name in NAMES}
        stack.pop_all()


def _start_kept(stack: ExitStack, folder: Path) -> EmbeddedServer:
    server = start_embedded(folder, settings=_SETTINGS)
    stack.callback(stop_embedded, server)
    return server


def stop_kept(home: Path) -> None:
    """Stop the servers of a kept demo and remove them; the project in the folder stays.

    :raises UsageError: there are none.
    """
    if not (home / "servers").is_dir():
        raise UsageError(f"there is no demo in {home}; nothing was done. Name its folder with --folder.")
    for name in NAMES:
        server = find_server(get_server_folder(home, name))
        if server is not None:
            stop_embedded(server)
    _remove_folder(home)


def _remove_folder(home: Path) -> None:
    shutil.rmtree(home / "servers", ignore_errors=True)
    clear_away_abandoned()  # as root the data may have had to lie elsewhere
    for secret in (*(f"{name}.url" for name in NAMES), "pg_service.conf"):
        with suppress(FileNotFoundError):
            (home / secret).unlink()
