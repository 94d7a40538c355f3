import socket
from types import SimpleNamespace

import psycopg
import pytest

from dbtool.errors import ServerFailed, ServerUnreachable
from dbtool.postgres.session import PINNED_SETTINGS_SQL, connect

SECRET = "hunter2"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_a_server_that_is_not_there_is_named_with_the_reason_and_without_the_password() -> None:
    port = free_port()
    with pytest.raises(ServerUnreachable) as failure:
        connect(f"postgresql://u:{SECRET}@127.0.0.1:{port}/d")
    assert str(failure.value).startswith(f"cannot connect to 127.0.0.1:{port}/d: ")
    assert "refused" in str(failure.value)
    assert SECRET not in str(failure.value)


def test_a_session_whose_settings_cannot_be_pinned_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    def refuse(_settings: bytes) -> None:
        raise psycopg.errors.UndefinedObject("unrecognised parameter")

    pooled = SimpleNamespace(
        execute=refuse, close=lambda: closed.append(True), info=SimpleNamespace(server_version=170000)
    )
    monkeypatch.setattr(psycopg, "connect", lambda **_parameters: pooled)
    with pytest.raises(ServerFailed, match="unrecognised parameter while setting up the session"):
        connect("postgresql://h/d")
    assert closed == [True]


def test_every_timeout_is_pinned_to_none() -> None:
    for name in ("statement", "lock", "idle_in_transaction_session", "idle_session"):
        assert f"SET {name}_timeout = '0';\n" in PINNED_SETTINGS_SQL
