"""The same server and credentials, another database: as a URL, which can be handed on where a connection cannot."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from dbtool.postgres.session import parse_url


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
