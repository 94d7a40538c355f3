"""The cluster of an embedded server: made with initdb, and found again by its record."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dbtool import programs
from dbtool.clones.leftovers import make_annex
from dbtool.clones.ports import find_free_port
from dbtool.clones.unprivileged import find_server_user, is_reachable, reachable_programs
from dbtool.errors import ProgramFailed
from dbtool.postgres.binaries import Installation
from dbtool.programs import User

_RECORD = "server.json"
_LOCALES = ("C.UTF-8", "C")  # macOS lacks the first


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    folder: Path
    data: Path
    programs: Path
    major: int
    port: int
    password: str = field(repr=False)
    superuser: str = "postgres"

    def url(self, database: str = "postgres") -> str:
        """The superuser's URL, with the password."""
        return f"postgresql://{self.superuser}:{self.password}@127.0.0.1:{self.port}/{database}"


def find_server(folder: Path) -> EmbeddedServer | None:
    try:
        record = json.loads((folder / _RECORD).read_text())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ProgramFailed(
            f"the server in {folder} is another user's; it was left alone. Choose another folder."
        ) from error
    server = EmbeddedServer(
        folder,
        Path(record["data"]),
        Path(record["programs"]),
        record["major"],
        record["port"],
        record["password"],
        record.get("superuser", "postgres"),  # records of old do not say
    )
    return server if server.data.exists() else None


def write_record(server: EmbeddedServer) -> None:
    record = {
        name: str(value) if isinstance(value, Path) else value for name, value in asdict(server).items()
    }
    unfinished = server.folder / f"{_RECORD}.new"
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(record, file)
    unfinished.rename(server.folder / _RECORD)


def make_server(folder: Path, installation: Installation, superuser: str = "postgres") -> EmbeddedServer:
    user = find_server_user()
    place = folder if user is None or is_reachable(folder, user) else make_annex(folder)
    server = EmbeddedServer(
        folder,
        place / "data",
        reachable_programs(installation, user),
        installation.major,
        find_free_port(),
        secrets.token_hex(16),
        superuser,
    )
    if server.data.exists():
        raise ProgramFailed(
            f"{server.data} exists, but {folder} has no {_RECORD}: it was not made by dbtool and was left alone. "
            "Choose another folder."
        )
    unfinished = place / "data.unfinished"
    _initialise(server, unfinished, user)
    write_record(server)
    unfinished.rename(server.data)
    return server


def _initialise(server: EmbeddedServer, data: Path, user: User | None) -> None:
    for locale in _LOCALES:
        shutil.rmtree(data, ignore_errors=True)  # an earlier start was killed here
        data.mkdir(mode=0o700)
        if user:
            os.chown(data, user.uid, user.gid)
        try:
            _run_initdb(server, data, user, locale)
        except ProgramFailed:
            if locale == _LOCALES[-1]:
                raise
        else:
            return


def _run_initdb(server: EmbeddedServer, data: Path, user: User | None, locale: str) -> None:
    with _password_file(data.with_name("password"), server.password, user) as password_file:
        programs.run(
            [
                str(server.programs / "initdb"),
                f"--pgdata={data}",
                f"--username={server.superuser}",
                f"--pwfile={password_file}",
                "--auth-local=scram-sha-256",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                f"--locale={locale}",
                "--no-sync",
                "--no-instructions",
            ],
            user=user,
            cwd="/",
        )


@contextlib.contextmanager
def _password_file(path: Path, password: str, user: User | None) -> Iterator[Path]:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(password)
            if user:
                os.fchown(file.fileno(), user.uid, user.gid)
        yield path
    finally:
        path.unlink()
