"""What libpq would connect with, for programs and drivers that connect in its stead.

What the URL leaves open comes from our own environment, as it does for our connections: all reach one server.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import conninfo

from dbtool.errors import UrlInvalid
from dbtool.postgres.urls import parse_url

CONNECT_TIMEOUT_S = 10
_SERVICE_VARIABLE = "PGSERVICE"


def program_environment(
    url: str, *, database: str | None = None, application_name: str = "dbtool"
) -> dict[str, str]:
    """The variables that tell a child program what the URL says: nothing of the URL goes into its arguments.

    What the URL leaves open comes from our own environment, as it does for ``connect``: both reach one server.
    """
    names = {option.keyword.decode(): option.envvar.decode() for option in _libpq_options() if option.envvar}
    parameters = _without_service(parse_url(url, database=database))
    unknown = sorted(set(parameters) - set(names))
    if unknown:
        raise UrlInvalid(f"the URL's parameter {unknown[0]} cannot be handed to PostgreSQL's programs")
    environment = {name: os.environ[name] for name in names.values() if name in os.environ}
    environment.pop(_SERVICE_VARIABLE, None)
    environment.update({names[keyword]: value for keyword, value in parameters.items()})
    environment.setdefault("PGCONNECT_TIMEOUT", str(CONNECT_TIMEOUT_S))
    environment["PGAPPNAME"] = application_name
    return environment


def resolve_parameters(url: str) -> dict[str, str]:
    """All that libpq would connect with, for a driver that is not libpq's or must not look at our files itself: what the
    URL says, its service, our environment, and the password that a password file holds.
    """
    parameters = _without_service(parse_url(url))
    for option in _libpq_options():
        keyword, variable = option.keyword.decode(), (option.envvar or b"").decode()
        if keyword not in parameters and variable and variable in os.environ:
            parameters[keyword] = os.environ[variable]
    for keyword in ("service", "servicefile"):
        parameters.pop(keyword, None)
    if "host" in parameters and "password" in parameters and "user" in parameters:
        parameters.pop("passfile", None)
        return parameters
    return _completed(parameters)


def _completed(parameters: dict[str, str]) -> dict[str, str]:
    """The defaults, and what a password file has: libpq tells them once a connection is begun; it need not come about."""
    attempt = psycopg.pq.PGconn.connect_start(conninfo.make_conninfo(**parameters).encode())
    try:
        found = {"host": attempt.host, "user": attempt.user, "password": attempt.password}
    finally:
        attempt.finish()
    known = {name: value.decode() for name, value in found.items() if value}
    return {**known, **{name: value for name, value in parameters.items() if name != "passfile"}}


def child_environment_of(parameters: Mapping[str, str], *, application_name: str) -> dict[str, str]:
    """The variables that say the same to a child, as far as libpq has one for each."""
    names = {option.keyword.decode(): option.envvar.decode() for option in _libpq_options() if option.envvar}
    environment = {names[keyword]: value for keyword, value in parameters.items() if keyword in names}
    environment.setdefault("PGCONNECT_TIMEOUT", str(CONNECT_TIMEOUT_S))
    environment["PGAPPNAME"] = application_name
    return environment


def _without_service(parameters: dict[str, str]) -> dict[str, str]:
    """The parameters with those of the service that they, or our environment, name.

    To a child the service's file would overrule every variable, and lead it to another database than ours. libpq
    tells what it makes of all, once a connection is begun; it need not come about.
    """
    if "service" not in parameters and _SERVICE_VARIABLE not in os.environ:
        return parameters
    attempt = psycopg.pq.PGconn.connect_start(conninfo.make_conninfo(**parameters).encode())
    try:
        found = {option.keyword.decode(): option.val.decode() for option in attempt.info if option.val}
    finally:
        attempt.finish()
    if found.pop("service", None) is None:
        raise UrlInvalid("the service that the URL or PGSERVICE names is not defined in the service file")
    found.pop("servicefile", None)
    return found


def _libpq_options() -> list[Any]:
    return psycopg.pq.Conninfo.get_defaults()
