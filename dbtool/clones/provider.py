"""Which server a clone gets: the target's major from programs at hand, else a container, else the next newer major."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from dbtool.clones.lease import Lease
from dbtool.clones.local import local_server
from dbtool.clones.server import CloneServer
from dbtool.errors import ProgramFailed
from dbtool.postgres.binaries import SERVER_PROGRAMS, Installation

PROVIDERS = ("auto", "embedded", "container")


@dataclass(frozen=True, slots=True)
class Offering:
    """A server that could be had. ``installation`` for one from programs, ``image`` for a container's."""

    major: int
    installation: Installation | None = None
    image: str | None = None

    @property
    def is_container(self) -> bool:
        return self.installation is None

    def __str__(self) -> str:
        return str(self.installation) if self.installation else f"a container of {self.image}"


def offerings(
    major: int,
    provider: str,
    installations: Sequence[Installation],
    *,
    image: str | None = None,
    has_docker: Callable[[], bool],
) -> Iterator[Offering]:
    """What to try, best first. An image that was named is the only one; docker is asked for only when it matters."""
    if provider == "container" or (provider == "auto" and image):
        yield Offering(major, image=image or f"postgres:{major}")
        return
    servers = sorted(
        (each for each in installations if each.has(*SERVER_PROGRAMS) and each.major >= major),
        key=_preference,
    )
    yield from (Offering(major, each) for each in servers if each.major == major)
    if provider == "auto" and has_docker():
        yield Offering(major, image=f"postgres:{major}")
    newer = min((each.major for each in servers if each.major > major), default=None)
    yield from (Offering(each.major, each) for each in servers if each.major == newer)


def _preference(installation: Installation) -> tuple[bool, bool]:
    return installation.origin != "configured folder", not installation.origin.startswith("wheel")


def open_offering(
    offering: Offering, lease: Lease, superuser: str, settings: Mapping[str, str]
) -> AbstractContextManager[CloneServer]:
    """:raises ProgramFailed: it cannot be started."""
    if offering.installation:
        return local_server(offering.installation, superuser, settings)
    opened: AbstractContextManager[CloneServer] = _containers().container_server(
        offering.image or "", lease, superuser, settings
    )
    return opened


def has_docker() -> bool:
    try:
        return bool(_containers().has_engine())
    except ProgramFailed:
        return False


def _containers() -> Any:
    """:raises ProgramFailed: testcontainers is not installed, being optional."""
    try:
        return importlib.import_module("dbtool.clones.container")
    except ModuleNotFoundError:
        raise ProgramFailed(
            "clones in containers need testcontainers, which is not installed; no clone was made. Install it with: "
            "pip install 'dbtool[docker]'"
        ) from None
