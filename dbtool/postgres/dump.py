"""pg_dump and pg_restore of a database's DDL: dumped under our snapshot, filtered by table of contents.

The archive holds no row: the data travels by COPY (copy_io). It lives in a folder only we can read, since
defaults, comments and function bodies may still say more than they should.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from psycopg import sql
from psycopg.conninfo import make_conninfo

from dbtool import programs
from dbtool.catalog.relations import RelationName
from dbtool.errors import ProgramFailed, ServerFailed
from dbtool.postgres.lock_waits import LOCK_TIMEOUT_S
from dbtool.postgres.parameters import program_environment
from dbtool.postgres.server_errors import program_failure
from dbtool.postgres.session import pinned_options

_PUBLICATIONS = ("PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA")
# Never carried over: what reaches out of the database, fires on DDL, or holds credentials.
_LEFT_OUT = (
    "EVENT TRIGGER",
    *_PUBLICATIONS,
    "SUBSCRIPTION",
    "SUBSCRIPTION TABLE",
    "USER MAPPING",
    "MATERIALIZED VIEW DATA",
    "STATISTICS DATA",  # samples of rows, which some pg_dump takes for schema
    "DATABASE",
    "DATABASE PROPERTIES",
)
_ENTRY = re.compile(r"^(?P<id>\d+); (?P<catalog>\d+) (?P<oid>\d+) (?P<rest>.+)$")
_WENT_ON = "errors ignored on restore"
# Each statement is a transaction. None need be on disk before the last: what is restored into is dropped when that fails, and
# whoever calls it done flushes all before.
_RESTORE_OPTIONS = (
    "-c maintenance_work_mem=256MB -c synchronous_commit=off -c default_transaction_read_only=off"
)


@dataclass(frozen=True, slots=True)
class TocEntry:
    """A line of ``pg_restore --list``; ``text`` is everything behind the ids: type, schema, name, owner."""

    line: str
    text: str

    @property
    def key(self) -> tuple[int, int]:
        """The OIDs of the system catalog and of the object in it; zeros where an entry is no object."""
        match = _ENTRY.match(self.line)
        return (int(match["catalog"]), int(match["oid"])) if match else (0, 0)

    def is_a(self, kinds: Iterable[str]) -> bool:
        return any(self.text == kind or self.text.startswith(kind + " ") for kind in kinds)


def parse_toc(listing: str) -> tuple[TocEntry, ...]:
    found = (_ENTRY.match(line) for line in listing.splitlines())
    return tuple(TocEntry(match.group(0), match.group("rest")) for match in found if match)


def filter_toc(
    entries: Sequence[TocEntry], *, extensions: Literal["create", "expect"], publications: bool = False
) -> tuple[TocEntry, ...]:
    """What is restored: all but what must not be carried over. ``expect`` leaves the extensions to the target.

    ``publications`` are for a server that nobody subscribes to: what they forbid or a revision alters is then there.
    """
    left_out: tuple[str, ...] = _LEFT_OUT if extensions == "create" else (*_LEFT_OUT, "EXTENSION")
    if publications:
        left_out = tuple(kind for kind in left_out if kind not in _PUBLICATIONS)
    # The comment on an extension or on schema public belongs to whoever owns them on the target.
    comments = ("COMMENT - EXTENSION", "COMMENT - SCHEMA public", *(f"COMMENT - {kind}" for kind in left_out))
    return tuple(entry for entry in entries if not entry.is_a(left_out) and not entry.is_a(comments))


def without_objects(entries: Sequence[TocEntry], keys: Collection[tuple[int, int]]) -> tuple[TocEntry, ...]:
    """All but the objects that ``keys`` name and what is said of them: their comments follow them."""
    kept, is_left_out = [], False
    for entry in entries:
        is_left_out = entry.key in keys or (is_left_out and entry.is_a(("COMMENT",)))
        if not is_left_out:
            kept.append(entry)
    return tuple(kept)


def left_out_entries(entries: Sequence[TocEntry]) -> tuple[str, ...]:
    return tuple(entry.text for entry in entries if entry.is_a(_LEFT_OUT))


def put_keys_last(entries: Sequence[TocEntry]) -> tuple[tuple[TocEntry, ...], tuple[TocEntry, ...]]:
    """The entries in two parts: a second restore takes the foreign keys, once the first has ended.

    pg_restore's workers get in each other's way where a partition's index is attached while a foreign key of its
    table is checked: one in thirty restores of a small schema ended in a deadlock (17.10, two workers). Where no
    index is attached, the second part is empty.
    """
    if not any(entry.is_a(("INDEX ATTACH",)) for entry in entries):
        return tuple(entries), ()
    parts: tuple[list[TocEntry], list[TocEntry]] = ([], [])
    is_key = False
    for entry in entries:
        is_key = entry.is_a(("FK CONSTRAINT",)) or (is_key and entry.is_a(("COMMENT",)))  # its own follows it
        parts[is_key].append(entry)
    return tuple(parts[0]), tuple(parts[1])


@dataclass(frozen=True, slots=True)
class RestorePolicy:
    """Owner, grants and extensions as the environment says; see dbtool.toml's reference.

    ``keeps_owners`` is for a server that has all of the source's roles.
    """

    owner: str | None = None
    grants: Literal["none", "source"] = "none"
    extensions: Literal["create", "expect"] = "create"
    keeps_owners: bool = False

    def arguments(self) -> tuple[str, ...]:
        # A tablespace is a place on the source's disks.
        arguments = ["--no-tablespaces", *([] if self.keeps_owners else ["--no-owner"])]
        if self.owner:
            arguments += ["--role", self.owner]
        if self.grants == "none":
            arguments.append("--no-privileges")
        return tuple(arguments)


def dump_schema(
    pg_dump: Path,
    url: str,
    *,
    snapshot: str,
    archive: Path,
    server_major: int = 0,
    workflow: str = "refresh",
    publications: bool = False,
    skipped: Collection[RelationName] = (),
    only: Collection[RelationName] = (),
) -> None:
    """Write the DDL of everything outside schema ``dbtool``, as the snapshot sees it, to ``archive``; or of the tables ``only``.

    ``workflow`` is what the source's administrators read in pg_stat_activity. Of ``skipped`` and what stands on it
    nothing is written: partitions and owned sequences must be named beside their tables.
    """
    argv = [
        str(pg_dump),
        "--format=custom",
        "--schema-only",
        *([] if publications else ["--no-publications"]),
        "--no-subscriptions",
        "--no-security-labels",
        "--exclude-schema=dbtool",
        "--encoding=UTF8",  # which holds every name and comment, whatever the role's client_encoding does
        *_naming("--exclude-table", skipped),
        *_naming("--table", only),
        f"--lock-wait-timeout={LOCK_TIMEOUT_S}s",
        f"--snapshot={snapshot}",
        f"--file={archive}",
    ]
    environment = program_environment(url, application_name=f"dbtool {workflow} pg_dump")
    _run(argv, _with_options(environment, pinned_options(server_major)), "reading the source's schema")


def _naming(option: str, names: Collection[RelationName]) -> Iterator[str]:
    """In quotes a pattern means itself, in each version; it is read in the encoding of the dump."""
    for name in sorted(names):
        yield f"{option}={sql.Identifier(name.schema, name.name).as_string()}"


def read_toc(pg_restore: Path, archive: Path) -> tuple[TocEntry, ...]:
    return parse_toc(
        _run([str(pg_restore), "--list", str(archive)], {}, "reading the archive's table of contents")
    )


def restore_section(
    pg_restore: Path,
    url: str,
    *,
    database: str,
    archive: Path,
    toc: Path,
    section: Literal["pre-data", "post-data"],
    policy: RestorePolicy,
    server_major: int = 0,
    jobs: int = 1,
    workflow: str = "refresh",
    tolerant: bool = False,
) -> bool:
    """Restore one section of the archive into ``database``, stopping at the first error. A ``server_major`` of 0 is any,
    as old as it may be.

    ``tolerant`` goes on behind entries that fail. Returns whether all were restored.
    """
    argv = [
        str(pg_restore),
        f"--section={section}",
        f"--use-list={toc}",
        *([] if tolerant else ["--exit-on-error"]),
        *policy.arguments(),
        f"--dbname={make_conninfo(dbname=database)}",  # a bare name with an = in it would be taken for this
        *([f"--jobs={jobs}"] if jobs > 1 else []),
        str(archive),
    ]
    environment = program_environment(
        url, database=database, application_name=f"dbtool {workflow} pg_restore"
    )
    environment = _with_options(environment, f"{pinned_options(server_major)} {_RESTORE_OPTIONS}")
    try:
        _run(argv, environment, f"restoring {section}", with_workers=jobs > 1)
    except ServerFailed as error:
        if tolerant and _WENT_ON in str(error):
            return False
        raise
    return True


def _with_options(environment: dict[str, str], options: str) -> dict[str, str]:
    """Those of the URL or our own environment come first: the last of two is taken."""
    return environment | {"PGOPTIONS": f"{environment.get('PGOPTIONS', '')} {options}".strip()}


def write_toc(entries: Sequence[TocEntry], path: Path) -> None:
    path.write_text("".join(f"{entry.line}\n" for entry in entries), encoding="utf-8")


def _run(argv: Sequence[str], env: dict[str, str], doing: str, *, with_workers: bool = False) -> str:
    run = programs.run_with_workers if with_workers else programs.run
    try:
        return run(argv, env=env)
    except ProgramFailed as error:
        raise program_failure(error, doing) from None
