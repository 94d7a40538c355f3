import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dbtool.clones import leftovers, postmaster
from dbtool.clones.embedded import (
    EmbeddedServer,
    clear_away_abandoned,
    embedded_server,
    start_embedded,
    stop_embedded,
)
from dbtool.errors import ProgramFailed
from dbtool.postgres.binaries import choose_server, find_installations

_FAST = {"fsync": "off"}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A server's folder; as root the server's user cannot enter it, and its data lies elsewhere."""
    yield tmp_path / "kept"
    shutil.rmtree(tmp_path)
    clear_away_abandoned()


def _ask(server: EmbeddedServer, query: str) -> str:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return str(row[0])


def _is_gone(pid: int) -> bool:
    return leftovers.identify_process(pid) is None


def _wait_until_gone(pid: int, at_most_s: float = 10) -> bool:
    deadline = time.monotonic() + at_most_s
    while not _is_gone(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return _is_gone(pid)


def _postmaster_of(server: EmbeddedServer) -> int:
    pid = postmaster.find_postmaster(server.data)
    assert pid is not None
    return pid


def test_a_server_runs_its_installation_and_speaks_utf8(server: EmbeddedServer) -> None:
    assert _ask(server, "SHOW server_version_num").startswith(str(server.major))
    assert _ask(server, "SHOW server_encoding") == "UTF8"


def test_a_server_listens_on_the_loopback_address_alone(server: EmbeddedServer) -> None:
    assert _ask(server, "SHOW listen_addresses") == "127.0.0.1"
    assert _ask(server, "SHOW unix_socket_directories") == ""


def test_nobody_is_trusted_without_the_password(server: EmbeddedServer) -> None:
    wrong = f"host=127.0.0.1 port={server.port} user=postgres dbname=postgres password=guess"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)
    assert (
        _ask(server, "SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules") == "scram-sha-256"
    )


def test_the_password_is_in_no_argument_and_not_shown(server: EmbeddedServer) -> None:
    assert server.password not in leftovers.find_command_line(_postmaster_of(server))
    assert server.password not in repr(server)
    record = server.folder / "server.json"
    assert json.loads(record.read_text())["password"] == server.password
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert [path.name for path in server.data.parent.glob("password*")] == []


def test_a_stopped_server_starts_again_with_its_data_and_url(folder: Path) -> None:
    first = start_embedded(folder, settings=_FAST)
    with psycopg.connect(first.url()) as connection:
        connection.execute("CREATE TABLE dbtool_kept AS SELECT 42 AS answer")
    stop_embedded(first)
    assert postmaster.find_postmaster(first.data) is None
    assert "database system is shut down" in (first.data / "server.log").read_text()
    with embedded_server(folder) as second:
        assert second == first
        assert _ask(second, "SELECT answer FROM dbtool_kept") == "42"


def test_a_running_server_is_returned_as_it_is(folder: Path) -> None:
    with embedded_server(folder, settings=_FAST) as first:
        pid = _postmaster_of(first)
        assert start_embedded(folder) == first
        assert _postmaster_of(first) == pid


def test_a_killed_server_is_started_again(folder: Path) -> None:
    with embedded_server(folder, settings=_FAST) as server:
        killed = _postmaster_of(server)
        os.kill(killed, signal.SIGKILL)
        assert _wait_until_gone(killed)
        assert (server.data / "postmaster.pid").exists()
        again = start_embedded(folder)
        assert _ask(again, "SELECT 1") == "1"
        assert _postmaster_of(again) != killed


def test_a_pid_file_that_names_a_living_stranger_does_not_hinder(
    folder: Path, newest_server: EmbeddedServer
) -> None:
    stranger = _postmaster_of(newest_server)  # alive, and of the user whose id PostgreSQL looks for
    stop_embedded(server := start_embedded(folder, settings=_FAST))
    (server.data / "postmaster.pid").write_text(f"{stranger}\n{server.data}\n0\n{server.port}\n\n\n\nready\n")
    stop_embedded(server)
    assert not _is_gone(stranger)
    with embedded_server(folder) as again:
        assert _ask(again, "SELECT 1") == "1"
    assert not _is_gone(stranger)


def test_another_port_is_taken_where_the_last_one_is_in_use(folder: Path) -> None:
    stop_embedded(first := start_embedded(folder, settings=_FAST))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", first.port))
        listener.listen()
        with embedded_server(folder) as second:
            assert second.port != first.port
            assert _ask(second, "SELECT 1") == "1"


def test_a_server_that_cannot_start_says_why(folder: Path) -> None:
    with pytest.raises(ProgramFailed, match=r"does not start; its log ends:\n.*shared_buffers"):
        start_embedded(folder, settings={"shared_buffers": "nonsense"})


def test_scarce_shared_memory_is_spared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmaster, "_AMPLE_SHARED_MEMORY", 2**60)
    with embedded_server(settings=_FAST) as server:
        assert _ask(server, "SHOW dynamic_shared_memory_type") == "mmap"


def test_a_start_that_is_interrupted_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[EmbeddedServer, int]] = []

    def start_and_interrupt(server: EmbeddedServer, settings: dict[str, str]) -> EmbeddedServer:
        really_start(server, settings)
        started.append((server, _postmaster_of(server)))
        raise KeyboardInterrupt

    really_start = postmaster.start
    monkeypatch.setattr(postmaster, "start", start_and_interrupt)
    with pytest.raises(KeyboardInterrupt), embedded_server(settings=_FAST):
        pass
    (server, pid) = started[0]
    assert not server.folder.exists()
    assert _is_gone(pid)


def test_another_major_in_the_same_folder_is_refused(folder: Path) -> None:
    installations = find_installations()
    with embedded_server(folder, installation=choose_server(installations, 18), settings=_FAST):
        pass
    with pytest.raises(ProgramFailed, match="holds a server of PostgreSQL 18, not 17"):
        start_embedded(folder, installation=choose_server(installations, 17))


def test_a_folder_with_someone_elses_data_is_left_alone() -> None:
    folder = leftovers.make_temporary_folder()
    (folder / "data").mkdir()
    (folder / "data" / "photos").touch()
    with pytest.raises(ProgramFailed, match="was not made by dbtool and was left alone"):
        start_embedded(folder)
    assert (folder / "data" / "photos").exists()
    shutil.rmtree(folder)


def test_an_interrupted_initdb_is_done_again(folder: Path) -> None:
    with embedded_server(folder, settings=_FAST) as server:
        pass
    (server.folder / "server.json").unlink()
    server.data.rename(server.data.with_name("data.unfinished"))
    with embedded_server(folder, settings=_FAST) as again:
        assert _ask(again, "SELECT 1") == "1"
        assert not again.data.with_name("data.unfinished").exists()


def test_a_temporary_server_leaves_nothing() -> None:
    with embedded_server(settings=_FAST) as server:
        pid = _postmaster_of(server)
    assert _is_gone(pid)
    assert not server.folder.exists()


def test_several_servers_start_at_once() -> None:
    ports: set[int] = set()

    def start() -> None:
        with embedded_server(settings=_FAST) as server:
            assert _ask(server, "SELECT 1") == "1"
            ports.add(server.port)
            together.wait()

    together = threading.Barrier(3, timeout=60)
    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ports) == 3


_HOLD_A_SERVER = """
import sys
import tempfile
from dbtool.clones import postmaster
from dbtool.clones.embedded import embedded_server
with embedded_server(settings={"fsync": "off"}) as server:
    print(server.folder, postmaster.find_postmaster(server.data), flush=True)
    sys.stdin.read()
