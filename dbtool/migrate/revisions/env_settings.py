"""What env.py is told beside its database, digested: with other arguments the same code may do something else."""

from __future__ import annotations

import configparser
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

from dbtool.migrate.project import MigrationProject

_URL = "sqlalchemy.url"  # env.py is told another in any case
_OF_LOGGING = ("logger", "handler", "formatter")


def digest_settings(project: MigrationProject) -> str:
    """Of [project.alembic], the ini file and [tool.alembic], but for comments, layout, logging and the database's URL."""
    settings = {
        "x": project.x_arguments,
        "section": project.section,
        "connection": project.connection,
        "inherit": sorted(project.inherited),
        "ini": _read_ini(project.ini or project.root / "alembic.ini"),
        "toml": _read_toml(project.root / "pyproject.toml"),
    }
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()


def _read_ini(file: Path) -> Any:
    parser = configparser.RawConfigParser(strict=False)
    try:
        text = file.read_text(encoding="utf-8", errors="surrogateescape")
        parser.read_string(text)
    except OSError:
        return {}
    except configparser.Error:
        return text.encode("utf-8", "surrogateescape").hex()
    sections = [name for name in parser.sections() if not name.startswith(_OF_LOGGING)]
    return {name: _without_url(dict(parser.items(name))) for name in sections}


def _read_toml(file: Path) -> Any:
    """Alembic says what is wrong with one that cannot be read."""
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (OSError, ValueError):
        return {}
    return _without_url(dict(tool.get("alembic", {})))


def _without_url(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in {_URL, "sqlalchemy"}}
