"""The folder of a demo that is kept: a complete project, so that dbtool's commands can be tried in it.

dbtool.toml  masking_rules/  migrations/   the example project, yours to change
mask.key  evidence.key  production.url  staging.url  pg_service.conf   secrets, for the owner's eyes only
servers/     the two servers
.dbtool/     manifests and evidence
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from dbtool.clones.embedded import EmbeddedServer
from dbtool.demo.project import get_project_folder
from dbtool.demo.result import KeptDemo
from dbtool.errors import UsageError

_SETTINGS = """\
[project]
migrations = "migrations"
rules = "masking_rules"
key = { file = "mask.key" }
evidence_key = { file = "evidence.key" }

[environments.production]
tier = "production"
url = { file = "production.url" }

[environments.staging]
tier = "staging"
url = { file = "staging.url" }
"""
_SERVICE = "[{name}]\nhost=127.0.0.1\nport={port}\nuser=postgres\npassword={password}\ndbname={database}\n"
_SERVICE_FILE = "pg_service.conf"


def get_server_folder(home: Path, name: str) -> Path:
    return home / "servers" / name


def prepare_home(home: Path) -> None:
    """Make the project, leaving what is already there as it is: rules may have been changed since.

    :raises UsageError: an earlier demo's servers are still there, or the folder is something else's.
    """
    if (home / "servers").exists():
        raise UsageError(
            f"{home} still holds the servers of an earlier demo; nothing was done. "
            f"End them with: dbtool demo --stop --folder {home}"
        )
    if home.exists() and any(home.iterdir()) and not (home / "mask.key").exists():
        raise UsageError(f"{home} holds other files and was left alone; name a new folder with --folder.")
    home.mkdir(parents=True, exist_ok=True)
    copy_project(home)
    if not (home / "dbtool.toml").exists():
        (home / "dbtool.toml").write_text(_SETTINGS)
    for name in ("mask.key", "evidence.key"):
        if not (home / name).exists():
            _write_secret(home / name, secrets.token_hex(32) + "\n")


def copy_project(home: Path) -> None:
    """The shop's rules and migrations, but for what is there already."""
    for name in ("masking_rules", "migrations"):
        if not (home / name).exists():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(get_project_folder() / name, home / name, ignore=ignored)


def get_key(home: Path, name: str) -> bytes:
    return bytes.fromhex((home / name).read_text())


def write_addresses(home: Path, servers: dict[str, EmbeddedServer], database: str) -> KeptDemo:
    """Say where the servers are, to dbtool.toml and to psql."""
    for name, server in servers.items():
        _write_secret(home / f"{name}.url", server.url(database) + "\n")
    services = [
        _SERVICE.format(name=name, port=server.port, password=server.password, database=database)
        for name, server in servers.items()
    ]
    _write_secret(home / _SERVICE_FILE, "\n".join(services))
    any_server = next(iter(servers.values()))
    return KeptDemo(home, home / _SERVICE_FILE, any_server.programs / "psql")


def _write_secret(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
