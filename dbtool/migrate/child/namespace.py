"""A network namespace without any network: neither C code nor a program that env.py starts gets anywhere by TCP.

What lies in the file system is reached all the same: a Unix socket of another server on this machine.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_SET_DEATH_SIGNAL = 1


def enter() -> bool:
    """Whether this process has no network now. It must have one thread only.

    Root may do without a user namespace; anybody else needs one, which some systems forbid.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    unshare = getattr(libc, "unshare", None)
    if unshare is None:
        return False
    parent = os.getppid()
    if unshare(_NEW_NET) == 0:
        return True
    uid, gid = os.getuid(), os.getgid()
    if unshare(_NEW_USER | _NEW_NET) != 0:
        return False
    _keep_names(uid, gid)
    libc.prctl(_SET_DEATH_SIGNAL, signal.SIGKILL.value)  # new credentials may have taken it away
    if os.getppid() != parent:
        os._exit(1)
    return True


def _keep_names(uid: int, gid: int) -> None:
    """Without a map we would be nobody, and ssh keys, say, not ours."""
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        try:
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(content)
        except OSError:
            return
