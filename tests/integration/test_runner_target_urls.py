"""An application's target, however its URL protects it, spreads it over servers or leaves its password out."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dbtool.errors import UrlInvalid
from dbtool.migrate.runner.relay import relay
from tests.integration.running import USUAL, USUAL_ASYNC, make_project, revision, run_all, tables_in
from tests.integration.tls_front import TlsFront, write_certificate

pytestmark = pytest.mark.one_major

_DRIVERS = {"psycopg": USUAL, "psycopg2": USUAL, "pg8000": USUAL, "asyncpg": USUAL_ASYNC}
_EACH_DRIVER = pytest.mark.parametrize(("driver", "env"), _DRIVERS.items(), ids=_DRIVERS)
_APPLIED = {"first_table", "second_table", "alembic_version"}


@pytest.fixture
def dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
        return port


def parts(url: str) -> tuple[str, str, int, str]:
    """user:password, password, port, database."""
    found = urlsplit(url)
    return f"{found.username}:{found.password}", str(found.password), found.port or 0, found.path[1:]


@_EACH_DRIVER
def test_tls_is_verified_as_the_url_says(driver: str, env: str, tmp_path: Path, database: str) -> None:
    login, _, port, name = parts(database)
    certificate, key = write_certificate(tmp_path, "localhost")
    stranger, _ = write_certificate(tmp_path, "elsewhere.example")
    front = TlsFront(port, certificate, key)
    project = make_project(tmp_path / "project", env, driver=f"postgresql+{driver}")

    def outcome_of(host: str, query: str) -> bool:
        return run_all(project, f"postgresql://{login}@{host}:{front.port}/{name}?{query}").raised is None

    assert not outcome_of("localhost", f"sslmode=verify-full&sslrootcert={stranger}")
    assert not outcome_of("127.0.0.1", f"sslmode=verify-full&sslrootcert={certificate}")
    assert tables_in(database) == set()
    assert outcome_of("localhost", f"sslmode=verify-full&sslrootcert={certificate}")
    assert tables_in(database) == _APPLIED
    assert front.bare == 0
    front.close()


@_EACH_DRIVER
def test_the_server_that_answers_is_taken(
    driver: str, env: str, tmp_path: Path, database: str, dead_port: int
) -> None:
    login, _, port, name = parts(database)
    project = make_project(tmp_path, env, driver=f"postgresql+{driver}")
    outcome = run_all(project, f"postgresql://{login}@127.0.0.1:{dead_port},127.0.0.1:{port}/{name}")
    assert outcome.raised is None
    assert tables_in(database) == _APPLIED


@_EACH_DRIVER
def test_a_unix_socket_is_taken(driver: str, env: str, tmp_path: Path, database: str) -> None:
    login, _, port, name = parts(database)
    project = make_project(tmp_path, env, driver=f"postgresql+{driver}")
    with relay({"host": "127.0.0.1", "port": str(port)}) as folder:
        if folder is None:
            pytest.skip("cannot run here: nothing makes a socket")
        outcome = run_all(project, f"postgresql://{login}@/{name}?host={folder}&port=5432")
    assert outcome.raised is None
    assert tables_in(database) == _APPLIED


@pytest.mark.parametrize("driver", _DRIVERS)
@pytest.mark.parametrize("way", ["passfile", "variable"])
def test_the_password_may_be_elsewhere(
    driver: str, way: str, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    login, password, port, name = parts(database)
    if way == "variable":
        monkeypatch.setenv("PGPASSWORD", password)
    else:
        (tmp_path / "pass").write_text(f"127.0.0.1:{port}:*:*:{password}\n")
        (tmp_path / "pass").chmod(0o600)
        monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pass"))
    project = make_project(tmp_path / "project", _DRIVERS[driver], driver=f"postgresql+{driver}")
    user = login.partition(":")[0]
    outcome = run_all(project, f"postgresql://{user}@127.0.0.1:{port}/{name}")
    assert outcome.raised is None
    assert tables_in(database) == _APPLIED


def test_a_conninfo_string_is_a_url_too(tmp_path: Path, database: str) -> None:
    login, password, port, name = parts(database)
    user = login.partition(":")[0]
    place = f"host=127.0.0.1 port={port} dbname={name} user={user} password={password} options='-c search_path=public'"
    assert run_all(make_project(tmp_path), place).raised is None
    assert tables_in(database) == _APPLIED


def test_a_url_without_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UrlInvalid, match="names no database"):
        run_all(make_project(tmp_path), "postgresql://u:p@127.0.0.1:5432")


def test_what_env_py_asks_of_the_session_stays(tmp_path: Path, database: str) -> None:
    env = USUAL.replace(
        "poolclass=pool.NullPool",
        "connect_args={'options': '-c lock_timeout=4321', 'application_name': 'shop'}",
    ).replace(
        "with engine.connect() as connection:",
        "with engine.connect() as connection:\n"
        "    for name in ('lock_timeout', 'application_name'):\n"
        "        print(connection.exec_driver_sql('SHOW ' + name).scalar())\n"
        "    connection.rollback()",
    )
    outcome = run_all(make_project(tmp_path, env), database)
    assert outcome.raised is None
    assert outcome.output.split() == ["4321ms", "shop"]


@_EACH_DRIVER
def test_what_the_url_says_of_the_session_holds(driver: str, env: str, tmp_path: Path, database: str) -> None:
    body = (
        "bind = op.get_bind()\n"
        "for name in ('statement_timeout', 'application_name'):\n    print(bind.exec_driver_sql('SHOW ' + name).scalar())"
    )
    project = make_project(tmp_path, env, {"one": revision("one", None, body)}, driver=f"postgresql+{driver}")
    outcome = run_all(project, f"{database}?options=-c%20statement_timeout%3D54321")
    assert outcome.raised is None
    assert outcome.output.splitlines() == ["54321ms", "dbtool migrate"]
