"""PostgreSQL's programs are missing, too old, or no programs of PostgreSQL: said before anything is made, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.project import Done, Project

pytestmark = pytest.mark.one_major

# Of the machine's own programs nothing is found, so that those of the test are all there is.
_ALONE = """
import dbtool.postgres.binaries as binaries
binaries._WHEELS, binaries._SYSTEM_FOLDERS = {}, ()
from dbtool.cli.root import main
main()
"""


def refuse(people: Project, *options: str) -> Done:
    """Refresh with what is in the folder ``bin`` alone."""
    before = people.describe_ends()
    environment = {**people.environment(), "PATH": str(people.folder / "bin")}
    environment.pop("DBTOOL_POSTGRES_BIN", None)
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, "refresh", "production", "staging", *options],
        cwd=people.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert people.describe_ends() == before
    assert done.stdout == ""
    assert people.manifests == []
    assert done.returncode == 3, done.stderr
    return people.searched(Done(done.returncode, done.stdout, done.stderr))


def write_program(people: Project, name: str, script: str) -> Path:
    program = people.folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def test_says_that_there_are_no_programs_and_where_it_looked(people: Project) -> None:
    said = refuse(people).last_message
    assert "nothing was copied. Looked in DBTOOL_POSTGRES_BIN, PATH, " in said
    assert "found none" in said
    assert "Install the client programs of PostgreSQL" in said


@pytest.mark.parametrize("version", ["12.3", "9.6.24"])
def test_says_that_the_programs_are_too_old(people: Project, version: str) -> None:
    for name in ("pg_dump", "pg_restore", "psql"):
        write_program(people, name, f"echo '{name} (PostgreSQL) {version}'")
    said = refuse(people).last_message
    assert "no pair of pg_dump (at least " in said
    assert f"found: PostgreSQL {version} (PATH, " in said
    assert "nothing was copied" in said


@pytest.mark.parametrize(
    "script", ["echo nonsense", "exit 1", "kill -9 $$", "printf '\\377\\376'"], ids=["words", "fails", "killed", "bytes"]
)  # fmt: skip
def test_what_tells_no_version_is_none_of_them(people: Project, script: str) -> None:
    write_program(people, "pg_dump", script)
    assert "found none" in refuse(people).last_message


def test_a_configured_folder_without_programs_is_named(people: Project) -> None:
    text = people.configuration.read_text(encoding="utf-8")
    people.configuration.write_text(
        text.replace("[project]", '[project]\npostgres_bin = "bin"'), encoding="utf-8"
    )
    said = people.refuse(3).last_message
    assert (
        f"the configured folder {people.folder / 'bin'} has no pg_dump that runs; nothing was started" in said
    )


def test_a_pg_dump_that_fails_leaves_nothing_behind(people: Project) -> None:
    """It tells a version, as programs do of which a library is missing or that a policy stops."""
    major = people.query(people.source, "SHOW server_version_num")[0][0][:2]
    for name in ("pg_restore", "psql"):
        write_program(people, name, f"echo '{name} (PostgreSQL) {major}.1'")
    write_program(
        people,
        "pg_dump",
        f"[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) {major}.1 pg_attver' || exit 5",
    )
    said = refuse(people, "-q").last_message
    assert "pg_dump failed with exit code 5" in said
    assert "as it was" in said
