"""libpq's parameters of the one database, spelt for each driver that SQLAlchemy may use."""

from __future__ import annotations

import os
import ssl
from typing import Any, Dict, List, Mapping, Tuple

from .address import ADDRESSING, DEFAULT_PORT

_LIBPQ = frozenset({"psycopg", "psycopg_async", "psycopg2", "psycopg2cffi"})
# The rest of what libpq may be told (options, connect_timeout) comes to it by PG* variables, and env.py may say otherwise.
_OF_LIBPQ = ADDRESSING | {
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
}
# As dbtool's own sessions have them: a session that waits for an index is not forgotten by what lies between.
_KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 6}
_TO_CONNECT = ("user", "password", "passfile")
_SOCKET_NAME = ".s.PGSQL.{}"

_OPEN = ("user", "password", "dbname", "options", "application_name")


class DriverUnknown(RuntimeError):
    pass


def through_socket(via: Mapping[str, str], folder: str) -> Dict[str, str]:
    """To the relay, which is ours and near: nothing to encrypt or to choose from."""
    return {**{name: via[name] for name in _OPEN if name in via}, "host": folder, "port": DEFAULT_PORT}


def spell_for(driver: str, via: Mapping[str, str]) -> List[Dict[str, Any]]:
    """What to call the driver's connect with: one after the other, until one succeeds.

    :raises DriverUnknown: nobody has shown how it can be led.
    """
    if driver in _LIBPQ:
        return [{name: value for name, value in via.items() if name in _OF_LIBPQ}]
    if driver == "asyncpg":
        return [_for_asyncpg(via)]
    if driver == "pg8000":
        return [_for_pg8000(via, host, port) for host, port in _servers(via)]
    raise DriverUnknown(
        f"the driver {driver} cannot be led to a database; use psycopg, psycopg2, asyncpg or pg8000"
    )


def spell_session(driver: str, via: Mapping[str, str], own: Mapping[str, Any]) -> Dict[str, Any]:
    """What libpq's drivers take from PG* variables by themselves, for the others; ``own``, env.py's, goes before it."""
    wanted = {name: via[name] for name in ("options", "application_name") if name in via}
    if driver == "asyncpg" and wanted:
        return {**own, "server_settings": {**wanted, **(own.get("server_settings") or {})}}
    if driver == "pg8000":
        options = {"startup_params": {"options": wanted.pop("options")}} if "options" in wanted else {}
        return {**options, **wanted, **own}
    return {**(_KEEPALIVES if driver in _LIBPQ else {}), **own}


def _for_asyncpg(via: Mapping[str, str]) -> Dict[str, Any]:
    found: Dict[str, Any] = {name: via[name] for name in _TO_CONNECT if name in via}
    servers = _servers(via)
    found["host"] = [host for host, _ in servers]
    found["port"] = [port for _, port in servers]
    found["database"] = via["dbname"]
    if "target_session_attrs" in via:
        found["target_session_attrs"] = via["target_session_attrs"]
    if via.get("sslnegotiation") == "direct":
        found["direct_tls"] = True
    mode = _mode(via)
    found["ssl"] = mode if mode in {"disable", "allow", "prefer"} else make_context(via)
    return found


def _for_pg8000(via: Mapping[str, str], host: str, port: int) -> Dict[str, Any]:
    found: Dict[str, Any] = {name: via[name] for name in ("user", "password") if name in via}
    found["database"] = via["dbname"]
    if host.startswith("/"):
        return {**found, "unix_sock": os.path.join(host, _SOCKET_NAME.format(port)), "ssl_context": False}
    mode = _mode(via)
    # None asks for TLS and does without where the server has none, as libpq's prefer does.
    context = False if mode == "disable" else None if mode in {"allow", "prefer"} else make_context(via)
    return {**found, "host": host, "port": port, "ssl_context": context}


def make_context(via: Mapping[str, str]) -> ssl.SSLContext:
    """As libpq verifies for sslmode require, verify-ca and verify-full."""
    roots = via.get("sslrootcert", "")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = _mode(via) == "verify-full" or roots == "system"
    if _mode(via) == "require" and not roots:
        context.verify_mode = ssl.CERT_NONE
    elif roots == "system":
        context.load_default_certs()
    else:
        context.load_verify_locations(roots or os.path.expanduser("~/.postgresql/root.crt"))
    if via.get("sslcrl"):
        context.load_verify_locations(via["sslcrl"])
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    if via.get("sslcert"):
        context.load_cert_chain(via["sslcert"], via.get("sslkey"), via.get("sslpassword"))
    return context


def _mode(via: Mapping[str, str]) -> str:
    return via.get("sslmode", "verify-full" if via.get("sslrootcert") == "system" else "prefer")


def _servers(via: Mapping[str, str]) -> List[Tuple[str, int]]:
    hosts, ports = via["host"].split(","), via["port"].split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return [(host, int(port)) for host, port in zip(hosts, ports)]  # noqa: B905  Python 3.9 has no strict
