"""A clone's server from programs on this machine: a wheel's or the system's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dbtool.clones.embedded import embedded_server
from dbtool.clones.server import HASTE, CloneServer
from dbtool.postgres.binaries import Installation


@contextmanager
def local_server(
    installation: Installation, superuser: str, settings: Mapping[str, str]
) -> Iterator[CloneServer]:
    """It is gone when the context ends, or soon after this process was killed."""
    with embedded_server(
        installation=installation, settings={**HASTE, **settings}, superuser=superuser
    ) as server:
        yield CloneServer(
            name_provider(installation),
            "127.0.0.1",
            server.port,
            superuser,
            server.password,
            server.data.parent,
        )


def name_provider(installation: Installation) -> str:
    return "embedded" if installation.origin.startswith("wheel") else "local"
