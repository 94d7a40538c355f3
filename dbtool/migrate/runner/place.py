"""The one database that the child may reach: how env.py is told of it, and how the guard gets there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from dbtool.migrate.project import MigrationProject
from dbtool.postgres.parameters import child_environment_of, resolve_parameters
from dbtool.postgres.urls import database_name

_DEFAULT_PORT = "5432"
_APPLICATION_NAME = "dbtool migrate"  # whoever looks for what holds a lock finds it
_SCHEMES = ("postgresql", "postgres")
_UNCHANGED = {"PGPASSFILE": "/dev/null", "PGSERVICEFILE": "/dev/null"}  # what HOME has could lead elsewhere


@dataclass(frozen=True, slots=True)
class Place:
    """The database that the child may reach, and no other. ``url`` holds the password.

    ``oid``, ``system_identifier`` and ``nonce`` (a text that the database's comment holds) prove the place; None where
    that is not known. ``closed`` asks for a network namespace around the child, where the system allows one.
    """

    url: str
    oid: str | None = None
    nonce: str | None = None
    closed: bool = False
    system_identifier: str | None = None


def describe_place(place: Place, parameters: Mapping[str, str], socket: str | None) -> dict[str, Any]:
    """``parameters`` are what ``resolve_parameters`` found; ``socket`` is the folder of a relay's socket, where there is
    one: with it a process without any network reaches the database.
    """
    address = {name: parameters[name] for name in ("host", "port", "dbname")}
    return {
        **address,
        "via": {**parameters, "application_name": _APPLICATION_NAME},
        "socket": socket,
        "proof": {
            "name": parameters["dbname"],
            "oid": place.oid,
            "nonce": place.nonce,
            "system_identifier": place.system_identifier,
        },
    }


def find_parameters(place: Place) -> dict[str, str]:
    """:raises UrlInvalid: the URL names no database."""
    database_name(place.url)
    found = resolve_parameters(place.url)
    hosts = found.get("hostaddr", found.get("host", "localhost"))
    return {**found, "host": found.get("host", hosts), "port": found.get("port", _DEFAULT_PORT)}


def told_url(parameters: Mapping[str, str]) -> str:
    """What follows ``postgresql+driver://``, as SQLAlchemy spells it: servers that a netloc cannot name are its query's."""
    login = quote(parameters.get("user", ""), safe="")
    if "password" in parameters:
        login += ":" + quote(parameters["password"], safe="")
    login += "@" if login else ""
    database = quote(parameters["dbname"], safe="")
    host, port = parameters["host"], parameters["port"]
    if host.startswith("/"):
        return f"{login}/{database}?{urlencode({'host': host, 'port': port})}"
    if "," in host:
        ports = port.split(",") * (1 if "," in port else len(host.split(",")))
        pairs = zip(host.split(","), ports, strict=True)
        return f"{login}/{database}?{urlencode([('host', ':'.join(pair)) for pair in pairs])}"
    return f"{login}{f'[{host}]' if ':' in host else host}:{port}/{database}"


def told_schemes(project: MigrationProject) -> dict[str, str | None]:
    """Variable → how its URL begins: as [project.alembic] driver says, or as the variable of ours that it replaces does.

    None where nobody says: the child looks at its ini file and at the drivers it has.
    """
    return {name: project.driver or _scheme_of(name) for name in ("DATABASE_URL", *project.url_variables)}


def told_environment(project: MigrationProject, parameters: Mapping[str, str]) -> dict[str, str]:
    """The child's environment beside the allow-list; the variables that hold its URL are written by the child."""
    inherited = {name: os.environ[name] for name in project.inherited if name in os.environ}
    return {
        **inherited,
        **child_environment_of(parameters, application_name=_APPLICATION_NAME),
        **_UNCHANGED,
    }


def _scheme_of(name: str) -> str | None:
    scheme, separator, _ = os.environ.get(name, "").partition("://")
    return scheme if separator and scheme.split("+")[0] in _SCHEMES else None
