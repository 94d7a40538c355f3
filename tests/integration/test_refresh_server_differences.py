"""Servers with an odd configuration, and in another country: the copy is the same, and no log tells a row of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from dbtool import programs
from dbtool.clones import postmaster
from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.postgres.binaries import choose_server, find_installations
from tests.acceptance.project import wait_until
from tests.databases import execute, query
from tests.integration.odd_sessions import (
    SCHEMAS,
    SUBSET,
    Ends,
    as_role,
    copy,
    describe,
    odd_settings,
    odd_tablespace,
    spell,
)


@pytest.fixture
def own_server(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation, settings={"fsync": "off"}) as server:
        yield server


def configure(server: EmbeddedServer, settings: Mapping[str, str]) -> None:
    """In the server's own configuration, which new sessions begin with. No setting: none but its first ones."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM RESET ALL")
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {spell(name, value)}".encode())
        connection.execute("SELECT pg_reload_conf()")
    assert query(server.url(), "SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL") == []
    date_style = settings.get("DateStyle", "ISO, MDY")
    wait_until(lambda: query(server.url(), "SHOW DateStyle") == [(date_style,)], "the server has read it")


def test_the_server_s_configuration_changes_nothing_and_its_log_tells_no_row(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    """Statements and their parameters are logged, of both ends."""
    source, target, maintenance = (own_server.url(name) for name in ("odd_source", "odd_target", "postgres"))
    execute(own_server.url(), "CREATE DATABASE odd_source")
    for name in ("session_dependent", "shadow_names"):
        execute(source, (SCHEMAS / f"{name}.sql").read_text(encoding="utf-8"))
    ends = Ends(source, target, maintenance, source, target)
    odd = {**odd_settings(own_server), "log_parameter_max_length": "-1"}
    del odd["client_encoding"]  # no server takes it from there
    with odd_tablespace(own_server):
        for subset in ("", SUBSET):
            copy(ends, tmp_path, subset)
            expected = describe(own_server, target)
            configure(own_server, odd)
            before = _log_of(own_server).stat().st_size
            copy(ends, tmp_path, subset)
            told = _log_of(own_server).read_bytes()[before:]
            configure(own_server, {})
            assert describe(own_server, target) == expected
            assert b"COPY (SELECT" in told
            assert [word for word in _PRIVATE if word in told] == []


_PRIVATE = (b"@lovelace.dk", b"+45 2012", b"mumbled", "straße".encode())


def _log_of(server: EmbeddedServer) -> Path:
    return server.data / "server.log"


@pytest.fixture
def german_server(monkeypatch: pytest.MonkeyPatch, own_server: EmbeddedServer) -> EmbeddedServer:
    """One that knows a locale whose money has a comma: made here, since few systems have one."""
    localedef = shutil.which("localedef")
    locales = own_server.folder / "locales"
    locales.mkdir(mode=0o755)
    made = localedef and subprocess.run(
        [localedef, "--no-archive", "-i", "de_DE", "-f", "UTF-8", str(locales / "de_DE.UTF-8")],
        check=False,
        capture_output=True,
    )
    if not made or made.returncode > 1:  # 1: with warnings
        pytest.skip("cannot run here: no locale can be made")
    postmaster.stop(own_server.data)
    monkeypatch.setattr(programs, "_INHERITED", (*programs._INHERITED, "LOCPATH"))  # noqa: SLF001  it is for servers alone
    monkeypatch.setenv("LOCPATH", str(locales))
    server = postmaster.start(own_server, {"fsync": "off"})
    monkeypatch.undo()
    return server


def test_money_of_another_country_is_the_same_amount(german_server: EmbeddedServer, tmp_path: Path) -> None:
    """Constants in the schema are spelt by the session that dumps it, and read by the one that restores it."""
    source, target, maintenance = (
        german_server.url(name) for name in ("odd_source", "odd_target", "postgres")
    )
    execute(german_server.url(), "CREATE DATABASE odd_source")
    for name in ("session_dependent", "shadow_names"):
        execute(source, (SCHEMAS / f"{name}.sql").read_text(encoding="utf-8"))
    execute(source, "CREATE ROLE reader LOGIN PASSWORD 'odd'; GRANT pg_read_all_data TO reader")
    ends = Ends(source, target, maintenance, as_role(source, "reader"), target)
    copy(ends, tmp_path, "")
    expected = describe(german_server, target)
    execute(
        source,
        "ALTER ROLE reader SET lc_monetary = 'de_DE.UTF-8'; ALTER ROLE reader SET lc_numeric = 'de_DE.UTF-8'",
    )
    assert query(ends.reader, "SELECT '1234,56'::money::text") == [("1.234,56 €",)]
    copy(ends, tmp_path, "", ends.reader)
    assert describe(german_server, target) == expected
    row = query(target, "INSERT INTO value DEFAULT VALUES RETURNING cash::numeric::text")
    assert row == [("1234.56",)]
