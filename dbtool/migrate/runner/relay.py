"""A Unix socket that leads to one database server: the only way out of a process that has no network."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dbtool.programs import LastWill

_NAME = ".s.PGSQL.5432"
_CHUNK = 1 << 16
_LONGEST_PATH = 100  # of a socket: 108 bytes on Linux, 104 elsewhere


@contextmanager
def relay(parameters: Mapping[str, str]) -> Iterator[str | None]:
    """The folder of a socket that leads to the first of the servers; None where no process can be without a network.

    The folder is ours alone. All connections end with the context.
    """
    if not sys.platform.startswith("linux"):
        yield None
        return
    folder = _make_folder()
    last_will = LastWill(["rm", "-r", "-f", "--", folder])
    try:
        with _Relay(str(Path(folder) / _NAME), _find_server(parameters)):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        last_will.revoke()


def _make_folder() -> str:
    folder = tempfile.mkdtemp(prefix="dbtool-")
    if len(folder) + len(_NAME) < _LONGEST_PATH:
        return folder
    Path(folder).rmdir()
    return tempfile.mkdtemp(prefix="dbtool-", dir="/tmp")


def _find_server(parameters: Mapping[str, str]) -> str | tuple[str, int]:
    host = parameters.get("hostaddr", parameters["host"]).split(",")[0]
    port = int(parameters["port"].split(",")[0])
    return str(Path(host) / f".s.PGSQL.{port}") if host.startswith("/") else (host, port)


class _Relay:
    def __init__(self, path: str, server: str | tuple[str, int]) -> None:
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> None:
        self._threads[0].start()

    def __exit__(self, *_: object) -> None:
        _end(self._listener)
        self._threads[0].join()
        with self._lock:
            left = list(self._open)
        for one in left:
            _end(one)
        for thread in self._threads[1:]:
            thread.join()
        for one in (self._listener, *left):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                visitor, _ = self._listener.accept()
            except OSError:
                return
            self._lead(visitor)

    def _lead(self, visitor: socket.socket) -> None:
        try:
            server = self._connect()
        except OSError:
            visitor.close()  # the visitor's driver says that the server went away
            return
        with self._lock:
            self._open |= {visitor, server}
        ends = [False, False]
        for number, (source, sink) in enumerate([(visitor, server), (server, visitor)]):
            thread = threading.Thread(target=self._pump, args=(source, sink, ends, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _connect(self) -> socket.socket:
        if isinstance(self._server, str):
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            server.connect(self._server)
            return server
        server = socket.create_connection(self._server)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def _pump(self, source: socket.socket, sink: socket.socket, ends: list[bool], number: int) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(_CHUNK):
                sink.sendall(chunk)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
        with self._lock:
            ends[number] = True
            if all(ends):
                self._open -= {source, sink}
                source.close()
                sink.close()


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
