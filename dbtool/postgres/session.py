"""Connections whose every session setting is pinned, and server errors without the values they quote.

Both ends of a copy must print and read values alike: with a role on ``DateStyle SQL, DMY`` 2024-02-01 arrived
as 2024-01-02 without an error. psql gets the same settings as text (``PINNED_SETTINGS_SQL``).
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import conninfo

from dbtool.errors import (
    DbtoolError,
    PrivilegeMissing,
    ProgramFailed,
    ServerFailed,
    ServerUnreachable,
    UrlInvalid,
)

Connection = psycopg.Connection[tuple[Any, ...]]

# What psycopg could not do for a connection that is being ended is of no use to the user, for whom logging's last
# resort would print it.
logging.getLogger("psycopg").addHandler(logging.NullHandler())

_PINNED = (
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("xmloption", "content"),
    ("lc_monetary", "C"),
    ("search_path", "pg_catalog"),
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
    ("synchronize_seqscans", "off"),
    ("row_security", "off"),  # an error instead of hidden rows
    ("client_encoding", "UTF8"),
    ("standard_conforming_strings", "on"),
    ("default_transaction_deferrable", "off"),
    ("array_nulls", "on"),  # without it NULL in an array arrives as the text NULL
    ("quote_all_identifiers", "off"),  # expressions of the catalog are compared between servers
)
PINNED_SETTINGS_SQL = "".join(f"SET {name} = '{value}';\n" for name, value in _PINNED)
# transaction_timeout exists from 17 on; to name it on an older server would be an error.
_PINNED_FROM_17_SQL = "SET transaction_timeout = '0';\n"
READ_ONLY_SQL = "SET default_transaction_read_only = on;\n"
READ_WRITE_SQL = "SET default_transaction_read_only = off;\n"

CONNECT_TIMEOUT_S = 10
# A session may be silent for hours while another builds an index. What lies between forgets it within minutes (a load
# balancer, NAT), and a server that is gone would be waited for for ever: the systems' own keepalives begin after two hours.
KEEPALIVES = {"keepalives_idle": "60", "keepalives_interval": "10", "keepalives_count": "6"}
_SERVICE_VARIABLE = "PGSERVICE"

_FORM = "its form is postgresql://user@host:port/database"
_UNREADABLE = f"the URL cannot be read; {_FORM}"
_PORTS = re.compile(r"[0-9,]*\Z")


def parse_url(url: str, *, database: str | None = None) -> dict[str, str]:
    """A libpq URI, an SQLAlchemy URL or a conninfo string → libpq parameters.

    :raises UrlInvalid: it is none of these, or not PostgreSQL's. The message never quotes it.
    """
    text = url.strip()
    scheme, separator, rest = text.partition("://")
    if separator:
        if scheme.split("+", 1)[0].lower() not in {"postgresql", "postgres"}:
            raise UrlInvalid("the URL is not PostgreSQL's: it should begin with postgresql://")
        _refuse_bare_signs(rest)
        text = f"postgresql://{rest}"
    try:
        parameters = conninfo.conninfo_to_dict(text)
    except psycopg.Error:
        raise UrlInvalid(_UNREADABLE) from None
    found = {name: str(value) for name, value in parameters.items() if value is not None}
    if not _PORTS.match(found.get("port", "")):
        raise UrlInvalid(_UNREADABLE)
    if database is not None:
        found["dbname"] = database
    return found


def _refuse_bare_signs(rest: str) -> None:
    """Bare, the end of such a password would be taken for the host or the database, which messages name."""
    before, at, behind = rest.partition("@")
    in_password = at and "/" in before and "?" not in before
    if in_password or "@" in re.split(r"[/?]", behind, maxsplit=1)[0]:
        raise UrlInvalid(
            "the URL has an @ or / where it cannot be told what it belongs to; percent-encode those of its password "
            "(@ is %40, / is %2F)"
        )


def database_name(url: str) -> str:
    """The database a URL names. libpq's default, the user's name, is nothing to be replaced by an oversight.

    :raises UrlInvalid: it names none.
    """
    name = parse_url(url).get("dbname")
    if not name:
        raise UrlInvalid(f"the URL names no database; {_FORM}")
    return name


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


def connect(
    url: str,
    *,
    application_name: str = "dbtool",
    autocommit: bool = True,
    database: str | None = None,
    read_only: bool = False,
) -> Connection:
    """Connect with every session setting pinned. Close it yourself, or use it as a context manager.

    :raises ServerUnreachable: with the server's own reason, never the URL.
    """
    parameters: dict[str, Any] = dict(parse_url(url, database=database))
    parameters = {"connect_timeout": CONNECT_TIMEOUT_S, **KEEPALIVES, **parameters}
    parameters["application_name"] = application_name
    try:
        connection: Connection = psycopg.connect(**parameters, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise _unreachable(parameters, error) from None
    pinned = PINNED_SETTINGS_SQL + (READ_ONLY_SQL if read_only else READ_WRITE_SQL)
    if connection.info.server_version >= 170000:  # noqa: PLR2004  PostgreSQL 17
        pinned += _PINNED_FROM_17_SQL
    try:
        with translated("setting up the session"):
            connection.execute(pinned.encode())
    except DbtoolError:
        connection.close()
        raise
    connection.autocommit = autocommit
    return connection


def describe_address(parameters: dict[str, Any]) -> str:
    host = parameters.get("host") or "the local socket"
    return f"{host}:{parameters.get('port') or 5432}/{parameters.get('dbname') or ''}"


def _unreachable(parameters: dict[str, Any], error: psycopg.Error) -> ServerUnreachable:
    """The first line has the reason; what follows asks whether the server is running."""
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
    secret = parameters.get("password")
    if secret:
        reason = reason.replace(str(secret), "…")
    return ServerUnreachable(f"cannot connect to {describe_address(parameters)}: {reason}")


# A message of PostgreSQL's programs begins with their name; every other line goes on with a row or a statement.
_MESSAGE = re.compile(r"(psql|pg_dump|pg_restore)(?!: detail:)[ :]")
_QUOTED_TO_THE_END = re.compile(r'(: |\bvalue )".*')
# A server may speak another language, and quote with another's marks.
_MARKS = '["«»„“”「『]'
_QUOTED = re.compile(rf"{_MARKS}.*({_MARKS}|\Z)", re.DOTALL)
_QUOTED_ABROAD = re.compile("[«»„“”「『].*")
# Such code may raise any SQLSTATE; what tells is the file that raises, or the context that programs print.
_OWN_CODE_FILES = frozenset({"pl_exec.c", "plpy_elog.c", "plperl.c", "pltcl.c"})
_OWN_CODE = re.compile(r"^\S+: +PL/(pgSQL|Python|Perl|Tcl)|\bpl_exec\.c:", re.MULTILINE)
_RAISED = ("P0", "38", "39", "HV")  # by functions, procedural languages and foreign servers: any text at all


def scrub(text: str) -> str:
    """What PostgreSQL's programs say on standard error, without the lines and ends that quote rows or statements."""
    kept = (line for line in text.splitlines() if _MESSAGE.match(line))
    return "\n".join(_QUOTED_ABROAD.sub('"…"', _QUOTED_TO_THE_END.sub(r'\1"…"', line)) for line in kept)


