"""Where a driver's parameters lead, in a form that can be compared and printed: host:port/database, no user, no password."""

from __future__ import annotations

import os
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple
from urllib.parse import parse_qsl, unquote, urlsplit

DEFAULT_PORT = "5432"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(\S*))")

# What says where a connection goes, as whom, and how it is protected. Anything else that env.py asks for (options,
# application_name, server_settings, a cursor's class) stays as it is.
ADDRESSING = frozenset(
    [
        "host",
        "hostaddr",
        "port",
        "dbname",
        "database",
        "user",
        "password",
        "passfile",
        "service",
        "servicefile",
        "dsn",
        "conninfo",
        "unix_sock",
        "sock",
        "ssl",
        "ssl_context",
        "sslmode",
        "sslnegotiation",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslpassword",
        "sslcrl",
        "sslcrldir",
        "sslcertmode",
        "sslsni",
        "sslkeylogfile",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "requiressl",
        "direct_tls",
        "channel_binding",
        "gssencmode",
        "gssdelegation",
        "krbsrvname",
        "gsslib",
        "require_auth",
        "requirepeer",
        "target_session_attrs",
        "load_balance_hosts",
        "source_address",
        "async_creator_fn",
    ]
)


class Address(NamedTuple):
    """``servers`` are host:port, in order; a folder of a Unix socket is a host."""

    servers: Tuple[str, ...]
    dbname: str

    def __str__(self) -> str:
        return f"{','.join(self.servers)}/{self.dbname}"


def find_address(cargs: Sequence[Any], cparams: Mapping[str, Any], environ: Mapping[str, str]) -> Address:
    """Of what a driver would be called with. What is left open comes from PG* variables, as drivers take it."""
    given: Dict[str, Any] = {}
    for text in [*cargs, cparams.get("dsn"), cparams.get("conninfo")]:
        if isinstance(text, str):
            given.update(parse_dsn(text))
    given.update({name: value for name, value in cparams.items() if value is not None})
    service = given.get("service") or environ.get("PGSERVICE")
    if service:
        return Address((f"service {service}",), "")
    for name in ("async_creator_fn", "sock"):
        if name in given:
            return Address((f"a {name} of its own",), "")
    hosts = given.get("hostaddr") or environ.get("PGHOSTADDR") or given.get("host")
    hosts = hosts or _folder(given.get("unix_sock")) or environ.get("PGHOST") or "localhost"
    ports = given.get("port") or environ.get("PGPORT") or DEFAULT_PORT
    dbname = given.get("dbname") or given.get("database") or environ.get("PGDATABASE") or ""
    return Address(_servers(hosts, ports), str(dbname))


def parse_dsn(text: str) -> Dict[str, str]:
    """A URL or libpq's ``key=value`` pairs; what cannot be read says nothing, and the driver is not given it."""
    if "://" not in text:
        return {name: quoted or bare for name, quoted, bare in _PAIR.findall(text)}
    parts = urlsplit(text)
    netloc = parts.netloc.rpartition("@")[2]
    found = {"dbname": unquote(parts.path[1:])} if parts.path[1:] else {}
    if netloc:
        split = [_split_server(server) for server in netloc.split(",")]
        found["host"] = ",".join(unquote(host) for host, _ in split)
        found["port"] = ",".join(port or DEFAULT_PORT for _, port in split)
    found.update(parse_qsl(parts.query))
    return found


def is_same(one: Address, other: Address) -> bool:
    """By name: localhost and the loopback addresses are one host."""
    return one.dbname == other.dbname and _normalized(one.servers) == _normalized(other.servers)


def _servers(hosts: Any, ports: Any) -> Tuple[str, ...]:
    host_list, port_list = _listed(hosts), _listed(ports)
    if len(port_list) == 1:
        port_list *= len(host_list)
    port_list += [DEFAULT_PORT] * (len(host_list) - len(port_list))
    return tuple(_with_port(host, port) for host, port in zip(host_list, port_list))  # noqa: B905  Python 3.9 has no strict


def _with_port(host: str, port: str) -> str:
    name, own = _split_server(host)
    return f"{name or 'localhost'}:{own or port or DEFAULT_PORT}"


def _split_server(server: str) -> Tuple[str, str]:
    """``host``, ``host:port``, ``[::1]:port``, ``::1``, or a folder."""
    if server.startswith("["):
        name, _, port = server[1:].partition("]")
        return name, port.lstrip(":")
    if server.count(":") == 1 and not server.startswith("/"):
        name, _, port = server.partition(":")
        return name, port
    return server, ""


def _listed(value: Any) -> List[str]:
    if isinstance(value, (list, tuple)):
        return [str(one) for one in value]
    return [part.strip() for part in str(value).split(",")]


def _folder(unix_sock: Any) -> str:
    return os.path.dirname(str(unix_sock)) if unix_sock else ""


def _normalized(servers: Sequence[str]) -> List[str]:
    return [_normalized_server(server) for server in servers]


def _normalized_server(server: str) -> str:
    host, _, port = server.rpartition(":")
    if host.startswith("/"):
        return f"{os.path.normpath(host)}:{port}"
    host = host.lower().rstrip(".")
    return f"{'localhost' if host in _LOOPBACK else host}:{port}"
