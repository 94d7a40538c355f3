"""A filter on system calls that makes no sockets but those of the machine itself: for where namespaces are forbidden.

Container engines forbid them by default, and allow this. It holds for C code and for programs that are started, and
cannot be taken off. Numbers are those of linux/filter.h, linux/seccomp.h and the kernel's tables of system calls.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from typing import List, Tuple

# machine: (audit architecture, number of socket)
_MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_IO_URING_SETUP = 425  # a second way to make sockets
_X32 = 0x40000000  # numbers from here on are x86_64's other interface
_LOCAL_FAMILIES = (1, 16)  # AF_UNIX, AF_NETLINK

_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000

_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]


def enter() -> bool:
    """Whether the filter is on. This process must have one thread only."""
    known = _MACHINES.get(platform.machine())
    if not sys.platform.startswith("linux") or known is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    instructions = b"".join(struct.pack("=HBBI", *one) for one in _program(*known))
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Program(len(instructions) // 8, ctypes.addressof(buffer))
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _program(architecture: int, socket: int) -> List[Tuple[int, int, int, int]]:
    """Instructions as (code, jump if true, jump if false, operand); jumps count from the next instruction."""
    refused = _FAIL | errno.EACCES
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, refused),  # another interface of the same machine, with numbers of its own
        (_LOAD, 0, 0, _NUMBER),
        (_IF_AT_LEAST, 6, 0, _X32),
        (_IF_EQUAL, 5, 0, _IO_URING_SETUP),
        (_IF_EQUAL, 0, 3, socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_IF_EQUAL, 1, 0, _LOCAL_FAMILIES[0]),
        (_IF_EQUAL, 0, 1, _LOCAL_FAMILIES[1]),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, refused),
    ]
