"""The history that a project's files describe, and what of it is pending for a database. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dbtool.errors import ConfigurationInvalid, HeadConflict, RevisionUnknown


@dataclass(frozen=True, slots=True)
class Revision:
    """``down`` are the revisions before it, empty for a base; ``needs`` those it depends on beside them.

    ``file`` as people type it from the project's folder. ``digest`` is of its code in canonical form and of the project's
    files that it imports; comments and formatting do not change it. ``waivers`` are the raw comments
    ``# dbtool: allow …`` as (line, text). ``content`` is the SHA-256 of the file's bytes when it was digested.
    """

    id: str
    down: tuple[str, ...]
    needs: tuple[str, ...]
    labels: tuple[str, ...]
    file: str
    message: str
    digest: str
    has_downgrade: bool
    waivers: tuple[tuple[int, str], ...] = ()
    content: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """``revisions`` in the order in which they can be applied. ``env_digest`` is that of env.py, of what it imports from the
    migrations' folder, and of what it is told.
    """

    revisions: tuple[Revision, ...]
    env_digest: str
    heads: tuple[str, ...]

    def get(self, revision: str) -> Revision:
        """:raises KeyError: there is no such revision."""
        for one in self.revisions:
            if one.id == revision:
                return one
        raise KeyError(revision)

    def knows(self, revision: str) -> bool:
        return any(one.id == revision for one in self.revisions)

    def ancestors(self, heads: Collection[str]) -> frozenset[str]:
        """The revisions themselves and all that they stand on."""
        by_id = {one.id: one for one in self.revisions}
        found: set[str] = set()
        unvisited = [head for head in heads if head in by_id]
        while unvisited:
            one = by_id[unvisited.pop()]
            if one.id not in found:
                found.add(one.id)
                unvisited += [each for each in (*one.down, *one.needs) if each in by_id]
        return frozenset(found)

    def pending(self, current: Collection[str]) -> tuple[Revision, ...]:
        """What a database at ``current`` lacks, in the order of application."""
        applied = self.ancestors(current)
        return tuple(one for one in self.revisions if one.id not in applied)


def refuse_empty(history: History) -> None:
    """Nothing is pending where no file was found; nobody should take that for the answer.

    :raises ConfigurationInvalid: there is no revision.
    """
    if not history.revisions:
        raise ConfigurationInvalid(
            "the project's files have no revision; nothing was done. Say where they are: [project] migrations in "
            "dbtool.toml, or version_locations in the ini file where only env.py's code says it; or write the first one: "
            "dbtool migrate new."
        )


def plan_pending(
    history: History, current: Sequence[str], *, several_heads: bool = False
) -> tuple[Revision, ...]:
    """The pending revisions of a database at ``current``.

    :raises HeadConflict: there are several heads, and nobody declared them.
    :raises RevisionUnknown: the database holds a revision that the project's files do not have.
    """
    unknown = [one for one in current if not history.knows(one)]
    if unknown:
        raise RevisionUnknown(
            f"the database is at revision {', '.join(unknown)}, which the project's files do not have: it is ahead of "
            "them, or another project's; nothing was done. Update the checkout; there is no way back but forward."
        )
    if len(history.heads) > 1 and not several_heads:
        raise HeadConflict(
            f"there are {len(history.heads)} heads: {', '.join(_describe(history, history.heads))}; nothing was done. "
            "Merge them with: dbtool migrate new --merge, or declare them with [project.alembic] several_heads = true."
        )
    return history.pending(current)


def find_destination(history: History) -> str:
    """What to tell Alembic: the head, or all of them."""
    return history.heads[0] if len(history.heads) == 1 else "heads"


def _describe(history: History, ids: Sequence[str]) -> Iterator[str]:
    for one in ids:
        yield f"{one} ({history.get(one).file})"
