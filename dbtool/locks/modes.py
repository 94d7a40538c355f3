"""The eight table-level lock modes and which of them exclude each other.

Source: PostgreSQL's manual, "Explicit Locking", table "Conflicting Lock Modes".
"""

from __future__ import annotations

from enum import IntEnum


class LockMode(IntEnum):
    """In order of strength; printed as SQL spells them: ACCESS EXCLUSIVE."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    def conflicts_with(self, other: LockMode) -> bool:
        return other in _CONFLICTS[self]

    @property
    def blocks_reads(self) -> bool:
        """A plain SELECT waits."""
        return self.conflicts_with(LockMode.ACCESS_SHARE)

    @property
    def blocks_writes(self) -> bool:
        """INSERT, UPDATE and DELETE wait."""
        return self.conflicts_with(LockMode.ROW_EXCLUSIVE)


def parse_lock_mode(text: str) -> LockMode:
    """``AccessExclusiveLock``, as pg_locks spells it → LockMode.ACCESS_EXCLUSIVE."""
    return _BY_CATALOG_NAME[text]


_BY_CATALOG_NAME = {
    f"{''.join(word.capitalize() for word in mode.name.split('_'))}Lock": mode for mode in LockMode
}

_CONFLICTS = {
    mode: frozenset(LockMode(other) for other in others)
    for mode, others in {
        LockMode.ACCESS_SHARE: (8,),
        LockMode.ROW_SHARE: (7, 8),
        LockMode.ROW_EXCLUSIVE: (5, 6, 7, 8),
        LockMode.SHARE_UPDATE_EXCLUSIVE: (4, 5, 6, 7, 8),
        LockMode.SHARE: (3, 4, 6, 7, 8),
        LockMode.SHARE_ROW_EXCLUSIVE: (3, 4, 5, 6, 7, 8),
        LockMode.EXCLUSIVE: (2, 3, 4, 5, 6, 7, 8),
        LockMode.ACCESS_EXCLUSIVE: (1, 2, 3, 4, 5, 6, 7, 8),
    }.items()
}
