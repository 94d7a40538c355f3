"""A rehearsal's env.py without any network: C code, programs and Python's sockets get nowhere but to the clone."""

from __future__ import annotations

import socket
import sys
from contextlib import nullcontext
from pathlib import Path
from time import monotonic, sleep

import psycopg
import pytest

from dbtool import programs
from dbtool.clones.embedded import EmbeddedServer
from dbtool.migrate.runner.relay import relay
from dbtool.migrate.runner.run import Outcome, Place
from dbtool.program_conversation import Conversation
from tests.integration.running import (
    USUAL,
    USUAL_ASYNC,
    Listener,
    Recorder,
    make_project,
    revision,
    run_all,
    tables_in,
)

pytestmark = pytest.mark.one_major

_PROGRAM = """
import subprocess, sys
code = "import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)"
print(subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode)
"""
_C_CODE = """
import ctypes, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
address = struct.pack("=HH", socket.AF_INET, socket.htons({port})) + socket.inet_aton("127.0.0.1") + bytes(8)
one = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
print(libc.connect(one, address, len(address)))
"""
_PYTHON = """
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=2)
except OSError as error:
    print(error)
try:
    socket.getaddrinfo("db.example.com", 5432)
except OSError as error:
    print(error)
"""
_REPOSITORY = Path(__file__).parent.parent.parent


def require_no_network(outcome: Outcome) -> None:
    if outcome.guard == "drivers":
        pytest.skip(
            "cannot run here: this system neither makes a network namespace for us nor filters system calls"
        )


@pytest.mark.parametrize("code", [_PROGRAM, _C_CODE], ids=["a program", "C code"])
def test_nothing_gets_out_past_python(code: str, tmp_path: Path, database: str, listener: Listener) -> None:
    project = make_project(tmp_path, code.replace("{port}", str(listener.port)) + USUAL)
    outcome = run_all(project, Place(database, closed=True))
    require_no_network(outcome)
    assert outcome.raised is None
    assert outcome.output.splitlines()[0] in {"1", "-1"}
    assert listener.visitors == 0
    assert tables_in(database) == {"first_table", "second_table", "alembic_version"}


_FILTERED = """
import socket, subprocess, sys
from dbtool.migrate.runner.child.syscalls import enter

print(enter())
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_PACKET):
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
        print("made")
    except PermissionError:
        print("refused")
inside = "import socket\\ntry:\\n    socket.socket()\\nexcept PermissionError:\\n    print('refused')"
print(subprocess.run([sys.executable, "-c", inside], capture_output=True, text=True).stdout.strip())
import psycopg
with psycopg.connect(host=sys.argv[1], port=5432, user=sys.argv[2], password=sys.argv[3], dbname="postgres") as connection:
    print(connection.execute("SELECT 'reached'").fetchone()[0])
"""


def test_where_namespaces_are_forbidden_a_filter_makes_no_sockets(newest_server: EmbeddedServer) -> None:
    with relay({"host": "127.0.0.1", "port": str(newest_server.port)}) as folder:
        if folder is None:
            pytest.skip("cannot run here: only Linux has such filters")
        login = (folder, newest_server.superuser, newest_server.password)
        said = programs.run([sys.executable, "-c", _FILTERED, *login], timeout_s=60, cwd=str(_REPOSITORY))
    if said.startswith("False"):
        pytest.skip("cannot run here: this machine has no filters on system calls")
    assert said.split() == ["True", "refused", "refused", "refused", "refused", "reached"]


def test_pythons_sockets_say_what_was_tried(tmp_path: Path, database: str, listener: Listener) -> None:
    project = make_project(tmp_path, _PYTHON.replace("{port}", str(listener.port)) + USUAL)
    outcome = run_all(project, Place(database, closed=True))
    assert outcome.raised is None
    assert "db.example.com" in outcome.unreachable
    if outcome.guard != "system call filter":  # which makes no socket to ask an address for
        assert outcome.unreachable == [f"127.0.0.1:{listener.port}", "db.example.com"]
        assert outcome.output.count("the network is closed to migrations that are rehearsed") == 2
    assert listener.visitors == 0


def test_an_open_network_is_open_though_engines_are_not(
    tmp_path: Path, database: str, listener: Listener
) -> None:
    project = make_project(tmp_path, _PROGRAM.replace("{port}", str(listener.port)) + USUAL, network="open")
    outcome = run_all(project, Place(database, closed=True))
    assert outcome.raised is None
    assert outcome.guard == "drivers"
    assert listener.visitors == 1


