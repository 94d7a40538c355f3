"""Everything about one rehearsal, once it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbtool.migrate.clone.make import Clone
from dbtool.migrate.rehearse.rehearsal import Ran
from dbtool.migrate.rehearse.verdict import Judged
from dbtool.migrate.request import RehearseRequest
from dbtool.migrate.revisions.history import History, Revision
from dbtool.migrate.target import TargetNow


@dataclass(frozen=True, slots=True)
class Rehearsed:
    request: RehearseRequest
    seen: TargetNow
    history: History
    pending: Sequence[Revision]
    clone: Clone
    ran: Ran
    judged: Judged