"""


def _start_a_holder(code: str = _HOLD_A_SERVER) -> tuple[subprocess.Popen[str], Path, int]:
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    folder, pid = holder.stdout.readline().split()
    return holder, Path(folder), int(pid)


def test_a_killed_process_leaves_no_server_behind() -> None:
    holder, folder, pid = _start_a_holder()
    with holder:
        holder.kill()
    assert _wait_until_gone(pid)
    deadline = time.monotonic() + 10
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()


@pytest.fixture
def own_area(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Temporary servers of this test alone: whoever starts one beside it clears away what is abandoned."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("TMPDIR", folder)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield


@pytest.mark.usefixtures("own_area")
def test_the_next_start_clears_away_what_a_killed_process_left() -> None:
    without_last_will = "from dbtool import programs\nprograms._AFTER_PARENT = ''\n" + _HOLD_A_SERVER
    holder, folder, pid = _start_a_holder(without_last_will)
    with holder:
        holder.kill()
    time.sleep(0.5)
    assert not _is_gone(pid)
    clear_away_abandoned()
    assert _wait_until_gone(pid)
    assert not folder.exists()


def test_a_living_process_keeps_its_server() -> None:
    holder, folder, pid = _start_a_holder()
    with holder:
        clear_away_abandoned()
        assert folder.exists()
        assert not _is_gone(pid)
        holder.communicate("")
    assert _is_gone(pid)
    assert not folder.exists()
