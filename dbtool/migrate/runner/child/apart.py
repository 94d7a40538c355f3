"""Other processes kept from this one: dbtool's memory and environment hold URLs and keys, and so do its shell's.

A process of the same user reads them from /proc. Within a domain of Landlock (Linux 5.13) nobody looks into a process
that is without (ptrace, /proc/PID/environ, mem, fd, ns); root does by capabilities that have no other use here and are
given up. Our domain forbids nothing else but to make block devices: one that forbids nothing at all cannot be made.
Numbers are those of linux/landlock.h and linux/capability.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Any

_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446  # on every machine
_VERSION = 1
_MAKE_BLOCK, _REFER = 1 << 11, 1 << 13
_BENEATH = 1
_REFER_SINCE = 2  # before, files cannot be moved between folders from within any domain
_NO_NEW_PRIVILEGES = 38
_CAPABILITIES = (
    0x20080522  # version 3: effective, permitted and inheritable, the low 32 of each and then the high
)
_LOOKING = (19, 21, 38)  # CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_PERFMON


def enter() -> bool:
    """Whether other processes are out of reach now. This process must have one thread only."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION)
    if version < 1:
        return False
    ruleset = _make_ruleset(libc, movable=version >= _REFER_SINCE)
    if ruleset < 0:
        return False
    try:
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT, ruleset, 0) == 0) and _stop_looking(libc)
    finally:
        os.close(ruleset)


def _make_ruleset(libc: Any, *, movable: bool) -> int:
    """Its descriptor, negative where it cannot be made."""
    handled = struct.pack("=Q", _MAKE_BLOCK | (_REFER if movable else 0))
    ruleset = int(libc.syscall(_CREATE, handled, ctypes.c_size_t(len(handled)), 0))
    if ruleset < 0 or not movable:
        return ruleset
    root = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        added = libc.syscall(_ADD_RULE, ruleset, _BENEATH, struct.pack("=Qi", _REFER, root), 0)
    finally:
        os.close(root)
    if added == 0:
        return ruleset
    os.close(ruleset)
    return -1


def _stop_looking(libc: Any) -> bool:
    """No program that is started gets them back: privileges do not grow any more."""
    header, sets = struct.pack("=Ii", _CAPABILITIES, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, sets) != 0:
        return False
    for capability in _LOOKING:
        half, bit = divmod(capability, 32)
        for place in range(half * 3, half * 3 + 3):
            sets[place] &= ~(1 << bit)
    return bool(libc.capset(header, sets) == 0)
