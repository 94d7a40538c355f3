"""A database's DDL as an archive on disk for as long as a run needs it, and the restore of its sections."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dbtool.catalog.relations import RelationName
from dbtool.postgres import dump
from dbtool.postgres.binaries import Tools

_FOLDER = "dbtool-schema-"

ChooseEntries = Callable[[Sequence[dump.TocEntry]], Sequence[dump.TocEntry]]


@dataclass(frozen=True, slots=True)
class SchemaArchive:
    """The source's DDL on disk, in a folder only we can read, and the tables of contents that are restored:
    ``toc``, and then ``keys_toc``, where foreign keys have to wait.
    """

    archive: Path
    toc: Path
    keys_toc: Path | None
    left_out: tuple[str, ...]


@contextmanager
def schema_archive(
    url: str,
    tools: Tools,
    snapshot: str,
    choose: ChooseEntries,
    *,
    workflow: str = "refresh",
    publications: bool = False,
    skipped: Collection[RelationName] = (),
    only: Collection[RelationName] = (),
) -> Iterator[SchemaArchive]:
    """Dump the DDL that ``snapshot`` sees, but that of ``skipped``, or of the tables ``only``. ``choose`` says which entries are restored,
    ``workflow`` who asks.
    """
    _remove_abandoned()
    with tempfile.TemporaryDirectory(prefix=f"{_FOLDER}{os.getpid()}-") as folder:
        archive, toc = Path(folder) / "schema.dump", Path(folder) / "toc"
        dump.dump_schema(
            tools.pg_dump.program("pg_dump"),
            url,
            snapshot=snapshot,
            archive=archive,
            server_major=tools.source_major,
            workflow=workflow,
            publications=publications,
            skipped=skipped,
            only=only,
        )
        entries = dump.read_toc(tools.pg_restore.program("pg_restore"), archive)
        restored, keys = dump.put_keys_last(choose(entries))
        dump.write_toc(restored, toc)
        keys_toc = Path(folder) / "keys_toc" if keys else None
        if keys_toc:
            dump.write_toc(keys, keys_toc)
        yield SchemaArchive(archive, toc, keys_toc, dump.left_out_entries(entries))


@dataclass(frozen=True, slots=True)
class Restore:
    """An archive on its way into ``database`` of the server that ``url`` leads to.

    ``tolerant`` goes on without what does not hold for the rows that are there.
    """

    schema: SchemaArchive
    tools: Tools
    url: str
    database: str
    policy: dump.RestorePolicy
    workflow: str = "refresh"
    tolerant: bool = False

    def pre_data(self) -> None:
        self._section("pre-data", self.schema.toc, tolerant=False)

    def post_data(self, jobs: int) -> bool:
        """Returns whether all was restored, which only a tolerant one can fail to do."""
        whole = self._section("post-data", self.schema.toc, jobs, tolerant=self.tolerant)
        if self.schema.keys_toc:
            whole &= self._section("post-data", self.schema.keys_toc, jobs, tolerant=self.tolerant)
        return whole

    def _section(
        self, section: Literal["pre-data", "post-data"], toc: Path, jobs: int = 1, *, tolerant: bool
    ) -> bool:
        return dump.restore_section(
            self.tools.pg_restore.program("pg_restore"),
            self.url,
            database=self.database,
            archive=self.schema.archive,
            toc=toc,
            section=section,
            policy=self.policy,
            server_major=self.tools.target_major,
            jobs=jobs,
            workflow=self.workflow,
            tolerant=tolerant,
        )


def _remove_abandoned() -> None:
    """The folders of runs on this machine that were killed: DDL may say more than it should."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*-*"):
        pid = folder.name.removeprefix(_FOLDER).partition("-")[0]
        if pid.isdigit() and not _is_running(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)  # another user's is not ours to remove


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
