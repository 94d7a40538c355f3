"""Whose a clone is, what for, and until when: a comment on its database, labels on its container. Pure.

A stamp alone is never trusted: people rename databases and copy comments. Only what also has a clone's name, or
lives on a server that was made for one clone, is a clone.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Self

_PREFIX = "dbtool-clone:"
DEFAULT_TTL = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Lease:
    """``created`` and ``expires`` are UTC in ISO 8601. ``nonce`` is random: no other clone has it."""

    owner: str
    purpose: str
    target: str
    created: str
    expires: str
    nonce: str

    @classmethod
    def begin(
        cls, *, owner: str, purpose: str, target: str, ttl: timedelta = DEFAULT_TTL, now: datetime
    ) -> Self:
        return cls(owner, purpose, target, _iso(now), _iso(now + ttl), secrets.token_hex(16))

    def render(self) -> str:
        return _PREFIX + json.dumps(asdict(self), separators=(",", ":"))

    def is_over(self, now: datetime) -> bool:
        return datetime.fromisoformat(self.expires) <= now


def parse_lease(comment: str | None) -> Lease | None:
    """None for what is no lease, or not one that we could have written."""
    if not comment or not comment.startswith(_PREFIX):
        return None
    try:
        lease = Lease(**json.loads(comment.removeprefix(_PREFIX)))
        moments = [datetime.fromisoformat(each) for each in (lease.created, lease.expires)]
    except (ValueError, TypeError):
        return None
    is_text = all(isinstance(getattr(lease, each.name), str) for each in fields(lease))
    return lease if is_text and all(moment.tzinfo for moment in moments) else None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
