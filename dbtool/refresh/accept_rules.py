"""What is kept in an environment becomes what is accepted: dbtool.lock is written anew. The catalog is read, and no row."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.catalog.without import without
from dbtool.errors import FindingsRefuse, UsageError
from dbtool.masking.accepted import find_kept
from dbtool.masking.coverage import Coverage, decide
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import errors_of
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import connect
from dbtool.refresh.check_rules import skipped_by_all
from dbtool.refresh.ends import naming
from dbtool.rules.lockfile import KeptColumn, Lock, write_lock
from dbtool.rules.model import RuleSet
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class Acceptance:
    """``beside`` are older lines of the columns that were added, which still hold. ``lines`` counts the whole file."""

    file: Path
    added: tuple[KeptColumn, ...]
    beside: tuple[KeptColumn, ...]
    removed: tuple[KeptColumn, ...]
    lines: int


def accept_rules(source: Target, rules: RuleSet, *, prune: bool = False) -> Acceptance:
    """Add a line for whatever the source keeps and nobody accepted; with ``prune``, drop what the source does not have.

    :raises FindingsRefuse: the rules do not decide every column of the source; nothing was written.
    """
    lock = rules.lock
    if lock is None:
        raise UsageError(
            "these rules were not read from a file, so there is no place for dbtool.lock; nothing was done"
        )
    catalog = _read_catalog(source)
    skipped = skipped_by_all(rules)
    copied = without(catalog, skipped)
    coverage = decide(copied, rules, MASKS, skipped)
    _refuse_errors(source, coverage)
    return _write(lock, find_kept(copied, coverage), skipped, prune=prune)


def _read_catalog(source: Target) -> Catalog:
    with naming(source):
        connection = connect(source.url(), application_name="dbtool rules accept", read_only=True)
    with connection:
        return read_catalog(connection)


def _refuse_errors(source: Target, coverage: Coverage) -> None:
    if errors := errors_of(coverage.findings):
        raise FindingsRefuse(
            f"the rules do not decide every column of {source} as they must, so nothing was accepted and dbtool.lock is as it "
            "was.",
            errors,
        )


def _write(
    lock: Lock, kept: tuple[KeptColumn, ...], skipped: frozenset[RelationName], *, prune: bool
) -> Acceptance:
    before, now = set(lock.accepted or ()), set(kept)
    gone = {one for one in before - now if one.column.relation not in skipped} if prune else set()
    added, after = now - before, (before | now) - gone
    if lock.accepted is None or added or gone:
        write_lock(lock.file, after)
    columns = {one.column for one in added}
    beside = (one for one in before - gone if one.column in columns)
    return Acceptance(lock.file, tuple(sorted(added)), tuple(sorted(beside)), tuple(sorted(gone)), len(after))
