"""The child's end of the conversation: events out, answers in."""

from __future__ import annotations

import json
import os
import socket
from typing import Any, Dict


class Channel:
    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        os.set_inheritable(descriptor, False)  # noqa: FBT003  what env.py starts must not speak for us
        self._file = self._socket.makefile("rb")

    def tell(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}, default=str) + "\n"
        self._socket.sendall(line.encode("utf-8", "surrogateescape"))

    def ask(self, event: str, **fields: Any) -> Dict[str, Any]:
        self.tell(event, **fields)
        return self.read()

    def read(self) -> Dict[str, Any]:
        """Without a parent there is nobody to work for."""
        line = self._file.readline()
        if not line:
            os._exit(1)
        answer: Dict[str, Any] = json.loads(line)
        return answer
