"""Real data sets, loaded into a server as their READMEs say."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from dbtool.clones.embedded import EmbeddedServer
from tests.acceptance.project import Project

_SCRIPTS = {
    "pagila": ("pagila-schema.sql", "pagila-data.sql"),
    "chinook": ("chinook.sql",),
    "northwind": ("northwind.sql",),
}


def load_dataset(server: EmbeddedServer, folder: Path, name: str, database: str) -> str:
    """Make ``database`` and return its URL. ``folder`` holds all the data sets."""
    Project.execute(server.url(), f"CREATE DATABASE {database} TEMPLATE template0")
    url = server.url(database)
    for script in _SCRIPTS[name]:
        _run_psql(server, url, folder / name / script)
    if name == "pagila":  # comes without its rows
        Project.execute(url, "REFRESH MATERIALIZED VIEW public.rental_by_category")
    return url


def _run_psql(server: EmbeddedServer, url: str, script: Path) -> None:
    parts = urlsplit(url)
    subprocess.run(
        [
            str(server.programs / "psql"),
            *("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={script}"),
            *(f"--host={parts.hostname}", f"--port={parts.port}", f"--username={parts.username}"),
            f"--dbname={parts.path.lstrip('/')}",
        ],
        env={"PGPASSWORD": str(parts.password), "PGCLIENTENCODING": "UTF8"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
