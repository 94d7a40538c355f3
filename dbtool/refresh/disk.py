"""Would the candidate fit beside what is there? Known where dbtool.toml says how much there is, or the disk is this machine's."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dbtool.findings import Finding, Severity
from dbtool.postgres.databases import leftovers, list_databases, previous_databases, still_has_our_name
from dbtool.postgres.facts import read_data_directory
from dbtool.postgres.session import Connection
from dbtool.refresh.ends import SourceSeen
from dbtool.targets import Target

_START_LINE, _PORT_LINE = 2, 3  # of postmaster.pid
_STARTING_S = 60  # between the two times at which a server says that it was started


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """In bytes: what all databases of the server take, of that what the run drops first, and what is free where its files are,
    None where that is not this machine, or not the disk of the live database. ``previous`` are databases that are kept as fallback.
    """

    taken: int
    dropped: int = 0
    free: int | None = None
    previous: tuple[tuple[str, int], ...] = ()


def look_at_disk(maintenance: Connection, live: str) -> DiskSeen:
    entries = list_databases(maintenance, sized=True)
    gone = {name for name in leftovers(entries, live) if still_has_our_name(live, name)}
    folder, port, started = read_data_directory(maintenance)
    is_elsewhere = any(entry.tablespace for entry in entries if entry.name == live)
    return DiskSeen(
        sum(entry.bytes for entry in entries),
        sum(entry.bytes for entry in entries if entry.name in gone),
        find_free(folder, port, started) if folder and not is_elsewhere else None,
        tuple((entry.name, entry.bytes) for entry in previous_databases(entries, live)),
    )


def find_free(
    folder: Path,
    port: int,
    started: int,
    free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> int | None:
    """None where ``folder`` is not here: path and port may be the same on another machine, but not the file in it that tells
    when its server was ``started``.
    """
    try:
        lines = (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        is_ours = lines[_PORT_LINE] == str(port) and abs(int(lines[_START_LINE]) - started) < _STARTING_S
        return free_bytes(folder) if is_ours else None
    except (OSError, ValueError, IndexError):
        return None


def judge_disk(target: Target, source: SourceSeen, disk: DiskSeen) -> Iterator[Finding]:
    """The source's size is what its copy takes at most: there are no dead rows in it. Of what a subset takes nothing is known yet.

    What dbtool.toml says counts in place of what is free: of a source with many dead rows somebody may know better.
    """
    if source.is_subset:
        return
    need = _size_of_copy(source)
    if target.disk_limit is not None:
        there = target.disk_limit - disk.taken + disk.dropped
        whose = f"of the {_spell(target.disk_limit)} that dbtool.toml gives {target} (disk_limit)"
        yield from _judge(target, need, there, whose, disk)
    elif disk.free is not None:
        whose = "where the target's server keeps its files"
        yield from _judge(target, need, disk.free + disk.dropped, whose, disk)


def _size_of_copy(source: SourceSeen) -> int:
    """Less the tables that are not copied; their indexes stay counted."""
    absent = source.left_out | source.preserved
    less = sum(one.bytes for name, one in source.catalog.relations.items() if name in absent)
    return max(0, source.facts.bytes - less)


def _judge(target: Target, need: int, there: int, whose: str, disk: DiskSeen) -> Iterator[Finding]:
    if need <= there:
        return
    ways = "make room there, copy a subset, or, where the source has many dead rows, say by disk_limit what there is"
    if disk.previous:
        name, size = disk.previous[-1]
        ways = f'drop what is kept as fallback, such as DROP DATABASE "{name}" ({_spell(size)}), or {ways}'
    yield Finding(
        "disk-full",
        Severity.ERROR,
        target.name,
        f"the copy will take up to {_spell(need)} beside what is there, and {_spell(max(0, there))} are left {whose}",
        ways,
    )


def _spell(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