def test_an_application_has_its_network(tmp_path: Path, database: str, listener: Listener) -> None:
    project = make_project(tmp_path, _PROGRAM.replace("{port}", str(listener.port)) + USUAL)
    outcome = run_all(project, Place(database))
    assert (outcome.raised, outcome.guard, listener.visitors) == (None, "drivers", 1)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg", "pg8000"])
def test_every_driver_gets_to_the_clone_without_a_network(driver: str, tmp_path: Path, database: str) -> None:
    env = USUAL_ASYNC if driver == "asyncpg" else USUAL
    project = make_project(tmp_path, env, driver=f"postgresql+{driver}")
    recorder = Recorder()
    outcome = run_all(project, Place(database, closed=True), recorder)
    assert outcome.raised is None
    assert tables_in(database) == {"first_table", "second_table", "alembic_version"}
    assert all(pid > 0 for pid in recorder.pids)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg", "pg8000"])
def test_without_a_relay_the_clone_is_reached_by_tcp_and_nothing_else_is(
    driver: str, host: str, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS."""
    monkeypatch.setattr("dbtool.migrate.runner.conversation.relay", lambda _: nullcontext(None))
    listener = Listener()
    env = _PYTHON.replace("{port}", str(listener.port)) + (USUAL_ASYNC if driver == "asyncpg" else USUAL)
    project = make_project(tmp_path, env, driver=f"postgresql+{driver}")
    outcome = run_all(project, Place(database.replace("127.0.0.1", host), closed=True))
    listener.close()
    assert (outcome.raised, outcome.guard) == (None, "drivers")
    assert outcome.unreachable == [f"127.0.0.1:{listener.port}", "db.example.com"]
    assert listener.visitors == 0
    assert "second_table" in tables_in(database)


def test_the_url_that_env_py_is_told_stays_the_tcp_address(tmp_path: Path, database: str) -> None:
    top = "import os\nfrom urllib.parse import urlsplit\nPORT = urlsplit(os.environ['DATABASE_URL']).port"
    body = 'op.execute(f"CREATE TABLE port_{PORT} ()")'
    project = make_project(tmp_path, revisions={"one": revision("one", None, body, top)})
    assert run_all(project, Place(database, closed=True)).raised is None
    port = psycopg.conninfo.conninfo_to_dict(database)["port"]
    assert f"port_{port}" in tables_in(database)


def test_the_relay_ends_all_it_leads_and_leaves_no_folder(database: str) -> None:
    parameters = psycopg.conninfo.conninfo_to_dict(database)
    given = {name: str(value) for name, value in parameters.items()}
    with relay(given) as folder:
        if folder is None:
            pytest.skip("cannot run here: this system has no network namespaces, and no relay")
        assert Path(folder).stat().st_mode & 0o777 == 0o700
        through = psycopg.connect(psycopg.conninfo.make_conninfo(database, host=folder, port="5432"))
        assert through.execute("SELECT 1").fetchone() == (1,)
        large = through.execute("SELECT repeat('x', 3000000)").fetchone()
        assert large is not None
        assert len(large[0]) == 3_000_000
    with pytest.raises(psycopg.OperationalError):
        through.execute("SELECT 1")
    assert not Path(folder).exists()


def test_a_relay_to_nobody_ends_its_visitors() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with relay({"host": "127.0.0.1", "port": str(port)}) as folder:
        if folder is None:
            pytest.skip("cannot run here: this system has no network namespaces, and no relay")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(host=folder, port=5432, user="u", dbname="d")


_KILLED = """
import os, signal
from dbtool.migrate.runner.relay import relay
with relay({"host": "127.0.0.1", "port": "5432"}) as folder:
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="cannot run here: only Linux has them")
def test_a_killed_dbtool_leaves_no_folder() -> None:
    with Conversation([sys.executable, "-c", _KILLED], env={}, cwd=str(_REPOSITORY)) as program:
        assert program.finish() == -9
        folder = Path(program.output.strip())
    assert folder.name.startswith("dbtool-")
    deadline = monotonic() + 10
    while folder.exists() and monotonic() < deadline:
        sleep(0.05)
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="cannot run here: only Linux has them")
def test_a_long_temporary_folder_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with relay({"host": "127.0.0.1", "port": "5432"}) as folder:
        assert folder is not None
        assert len(folder) < 90
