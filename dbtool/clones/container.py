"""A clone's server in a container, by testcontainers; imported only where one is wanted, since both are optional.

Every container says in its labels whose it is and until when. What a killed run left behind is removed by a process
that waits for that, or else by the next start of one. So Ryuk, testcontainers' own, is not needed: another image, with
the engine's socket in its hands.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import ConnectionMode, testcontainers_config
from testcontainers.core.docker_client import DockerClient, get_docker_host

from dbtool import programs
from dbtool.clones.lease import Lease, parse_lease
from dbtool.clones.leftovers import identify_process, namespace
from dbtool.clones.server import HASTE, CloneServer
from dbtool.errors import ProgramFailed

# By name: type checkers take a folder of this name, as this repository has one, for the library.
errors: Any = importlib.import_module("docker.errors")

_LEASE = "dbtool.clone.lease"
_PROCESS = "dbtool.clone.process"
_MACHINE = "dbtool.clone.machine"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PORT = 5432
_LOOPBACK = "127.0.0.1"
_HERE = frozenset({"localhost", _LOOPBACK, "::1"})
_ENGINE_ANSWERS_WITHIN_S = 10
_SOCKET = "unix://"
_USUAL_SOCKET = "unix:///var/run/docker.sock"
_SHARED_MEMORY = 256 << 20  # parallel index builds need more than Docker's 64 MB
_ENGINE = (
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CERT_PATH",
    "DOCKER_API_VERSION",
)
_CLEAR_AWAY = (
    "import json, os, sys; os.environ.update(json.loads(sys.argv[1])); "
    "from dbtool.clones.container import clear_away_abandoned as go; go()"
)


def has_engine() -> bool:
    if not _is_listening(get_docker_host() or _USUAL_SOCKET):
        return False
    try:
        with closing(_connect()) as client:
            return bool(client.ping())
    except (errors.DockerException, OSError):
        return False


def _is_listening(host: str) -> bool:
    """Asked for a socket's sake: docker's library leaves its own open when nobody listens."""
    if not host.startswith(_SOCKET):
        return True
    with socket.socket(socket.AF_UNIX) as one:
        try:
            one.connect(host.removeprefix(_SOCKET))
        except OSError:
            return False
    return True


def _connect() -> Any:
    """As testcontainers does: by its properties, DOCKER_HOST or docker's context."""
    return DockerClient(timeout=_ENGINE_ANSWERS_WITHIN_S).client


@contextmanager
def container_server(
    image: str, lease: Lease, superuser: str, settings: Mapping[str, str]
) -> Iterator[CloneServer]:
    """It is removed with its volume when the context ends, or soon after this process was killed.

    :raises ProgramFailed: there is no engine, no such image, or the server does not start.
    """
    if not has_engine():
        raise ProgramFailed(
            "no container engine answers. Start Docker, or point DOCKER_HOST at an engine, or rehearse with --clone embedded"
        )
    clear_away_abandoned()
    container = _describe(image, lease, superuser, settings)
    last_will = programs.LastWill([sys.executable, "-c", _CLEAR_AWAY, _engine_variables()])
    try:
        _start(container, image)
        yield CloneServer(
            "container",
            container.get_container_host_ip(),
            int(container.get_exposed_port(_PORT)),
            superuser,
            container.password,
        )
    finally:
        with suppress(errors.DockerException, OSError):
            container.stop()
        last_will.revoke()


def clear_away_abandoned(now: datetime | None = None) -> tuple[str, ...]:
    """Remove the containers of processes of this machine that died, and those whose time is over."""
    with closing(_connect()) as client:
        found = client.containers.list(all=True, filters={"label": _LEASE}, ignore_removed=True)
        abandoned = [each for each in found if is_abandoned(each.labels, now or datetime.now(UTC))]
        for each in abandoned:
            with suppress(errors.NotFound, errors.APIError):  # another run removes it at the same moment
                each.remove(force=True, v=True)
    return tuple(each.name for each in abandoned)


def is_abandoned(labels: Mapping[str, str], now: datetime) -> bool:
    """Never one without our lease. Of a process of another machine or namespace only the time tells."""
    lease = parse_lease(labels.get(_LEASE))
    if lease is None:
        return False
    if lease.is_over(now):
        return True
    process = labels.get(_PROCESS, "")
    if labels.get(_MACHINE) != identify_machine() or not process:
        return False
    return identify_process(int(process.split()[0])) != process


def _describe(image: str, lease: Lease, superuser: str, settings: Mapping[str, str]) -> PostgresContainer:
    container = PostgresContainer(
        image,
        port=_PORT,
        username=superuser,
        password=secrets.token_hex(16),
        dbname="postgres",
        driver=None,
        command=[part for name, value in {**HASTE, **settings}.items() for part in ("-c", f"{name}={value}")],
    )
    container.with_kwargs(labels=_labels(lease), shm_size=_SHARED_MEMORY)
    if _is_reached_here(container):
        only_here: Any = (_LOOPBACK,)  # Docker would listen on every address
        container.ports = {str(_PORT): only_here}
    return container


def _is_reached_here(container: PostgresContainer) -> bool:
    """Not by an engine elsewhere, nor from a container beside the clone's."""
    client = container.get_docker_client()
    return client.get_connection_mode() is ConnectionMode.docker_host and client.host() in _HERE


def identify_machine() -> str:
    """Many machines may share one engine. Their first namespaces all have the same number."""
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        boot = platform.node()
    return f"{boot} {namespace()}".strip()


def _labels(lease: Lease) -> dict[str, str]:
    process = identify_process(os.getpid()) or ""
    return {_LEASE: lease.render(), _PROCESS: process, _MACHINE: identify_machine()}


def _start(container: PostgresContainer, image: str) -> None:
    testcontainers_config.ryuk_disabled = True
    try:
        container.start()
    except errors.ImageNotFound:
        raise ProgramFailed(
            f"there is no image {image}. Pull or build it, or name another with --image"
        ) from None
    except errors.APIError as error:
        raise ProgramFailed(
            f"the container engine refused {image} ({error.explanation or error.status_code}). Pull or build the image, or "
            "name another with --image"
        ) from None
    except (errors.DockerException, OSError, TimeoutError, RuntimeError):  # their texts hold the password
        raise ProgramFailed(
            f"the server in a container of {image} does not answer. The image must work as PostgreSQL's official one: "
            "POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB as variables, options of the server as arguments"
        ) from None


def _engine_variables() -> str:
    """Where the engine is. Other users of the machine see it: what else Docker takes from variables are passwords."""
    return json.dumps({name: os.environ[name] for name in _ENGINE if name in os.environ})
