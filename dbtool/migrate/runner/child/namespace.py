"""A network namespace without any network: neither C code nor a program that env.py starts gets anywhere by TCP.

What lies in the file system is reached all the same: a Unix socket of another server on this machine.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any, Dict

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_DEATH_SIGNAL = 1


def enter() -> bool:
    """Whether this process has no network now. It must have one thread only.

    It comes with a user namespace of its own wherever one may be made. Root could do without; but root of the namespace
    that dbtool is in goes back to its network, and reads its environment.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    unshare = getattr(libc, "unshare", None)
    if unshare is None:
        return False
    parent = os.getppid()
    if not _unshare_user(unshare):
        return bool(unshare(_NEW_NET) == 0)
    libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL.value)  # new credentials may have taken it away
    if os.getppid() != parent:
        os._exit(1)
    return True


def _unshare_user(unshare: Any) -> bool:
    """With everybody's names kept for root, whom files of others must not shut out, and with our own for anybody else."""
    uid, gid = os.getuid(), os.getgid()
    everybody = {name: _same_names(name) for name in ("uid_map", "gid_map")} if uid == 0 else {}
    with _Outside(everybody) as outside:
        if unshare(_NEW_USER | _NEW_NET) != 0:
            return False
        if not outside.keep_names():
            _keep_own_name(uid, gid)
    return True


def _same_names(name: str) -> str:
    """Whoever has a number in our namespace is to have the same in the new one."""
    try:
        with open(f"/proc/self/{name}", encoding="ascii") as file:
            ranges = [line.split() for line in file]
    except OSError:
        return ""
    return "".join(f"{first} {first} {count}\n" for first, _, count in ranges)


class _Outside:
    """A process that stays in the old namespace: only from there may more than one name be kept."""

    def __init__(self, maps: Dict[str, str]) -> None:
        self._maps = maps
        self._pid = 0
        self._go = -1

    def __enter__(self) -> _Outside:  # noqa: PYI034  Python 3.9 has no Self
        if not self._maps:
            return self
        inside, wait, self._go = os.getpid(), *os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._go)
            os._exit(0 if os.read(wait, 1) and _write(inside, self._maps) else 1)
        os.close(wait)
        return self

    def keep_names(self) -> bool:
        if not self._pid:
            return False
        os.write(self._go, b"\n")
        return self._wait() == 0

    def _wait(self) -> int:
        os.close(self._go)
        pid, self._pid = self._pid, 0
        return os.waitpid(pid, 0)[1]

    def __exit__(self, *_: object) -> None:
        if self._pid:
            self._wait()


def _keep_own_name(uid: int, gid: int) -> None:
    """Without a map we would be nobody, and ssh keys, say, not ours."""
    _write(os.getpid(), {"setgroups": "deny", "uid_map": f"{uid} {uid} 1", "gid_map": f"{gid} {gid} 1"})


def _write(pid: int, maps: Dict[str, str]) -> bool:
    for name, content in maps.items():
        try:
            with open(f"/proc/{pid}/{name}", "w", encoding="ascii") as file:
                file.write(content)
        except OSError:
            return False
    return True
