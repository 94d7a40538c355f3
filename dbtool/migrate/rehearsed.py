"""Everything about one rehearsal, once it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbtool.migrate.clone import Clone
from dbtool.migrate.rehearsal import Ran
from dbtool.migrate.request import RehearseRequest
from dbtool.migrate.revisions import History, Revision
from dbtool.migrate.target import TargetNow
from dbtool.migrate.verdict import Judged


@dataclass(frozen=True, slots=True)
class Rehearsed:
    request: RehearseRequest
    seen: TargetNow
    history: History
    pending: Sequence[Revision]
    clone: Clone
    ran: Ran
    judged: Judged