_SQLSTATE = re.compile(r"psql:<stdin>:\d+: [^:\n]+:  ([0-9A-Z]{5}): ")


def program_failure(error: ProgramFailed, doing: str) -> ServerFailed:
    """A failure of PostgreSQL's programs, scrubbed; with the SQLSTATE that psql tells under VERBOSITY verbose."""
    said = str(error)
    found = _SQLSTATE.search(said)
    code = found[1] if found else None
    is_own = _OWN_CODE.search(said) or (code and code.startswith(_RAISED))
    message = _of_own_code(code) if is_own else scrub(said)
    return ServerFailed(f"{message} while {doing}", code)


def _of_own_code(code: str | None) -> str:
    return "the database's own code raised an exception" + (f" ({code})" if code else "")


def describe_error(error: psycopg.Error) -> str:
    """The primary message alone. Data exceptions (class 22) quote the value in it: that is blanked."""
    message = error.diag.message_primary or next(iter(str(error).splitlines()), type(error).__name__)
    if getattr(error.diag, "source_file", None) in _OWN_CODE_FILES:
        return _of_own_code(error.sqlstate or "")
    return describe_failure(message, error.sqlstate)


def describe_failure(message: str, sqlstate: str | None) -> str:
    """A primary message that another session was told, without the values that it may quote."""
    code = sqlstate or ""
    if code.startswith(_RAISED):
        return _of_own_code(code)
    return _QUOTED.sub('"…"', message) if code.startswith("22") else message


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn psycopg's errors into ours. ``doing`` completes "while …"; causes are cut, they quote values."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise PrivilegeMissing(f"{describe_error(error)} while {doing}") from None
    except psycopg.Error as error:
        raise ServerFailed(f"{describe_error(error)} while {doing}", error.sqlstate) from None
