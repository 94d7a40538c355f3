"""The work that a statement did under its locks: rewrites, full scans and index builds, from notices and from files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dbtool.catalog.relations import RelationName
from dbtool.locks.modes import LockMode
from dbtool.locks.statements import Statement
from dbtool.locks.trace import IndexBuild
from dbtool.migrate.rehearse.changes import Span, refiled, scanned
from dbtool.migrate.rehearse.notices import Notices
from dbtool.migrate.rehearse.observation import SeenRelation

_TABLES = frozenset("rpm")
_COPYING = frozenset(["CLUSTER", "VACUUM"])  # they print no notice
_COPYING_WORD = re.compile(r"\bCLUSTER\b", re.IGNORECASE)
_CONCURRENT_COPY = re.compile(r"_ccnew\d*\Z")  # of REINDEX CONCURRENTLY


@dataclass(frozen=True, slots=True)
class Work:
    rewrites: tuple[str, ...] = ()
    scans: tuple[str, ...] = ()
    index_builds: tuple[IndexBuild, ...] = ()
    truncated: tuple[SeenRelation, ...] = ()


def find_work(span: Span, notices: Notices, parsed: tuple[Statement, ...]) -> Work:
    """On relations that existed before the statement's transaction."""
    rewritten = list(_resolve(notices.rewritten, span))
    silent = [each for each in refiled(span) if each not in rewritten and span.existed(each.oid)]
    rewritten += [each for each in silent if _is_copied(each, span, parsed)]
    truncated = tuple(
        each for each in silent if each.kind == "r" and each not in rewritten and not _says(parsed, "REFRESH")
    )
    scans = [*_resolve(notices.verified, span), *_validated(span, notices, parsed), *_proven(span, parsed)]
    emptied = {each.oid for each in (*rewritten, *truncated, *(one for one in silent if one.kind == "m"))}
    return Work(
        rewrites=_spell(rewritten),
        scans=_spell(each for each in scans if each.oid not in emptied),
        index_builds=tuple(dict.fromkeys(_builds(span, notices, parsed, emptied))),
        truncated=truncated,
    )


def _is_copied(relation: SeenRelation, span: Span, parsed: tuple[Statement, ...]) -> bool:
    """TRUNCATE, too, gives a table another file; that one is empty."""
    if _says(parsed, *_COPYING) or any(one.is_opaque and _COPYING_WORD.search(one.text) for one in parsed):
        return relation.kind in _TABLES
    sighting = span.after.get(relation.oid)
    size = sighting.bytes if sighting else None
    return relation.kind == "r" and not _says(parsed, "TRUNCATE") and (size is None or size > 0)


def _says(parsed: tuple[Statement, ...], *verbs: str) -> bool:
    return any(one.verb in verbs for one in parsed)


def _spell(relations: Iterable[SeenRelation]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(each.name) for each in relations))


def _resolve(names: Iterable[str], span: Span) -> Iterator[SeenRelation]:
    for name in names:
        found = find_table(name, span)
        if found is not None and span.existed(found.oid):
            yield found


def find_table(name: str, span: Span) -> SeenRelation | None:
    """The table that a notice means."""
    seen = [each for each in _seen(span) if each.name.name == name and each.kind in _TABLES]
    known = (each for each in span.committed.values() if each.name.name == name and each.kind in _TABLES)
    return span.choose(seen or known)


def _seen(span: Span) -> Iterator[SeenRelation]:
    """What the transaction has locked, and what the statement itself changed by committing."""
    yield from (one.relation for one in span.after.values() if one.relation is not None)
    yield from (after for _, after in span.changed if after is not None and after.oid not in span.after)


def _validated(span: Span, notices: Notices, parsed: tuple[Statement, ...]) -> Iterator[SeenRelation]:
    """A foreign key reads its referencing table. Of a statement that failed, only its text tells which."""
    names = set(notices.validated)
    if not names:
        return
    holders = [
        one.relation for one in span.after.values() if one.relation is not None and names & one.foreign_keys
    ]
    named = [each for each in holders if _is_named(each, parsed)]
    if not holders:
        known = (each for each in span.committed.values() if each.kind in _TABLES and _is_named(each, parsed))
        named = [each for each in [span.choose(known)] if each is not None]
    for each in named or holders:
        if each.kind == "r" and span.existed(each.oid):
            yield each


def _is_named(relation: SeenRelation, parsed: tuple[Statement, ...]) -> bool:
    return any(one.is_about(str(relation.name)) for one in parsed)


def _proven(span: Span, parsed: tuple[Statement, ...]) -> Iterator[SeenRelation]:
    """A domain's new constraint, and that no row of the default partition belongs into a new one, are proven without a
    notice: the counters of scans tell.
    """
    least = LockMode.SHARE if _says(parsed, "ALTER DOMAIN") else LockMode.ACCESS_EXCLUSIVE
    if _says(parsed, "ALTER DOMAIN", "CREATE TABLE"):
        for each in scanned(span):
            if each.kind == "r" and span.existed(each.oid) and span.mode(each.oid) >= least:
                yield each


def _builds(
    span: Span, notices: Notices, parsed: tuple[Statement, ...], emptied: set[int]
) -> Iterator[IndexBuild]:
    """A rewrite's or TRUNCATE's rebuilding of the indexes that were there is part of it."""
    concurrently = any(one.concurrently for one in parsed)
    for index, table_name in notices.built:
        table = find_table(table_name, span)
        if table is None or table.is_toast or not span.existed(table.oid):
            continue
        name = RelationName(table.name.schema, _CONCURRENT_COPY.sub("", index))
        if table.oid not in emptied or not _is_old(name, span):
            yield IndexBuild(str(name), str(table.name), concurrently)


def _is_old(index: RelationName, span: Span) -> bool:
    return any(before is not None and before.name == index for before, _ in span.pairs.values()) or any(
        each.name == index for each in span.committed.values()
    )
