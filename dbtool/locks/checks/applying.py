"""What an application finds on the target, before and after. A comment in a revision cannot know of it."""

from __future__ import annotations

from dbtool.locks.checks.check import Check


def _on_target(name: str, summary: str, why: str) -> Check:
    return Check(name, summary, why, bad="", good="", never_waived="it is about the target at that moment")


REFRESH_READING = _on_target(
    "refresh-reading",
    "A refresh or rehearsal of dbtool's is reading the target.",
    "It holds ACCESS SHARE on what it reads until the last row, and no ALTER TABLE gets past that.",
)
REFRESH_ENDED = _on_target(
    "refresh-ended",
    "A run of dbtool's that was reading the target was ended, as asked for.",
    "What it was to replace is as it was; it must be started again.",
)
VACUUM_PREVENTS_WRAPAROUND = _on_target(
    "vacuum-prevents-wraparound",
    "Autovacuum works against wraparound on a table.",
    "It does not make way for DDL, as it otherwise does.",
)
LONG_TRANSACTION = _on_target(
    "long-transaction",
    "A transaction has been open for long.",
    "DDL on what it has read waits for its end, and so does CREATE INDEX CONCURRENTLY on anything.",
)
PREPARED_TRANSACTION = _on_target(
    "prepared-transaction",
    "A prepared transaction keeps its locks.",
    "It does so until somebody ends it, beyond any session and any restart.",
)
SESSIONS_HIDDEN = _on_target(
    "sessions-hidden",
    "Sessions of other roles have locks, and the role that applies may not see since when.",
    "What stands in the way cannot be named before.",
)
DDL_NOT_COMPARED = _on_target(
    "ddl-not-compared",
    "Whether anything else changed since the rehearsal is not known.",
    "An application under the same evidence had begun, and the outline of the rehearsed DDL is not beside the evidence.",
)
DIFFERS_FROM_REHEARSAL = _on_target(
    "differs-from-rehearsal",
    "The target's DDL is not what the rehearsal ended in.",
    "Other DDL ran beside the application, or a revision depends on data.",
)
