"""A server that exists for one clone: who provides it, and how to reach it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

# A clone is made anew where its server dies, so nothing need reach the disk. No autovacuum: its locks and its
# statistics would come and go beside what is being measured.
HASTE: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class CloneServer:
    """``provider`` is embedded, local or container. ``superuser`` has a name of its own, so that a role called postgres
    is on the clone what it is on the target. ``folder`` is where its data lies, None where that is not on this machine.
    """

    provider: str
    host: str
    port: int
    superuser: str
    password: str = field(repr=False)
    folder: Path | None = None

    def url(self, database: str, role: str | None = None, password: str | None = None) -> str:
        """The URL of a role, by default the superuser. Without TLS, which such a server need not have, whatever our environment
        (PGSSLMODE) asks of the servers that last.
        """
        user, secret = (self.superuser, self.password) if role is None else (role, password or "")
        return (
            f"postgresql://{quote(user, safe='')}:{quote(secret, safe='')}@{self.host}:{self.port}"
            f"/{quote(database, safe='')}?sslmode=disable"
        )
