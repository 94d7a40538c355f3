"""The files around the program agree with one another and with what the documents tell people to type."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).parents[2]
_PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; .*)? \\$")


def _read(name: str) -> str:
    return (_ROOT / name).read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_read("docker-compose.yml"))["services"]
    return found


def _pins(lock: str) -> set[tuple[str, str]]:
    return {(match[1], match[2]) for line in _read(lock).splitlines() if (match := _PINNED.match(line))}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_holds_names_versions_and_hashes_only(lock: str) -> None:
    lines = _read(lock).splitlines()
    unknown = [line for line in lines if not _PINNED.match(line) and "    --hash=sha256:" not in line]
    assert unknown == []
    unhashed = [line for line, next_ in pairwise(lines) if _PINNED.match(line) and "--hash" not in next_]
    assert unhashed == []


def test_both_lock_files_pin_the_same_versions() -> None:
    assert _pins("requirements.lock") <= _pins("requirements-dev.lock")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_in_the_documents_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", _read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"^(?:[A-Z_]+=\S+ )?make ([a-z]+)", _read(document), re.MULTILINE))
    assert named
    assert named <= targets


def test_every_container_in_the_readme_is_a_service(services: dict[str, Any]) -> None:
    named = set(re.findall(r"docker compose run --rm (\w+)", _read("README.md")))
    assert named
    assert named <= set(services)


def test_containers_are_reached_from_this_machine_alone(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_compose_file_takes_its_secrets_from_the_variables_of_the_example() -> None:
    compose = _read("docker-compose.yml")
    offered = set(re.findall(r"^#?([A-Z_]+)=", _read(".env.example"), re.MULTILINE))
    assert set(re.findall(r"\$\{([A-Z_]+)", compose)) == offered
    for secret in re.findall(r"^([A-Z_]+)=", _read(".env.example"), re.MULTILINE):
        assert f"${{{secret}:?" in compose, f"{secret} may be left empty"
