from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dbtool.clones import container
from dbtool.clones.lease import Lease
from dbtool.clones.leftovers import identify_process

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
LEASE = Lease.begin(owner="ann", purpose="rehearsal", target="production", ttl=timedelta(hours=1), now=NOW)
LATER = NOW + timedelta(hours=1)


def labels(**changed: str) -> dict[str, str]:
    found = {
        "lease": LEASE.render(),
        "machine": container.identify_machine(),
        "process": identify_process(os.getpid()) or "",
        **changed,
    }
    return {f"dbtool.clone.{name}": value for name, value in found.items()}


def test_the_container_of_a_living_process_is_kept_until_its_time_is_over() -> None:
    assert not container.is_abandoned(labels(), NOW)
    assert container.is_abandoned(labels(), LATER)


def test_the_container_of_a_process_that_died_is_abandoned() -> None:
    another_life = f"{os.getpid()} 1"
    assert container.is_abandoned(labels(process=another_life), NOW)


def test_of_a_process_of_another_machine_only_the_time_tells() -> None:
    there = labels(process=f"{os.getpid()} 1", machine="another")
    assert not container.is_abandoned(there, NOW)
    assert container.is_abandoned(there, LATER)


def test_without_our_lease_nothing_is_abandoned() -> None:
    assert not container.is_abandoned({}, LATER)
    assert not container.is_abandoned(labels(lease="postgres"), LATER)


def test_machines_are_told_apart_by_their_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = container.identify_machine()
    (tmp_path / "boot_id").write_text("another\n")
    monkeypatch.setattr(container, "_BOOT_ID", tmp_path / "boot_id")
    assert container.identify_machine() != here
    monkeypatch.setattr(container, "_BOOT_ID", tmp_path / "nothing")
    assert container.identify_machine()


def test_no_engine_listens_where_nothing_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    assert not container.has_engine()


def test_a_registrys_password_is_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.example.com:2376")
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", '{"auths": {"registry.example.com": {"auth": "c2VjcmV0"}}}')
    assert json.loads(container._engine_variables())["DOCKER_HOST"] == "tcp://engine.example.com:2376"  # noqa: SLF001  what other users see
    assert "c2VjcmV0" not in container._engine_variables()  # noqa: SLF001  as above
