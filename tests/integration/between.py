"""What may stand between dbtool and a server: an endpoint that deals connections out, and a pooler in transaction mode."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import psycopg

_READY, _IDLE = b"Z", b"I"
# AuthenticationOk, BackendKeyData of nobody's, ReadyForQuery
_WELCOME = b"R\0\0\0\x08\0\0\0\0" + b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x01" + b"Z\0\0\0\x05I"
_SSL_REQUEST, _GSS_REQUEST = 80877103, 80877104


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of this machine; each client is served in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=serve, args=(client,), daemon=True).start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def balanced(ports: Sequence[int]) -> Iterator[int]:
    """One connection to the first of these ports, the next to the second, and round again."""
    turn = itertools.cycle(ports)

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", next(turn))) as server:
            back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            _pass_on(client, server)
            back.join()

    with _listening(serve) as port:
        yield port


class _Messages:
    """Whole messages of the protocol, from one side of a connection."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._end.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def first(self) -> tuple[int, bytes]:
        size, code = struct.unpack("!II", self._read(8))
        return code, self._read(size - 8)

    def __next__(self) -> tuple[bytes, bytes]:
        kind, size = struct.unpack("!cI", self._read(5))
        return kind, kind + struct.pack("!I", size) + self._read(size - 4)


class _Pool:
    """Connections to a server; what is given back last is lent first."""

    def __init__(self, url: str) -> None:
        self._url, self._lock = url, threading.Lock()
        self.free: list[psycopg.Connection] = []

    def take(self) -> psycopg.Connection:
        with self._lock:
            return self.free.pop() if self.free else psycopg.connect(self._url, autocommit=True)

    def give_back(self, connection: psycopg.Connection) -> None:
        with self._lock:
            self.free.append(connection)

    def serve(self, client: socket.socket) -> None:
        held: psycopg.Connection | None = None
        with client, contextlib.suppress(ConnectionError, OSError):
            asked = _Messages(client)
            while asked.first()[0] in {_SSL_REQUEST, _GSS_REQUEST}:
                client.sendall(b"N")
            client.sendall(_WELCOME)
            for kind, message in _all(asked):
                if kind == b"X":
                    break
                held = held or self.take()
                ready = _ask(held, kind, message, client)
                if ready[5:6] == _IDLE:
                    self.give_back(held)
                    held = None
                # As a pooler does that serves all in one thread: whoever hears of it finds the connection given back.
                client.sendall(ready)
        if held:
            held.close()


def _ask(server: psycopg.Connection, kind: bytes, message: bytes, client: socket.socket) -> bytes:
    """Pass a message on, and what is said to it until the server is ready: that is left to be said."""
    with socket.socket(fileno=os.dup(server.fileno())) as end:
        end.setblocking(True)
        end.sendall(message)
        if kind not in {b"Q", b"S"}:
            return b""
        for answered, answer in _all(_Messages(end)):
            if answered == _READY:
                return answer
            client.sendall(answer)
    return b""


@contextmanager
def pooled_by_transaction(url: str) -> Iterator[int]:
    """Whoever begins a transaction has a connection until it ends, and then whoever is next."""
    pool = _Pool(url)
    try:
        with _listening(pool.serve) as port:
            yield port
    finally:
        for connection in pool.free:
            connection.close()


def _all(messages: _Messages) -> Iterator[tuple[bytes, bytes]]:
    while True:
        yield next(messages)
