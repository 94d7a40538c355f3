"""libpq's parameters, spelt for each driver."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from dbtool.migrate.runner.child.via import (
    DriverUnknown,
    make_context,
    spell_for,
    spell_session,
    through_socket,
)
from dbtool.postgres.session import KEEPALIVES

_VIA = {"host": "db", "port": "6000", "user": "u", "password": "p", "dbname": "shop", "options": "-c x=y"}


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_libpq_drivers_get_the_address_and_its_protection(driver: str) -> None:
    via = {**_VIA, "sslmode": "verify-full", "sslrootcert": "ca.pem", "keepalives_idle": "5"}
    (found,) = spell_for(driver, via)
    assert found == {name: value for name, value in via.items() if name != "options"}


def test_asyncpg_gets_lists_of_servers() -> None:
    (found,) = spell_for(
        "asyncpg", {**_VIA, "host": "a,b", "port": "1,2", "target_session_attrs": "read-write"}
    )
    assert found == {
        "host": ["a", "b"],
        "port": [1, 2],
        "user": "u",
        "password": "p",
        "database": "shop",
        "target_session_attrs": "read-write",
        "ssl": "prefer",
    }


def test_pg8000_tries_one_server_after_the_other() -> None:
    found = spell_for("pg8000", {**_VIA, "host": "a,b"})
    assert [(one["host"], one["port"], one["ssl_context"]) for one in found] == [
        ("a", 6000, None),
        ("b", 6000, None),
    ]


def test_pg8000_takes_the_socket_in_a_folder() -> None:
    (found,) = spell_for("pg8000", through_socket({**_VIA, "sslmode": "require"}, "/run/x"))
    assert found["unix_sock"] == "/run/x/.s.PGSQL.5432"
    assert found["ssl_context"] is False
    assert "host" not in found


def test_nothing_is_encrypted_on_the_way_to_the_relay() -> None:
    via = through_socket(
        {**_VIA, "sslmode": "verify-full", "channel_binding": "require", "hostaddr": "::1"}, "/run/x"
    )
    assert via == {
        "host": "/run/x",
        "port": "5432",
        "user": "u",
        "password": "p",
        "dbname": "shop",
        "options": "-c x=y",
    }


@pytest.mark.parametrize("driver", ["asyncpg", "pg8000"])
def test_without_libpq_sslmode_require_encrypts_and_verifies_nothing(driver: str) -> None:
    (found,) = spell_for(driver, {**_VIA, "sslmode": "require"})
    context = found["ssl" if driver == "asyncpg" else "ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(("mode", "checks"), [("verify-ca", False), ("verify-full", True)])
def test_verification_needs_the_roots_and_looks_at_the_host_as_libpq_does(mode: str, checks: bool) -> None:
    context = make_context({**_VIA, "sslmode": mode, "sslrootcert": "system"} if checks else _rooted(mode))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is checks


def _rooted(mode: str) -> dict[str, str]:
    roots = ssl.get_default_verify_paths().cafile or ""
    if not Path(roots).is_file():
        pytest.skip("cannot run here: there is no file of certificate authorities")
    return {**_VIA, "sslmode": mode, "sslrootcert": roots}


def test_a_missing_file_of_roots_is_an_error_and_not_an_unverified_connection(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_context({**_VIA, "sslmode": "verify-ca", "sslrootcert": str(tmp_path / "none.crt")})


def test_a_driver_that_nobody_has_tried_is_refused() -> None:
    with pytest.raises(DriverUnknown, match="pygresql cannot be led"):
        spell_for("pygresql", _VIA)


@pytest.mark.parametrize(
    ("driver", "own", "expected"),
    [
        ("asyncpg", {}, {"server_settings": {"options": "-c x=y", "application_name": "dbtool"}}),
        (
            "asyncpg",
            {"server_settings": {"application_name": "shop"}},
            {"server_settings": {"options": "-c x=y", "application_name": "shop"}},
        ),
        ("pg8000", {}, {"startup_params": {"options": "-c x=y"}, "application_name": "dbtool"}),
        (
            "pg8000",
            {"application_name": "shop"},
            {"startup_params": {"options": "-c x=y"}, "application_name": "shop"},
        ),
    ],
)
def test_drivers_that_are_not_libpqs_are_told_of_the_session(
    driver: str, own: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert spell_session(driver, {**_VIA, "application_name": "dbtool"}, own) == expected


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_a_silent_session_is_kept_alive_as_env_py_says_or_else_as_ours_are(driver: str) -> None:
    ours = {name: str(value) for name, value in spell_session(driver, _VIA, {}).items()}
    assert ours == KEEPALIVES
    assert spell_session(driver, _VIA, {"keepalives_idle": 5})["keepalives_idle"] == 5
