"""Python's own sockets, kept from every address but the database's, where the network is closed.

A network namespace keeps in programs and C code as well; this tells what was tried, and is all there is elsewhere.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from typing import Any, Callable, FrozenSet, Mapping, Optional

_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKS_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_POSTGRES_SOCKET = ".s.PGSQL."


class NetworkClosed(PermissionError):
    """An OSError, as of a network that is not there: whoever can do without goes on."""


def close_network(via: Mapping[str, str], tell: Callable[[str], Any]) -> None:
    """``via`` has the hosts and ports that stay open, or the folder of the one socket that does."""
    hosts, ports = via.get("host", "").split(","), via.get("port", "").split(",")
    sys.addaudithook(_Closed(frozenset(hosts), frozenset(ports), tell).heard)


class _Closed:
    def __init__(self, hosts: FrozenSet[str], ports: FrozenSet[str], tell: Callable[[str], Any]) -> None:
        self._hosts = hosts
        self._ports = ports
        self._addresses = frozenset(host for host in hosts if _is_address(host))
        self._tell = tell

    def heard(self, event: str, arguments: Any) -> None:
        wanted: Optional[str] = None
        if event in _CONNECTS:
            wanted = self._find_refused(arguments[0], arguments[1])
        elif event in _LOOKS_UP:
            wanted = self._find_looked_up(arguments[0])
        if wanted is not None:
            self._tell(wanted)
            raise NetworkClosed(
                errno.EACCES, f"the network is closed to migrations that are rehearsed: {wanted}"
            )

    def _find_refused(self, one: Any, address: Any) -> Optional[str]:
        if one.family == getattr(socket, "AF_UNIX", None):
            return self._find_refused_socket(address)
        if one.family not in {socket.AF_INET, socket.AF_INET6} or not address:
            return None
        host, port = str(address[0]), str(address[1])
        if port in self._ports and (host in self._hosts or self._may_be_resolved(host)):
            return None
        return f"{host}:{port}"

    def _may_be_resolved(self, host: str) -> bool:
        """What a told name stands for, only its resolver knows; told addresses stand for themselves."""
        names = self._hosts - self._addresses
        return any(not name.startswith("/") for name in names) and _is_address(host)

    def _find_refused_socket(self, address: Any) -> Optional[str]:
        path = os.fsdecode(address) if isinstance(address, (str, bytes)) else ""
        if os.path.basename(path).startswith(_POSTGRES_SOCKET) and os.path.dirname(path) not in self._hosts:
            return path
        return None

    def _find_looked_up(self, host: Any) -> Optional[str]:
        name = os.fsdecode(host) if isinstance(host, (str, bytes)) else ""
        known = not name or name == "localhost" or name in self._hosts or _is_address(name)
        return None if known else name


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
