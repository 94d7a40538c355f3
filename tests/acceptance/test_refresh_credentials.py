"""Credentials that a command gives and that end with the next connection, as tokens of managed servers do sooner or later."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance.project import Project

# Each call gives the role another password, so that what an earlier one gave opens nothing any more.
_COMMAND = """\
#!/bin/sh
set -e
exec 9> "{told}.lock"; flock 9; sleep 0.3  # whoever asked before has connected
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')
echo "ALTER ROLE {role} PASSWORD '$password'" | "{psql}" --no-psqlrc --quiet --dbname="{admin}"
echo "$password" >> "{told}"
echo "postgresql://{role}:$password@{address}/{database}"
"""


class Token:
    """A command that gives a role of one end its URL."""

    def __init__(self, project: Project, server: EmbeddedServer, end: str, role: str) -> None:
        url = urlsplit(project.environ.pop(f"{end.upper()}_URL"))
        self.told = project.folder / f"{end}.told"
        self.command = project.folder / f"{end}.sh"
        self.command.write_text(
            _COMMAND.format(
                role=role,
                psql=server.programs / "psql",
                admin=server.url(),
                told=self.told,
                address=f"{url.hostname}:{url.port}",
                database=url.path[1:],
            )
        )
        self.command.chmod(0o700)

    @property
    def setting(self) -> str:
        return f'url = {{ command = ["{self.command}"] }}'

    @property
    def passwords(self) -> list[str]:
        return self.told.read_text().split()


@pytest.fixture(scope="session")
def token_numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def roles(newest_server: EmbeddedServer, people: Project, token_numbers: Iterator[int]) -> tuple[str, str]:
    """One that may read the source, and one that may make the target: no superuser."""
    number = f"{os.getpid()}_{next(token_numbers)}"
    reader, writer = f"dbtool_reads_{number}", f"dbtool_writes_{number}"
    with psycopg.connect(newest_server.url(), autocommit=True) as connection:
        for role, attributes in ((reader, "LOGIN"), (writer, "LOGIN CREATEDB")):
            connection.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), sql.SQL(attributes)))
    people.execute(people.source, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader}")
    return reader, writer


def _configure(project: Project, ends: dict[str, Token]) -> None:
    project.configure(staging='preserve = ["public.visit"]')
    text = project.configuration.read_text()
    for name, token in ends.items():
        text = text.replace(f'url = {{ env = "{name.upper()}_URL" }}', token.setting)
    project.configuration.write_text(text)


def test_every_connection_is_made_with_what_the_command_gives_then(
    people: Project, newest_server: EmbeddedServer, roles: tuple[str, str], tmp_path: Path
) -> None:
    """Those of pg_dump, pg_restore and psql, too. The second run has a live database, whose rows are preserved."""
    source, target = people.source, people.target
    people.execute(
        source, "UPDATE visit SET email = NULL; DELETE FROM visit; ALTER TABLE person ALTER note TYPE text"
    )
    people.execute(
        source,
        "UPDATE person SET note = repeat('nothing of note ', 3000); ALTER TABLE person ALTER note SET STORAGE EXTERNAL;"
        "UPDATE person SET note = note || ' '",
    )
    ends = {
        "production": Token(people, newest_server, "production", roles[0]),
        "staging": Token(people, newest_server, "staging", roles[1]),
    }
    _configure(people, ends)
    for run in (1, 2):
        done = people.refresh("--jobs", "1")
        assert done.code == 0, done.messages
        assert people.query(target, "SELECT count(*), count(note) FROM person") == [(60, 60)]
        assert people.query(target, "SELECT count(*) FROM visit") == [(run - 1,)]
        people.execute(target, "INSERT INTO visit (person_id, seen_at) SELECT min(id), now() FROM person")
        for token in ends.values():
            assert len(token.passwords) > 5 * run
            assert not [password for password in token.passwords if password in done.messages + done.output]
    assert people.query(target, "SELECT count(*) FROM person JOIN visit ON person_id = person.id") == [(2,)]
    assert tmp_path.exists()


def test_a_command_that_gives_what_does_not_open_is_told_by_the_end_it_is_of(
    people: Project, newest_server: EmbeddedServer, roles: tuple[str, str]
) -> None:
    before = people.databases()
    token = Token(people, newest_server, "staging", roles[1])
    text = token.command.read_text()
    token.command.write_text(text.replace(":$password@", ":an-old-secret@"))
    _configure(people, {"staging": token})
    done = people.refresh()
    assert done.code == 3
    assert "staging: cannot connect to" in done.last_message
    assert "an-old-secret" not in done.messages
    assert people.databases() == before
