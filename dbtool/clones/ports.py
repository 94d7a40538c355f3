"""Ports on 127.0.0.1."""

from __future__ import annotations

import socket


def find_free_port() -> int:
    """Free a moment ago: whoever listens on it must be ready to try another."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
