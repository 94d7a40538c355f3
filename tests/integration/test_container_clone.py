"""A clone in a container. .ci/docker.sh makes an engine and the image, and names it in DBTOOL_TEST_IMAGE."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import CloneImpossible
from dbtool.migrate.clone.make import rehearsal_clone
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from tests.acceptance.project import wait_until
from tests.databases import column_of, execute, own_database
from tests.integration.cloning import request_for

ServerOf = Callable[[int], EmbeddedServer]
MAJOR = 15  # of the image
_SCHEMA = Path(__file__).parent.parent / "schemas" / "partitioned.sql"
_HOLD_A_CLONE = """
import sys
from dbtool.migrate.clone.make import rehearsal_clone
from tests.integration.cloning import request_for
with rehearsal_clone(request_for(sys.argv[1], provider="container", image=sys.argv[2])) as clone:
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def image() -> str:
    name = os.environ.get("DBTOOL_TEST_IMAGE")
    if not name:
        pytest.skip("cannot run here: no container engine, or no image: see .ci/docker.sh")
    return name


@pytest.fixture(scope="module")
def containers(image: str) -> Any:
    """The module; importing it takes testcontainers."""
    from dbtool.clones import container  # noqa: PLC0415  not everybody who runs the tests has it

    assert image
    return container


@pytest.fixture(scope="module")
def target(image: str, server_of: ServerOf) -> Iterator[str]:
    assert image
    with own_database(server_of(MAJOR), f"dbtool_test_{os.getpid()}_container") as url:
        execute(url, _SCHEMA.read_text())
        yield url


def running() -> set[str]:
    done = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", "label=dbtool.clone.lease"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def published(container: str) -> str:
    done = subprocess.run(["docker", "port", container], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_clone_in_a_container_is_what_the_target_is(target: str, image: str) -> None:
    before = running()
    request = request_for(target, provider="container", image=image)
    with rehearsal_clone(request) as clone:
        (made,) = running() - before
        assert "-> 127.0.0.1:" in published(made)
        assert (clone.provider, clone.version.split(".")[0]) == ("container", str(MAJOR))
        assert clone.findings == ()
        with connect(target) as connection:
            assert clone.catalog_before.fingerprint() == read_catalog(connection).fingerprint()
        comment = (
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        assert clone.nonce in column_of(clone.url, comment)[0]
        assert column_of(clone.url, "SHOW fsync") == ["off"]
    assert running() == before


def test_an_image_that_is_named_is_the_provider(target: str, image: str) -> None:
    with rehearsal_clone(request_for(target, image=image)) as clone:
        assert clone.provider == "container"


def test_a_killed_process_leaves_no_container(target: str, image: str) -> None:
    before = running()
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD_A_CLONE, target, image], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert len(running() - before) == 1
        process.kill()
    wait_until(lambda: running() == before, "the container of the killed process is removed")


def test_the_next_clone_removes_what_a_killed_process_left(target: str, image: str) -> None:
    """Where what waits for its death was killed, too."""
    without_last_will = "from dbtool import programs\nprograms._AFTER_PARENT = ''\n" + _HOLD_A_CLONE
    before = running()
    with subprocess.Popen(
        [sys.executable, "-c", without_last_will, target, image],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        (left,) = running() - before
        process.kill()
    assert left in running()
    with rehearsal_clone(request_for(target, provider="container", image=image)):
        assert left not in running()


def test_a_container_that_is_not_ours_is_left_alone(image: str, containers: Any) -> None:
    started = subprocess.run(
        ["docker", "run", "--detach", "--env", "POSTGRES_PASSWORD=x", image],
        capture_output=True,
        text=True,
        check=True,
    )
    container = started.stdout.strip()
    try:
        assert containers.clear_away_abandoned() == ()
        found = subprocess.run(["docker", "inspect", container], capture_output=True, check=False)
        assert found.returncode == 0
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", container], capture_output=True, check=True)


def test_an_image_that_cannot_be_had_is_named(target: str, image: str) -> None:
    assert image
    request = request_for(target, provider="container", image="dbtool-test-nowhere:15")
    with (
        pytest.raises(CloneImpossible, match=r"dbtool-test-nowhere:15.*name another with --image"),
        rehearsal_clone(request),
    ):
        pytest.fail("there is no such image")


def test_an_image_of_another_major_is_refused(server_of: ServerOf, image: str) -> None:
    before = running()
    request = request_for(server_of(18).url(), provider="container", image=image)
    message = rf"the target runs PostgreSQL 18 and a container of {image} is {MAJOR}"
    with pytest.raises(CloneImpossible, match=message) as refused, rehearsal_clone(request):
        pytest.fail("it is older")
    assert refused.value.exit_code == 3
    assert running() == before


def test_an_engine_that_does_not_answer_is_said(
    target: str, image: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    request = request_for(target, provider="container", image=image)
    with (
        pytest.raises(CloneImpossible, match=r"no container engine answers\. Start Docker"),
        rehearsal_clone(request),
    ):
        pytest.fail("there is no engine")
