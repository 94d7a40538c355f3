"""URLs of databases, as people write them and as they are handed on where a connection cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

import psycopg
from psycopg import conninfo

from dbtool.errors import UrlInvalid

_FORM = "its form is postgresql://user@host:port/database"
_UNREADABLE = f"the URL cannot be read; {_FORM}"
_LONGEST_NAME = 63  # bytes
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

    :raises UrlInvalid: it names none, or one that the server would cut short.
    """
    name = parse_url(url).get("dbname")
    if not name:
        raise UrlInvalid(f"the URL names no database; {_FORM}")
    if len(name.encode()) > _LONGEST_NAME:
        raise UrlInvalid(
            f"the URL names a database with a name of more than {_LONGEST_NAME} bytes, which none has"
        )
    return name


def render_url(parameters: Mapping[str, str]) -> str:
    """From libpq's parameters a URI that libpq and SQLAlchemy read alike. Sockets and lists of hosts go behind the ``?``."""
    left = dict(parameters)
    who = ":".join(_quoted(left.pop(name)) for name in ("user", "password") if left.get(name))
    if "user" not in parameters and who:
        who = f":{who}"
    host = left.get("host", "")
    where = ""
    if host and not set(host) & set("/,@"):
        where = f"[{left.pop('host')}]" if ":" in host else _quoted(left.pop("host"))
        where += f":{left.pop('port')}" if left.get("port") else ""
    database = _quoted(left.pop("dbname", ""))
    rest = "&".join(f"{name}={_quoted(value)}" for name, value in left.items())
    return f"postgresql://{who}{'@' if who else ''}{where}/{database}{'?' if rest else ''}{rest}"


def url_of_database(url: str, database: str, *, role: str | None = None) -> str:
    """``url`` with another database. ``role`` is whom its sessions act as, as by SET ROLE."""
    parameters = parse_url(url, database=database)
    if role is not None:
        escaped = role.replace("\\", "\\\\").replace(" ", "\\ ")
        parameters["options"] = f"{parameters.get('options', '')} -c role={escaped}".strip()
    return render_url(parameters)


def _quoted(text: str) -> str:
    return quote(text, safe="")
