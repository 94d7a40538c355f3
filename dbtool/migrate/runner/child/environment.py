"""Alembic's Config and ScriptDirectory for a project, found as Alembic's own command finds them."""

from __future__ import annotations

import os
from argparse import Namespace
from typing import Any, Dict

from alembic.config import Config
from alembic.script import ScriptDirectory

from .told import find_scheme, spell_url, tell_environment


class Attributes(Dict[str, Any]):
    """``config.attributes``. env.py that asks whether it was given a connection hears no, and makes its own; one that
    takes it for granted gets one, and so does one whose project says that it must be given.
    """

    def get(self, key: str, default: Any = None) -> Any:
        if key == "connection" and self["_dbtool_gives"]:
            return self[key]
        return super().get(key, default)

    def __missing__(self, key: str) -> Any:
        if key != "connection":
            raise KeyError(key)
        from sqlalchemy import create_engine, pool

        engine = create_engine(self["_dbtool_url"], poolclass=pool.NullPool)
        self[key] = engine.connect()
        return self[key]


def make_config(project: Dict[str, Any], told: Dict[str, Any]) -> Config:
    """``told`` is where env.py is told to connect to."""
    root = project["root"]
    ini = project["ini"] or _existing(root, "alembic.ini")
    toml = _existing(root, "pyproject.toml")
    options: Dict[str, Any] = {"ini_section": project["section"]}
    if toml and hasattr(Config, "toml_file_name"):
        options["toml_file"] = toml
    config = Config(ini, cmd_opts=_command_line(project, ini), **options)
    if project["migrations"]:
        config.set_main_option("script_location", project["migrations"].replace("%", "%%"))
    scheme = find_scheme(config)
    tell_environment(told, scheme)
    url = spell_url(told, scheme)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.attributes = Attributes(_dbtool_url=url, _dbtool_gives=project["connection"] == "given")
    return config


def _command_line(project: Dict[str, Any], ini: Any) -> Namespace:
    """Of ``alembic upgrade heads``, where env.py looks at it."""
    x = list(project["x_arguments"]) or None
    return Namespace(
        config=ini,
        name=project["section"],
        x=x,
        raiseerr=False,
        quiet=False,
        revision="heads",
        sql=False,
        tag=None,
    )


def script_directory(config: Config) -> ScriptDirectory:
    return ScriptDirectory.from_config(config)


def _existing(root: str, name: str) -> Any:
    path = os.path.join(root, name)
    return path if os.path.isfile(path) else None
