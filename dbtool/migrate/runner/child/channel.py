"""The child's end of the conversation: events out, answers in."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import threading
from typing import Any, Dict

from .refusal import Refusal

_OUT_OF_THE_WAY = 200  # env.py that closes all the descriptors it can think of begins with the low ones


class NoConversation(Refusal):
    """In a process that env.py forked, or after it closed our descriptor: nobody oversees what is run here."""


class Channel:
    def __init__(self, descriptor: int) -> None:
        own = fcntl.fcntl(
            descriptor, fcntl.F_DUPFD_CLOEXEC, _OUT_OF_THE_WAY
        )  # nor does what env.py starts have it
        os.close(descriptor)
        self._socket = socket.socket(fileno=own)
        self._identity = os.fstat(own).st_ino
        self._file = self._socket.makefile("rb")
        self._lock = threading.RLock()
        self._forked = False
        os.register_at_fork(after_in_child=self._leave)

    def tell(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}, default=str) + "\n"
        with self._lock:
            self._check()
            self._socket.sendall(line.encode("utf-8", "surrogateescape"))

    def ask(self, event: str, **fields: Any) -> Dict[str, Any]:
        """No other thread's event comes between the question and its answer."""
        with self._lock:
            self.tell(event, **fields)
            return self.read()

    def read(self) -> Dict[str, Any]:
        """Without a parent there is nobody to work for."""
        line = self._file.readline()
        if not line:
            os._exit(1)
        answer: Dict[str, Any] = json.loads(line)
        return answer

    def _check(self) -> None:
        """Its number may be another file's by now."""
        if self._forked:
            raise NoConversation("a process that env.py forked cannot run revisions")
        try:
            same = os.fstat(self._socket.fileno()).st_ino == self._identity
        except OSError:
            same = False
        if not same:
            raise NoConversation("env.py closed the descriptor on which the run is overseen")

    def _leave(self) -> None:
        self._forked = True
        self._lock = threading.RLock()
        os.close(self._socket.detach())
