"""choose → copy out, mask, copy in → verify: a subset of the target's own rows into the clone, under the snapshot that
the clone's DDL was read in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from dbtool.catalog.database import DatabaseFacts
from dbtool.catalog.relations import Relation, RelationName
from dbtool.errors import VerificationFailed
from dbtool.migrate.clone.fill import Filled
from dbtool.migrate.clone.request import Progress
from dbtool.migrate.clone.subset_look import SubsetSeen
from dbtool.postgres.binaries import Installation
from dbtool.postgres.candidate import drop_own_schema, end_load, prepare_candidate
from dbtool.postgres.copy_io import CopyReader
from dbtool.postgres.session import Connection
from dbtool.refresh.chunks import Chunk, plan_subset_chunks
from dbtool.refresh.compiled import confirm_originals
from dbtool.refresh.keys import choose_rows, refuse_changed
from dbtool.refresh.readers import open_reader
from dbtool.refresh.routes import have_same_order, plan_routes
from dbtool.refresh.search import Search, surviving_findings
from dbtool.refresh.snapshot import HeldSnapshot
from dbtool.refresh.stream import Stream, Streamed
from dbtool.refresh.verify import Landed, Masked, check_counts, confirmed, judge_tallies
from dbtool.targets import Target, Tier


@dataclass(frozen=True, slots=True)
class SubsetFill:
    """``clone`` is the superuser's session in ``database``, at ``url``, which has pre-data and no more: no key, no trigger
    is in the way. ``left_alone`` are tables that are filled otherwise. ``refuse_size`` is asked before the first row.
    """

    seen: SubsetSeen
    facts: DatabaseFacts
    snapshot: HeldSnapshot
    clone: Connection
    url: str
    clone_facts: DatabaseFacts
    left_alone: frozenset[RelationName]
    psql: Installation | None
    refuse_size: Callable[[int], None]
    progress: Progress

    def run(self) -> Filled:
        """The snapshot is given back as soon as the rows need not be read any more.

        :raises FindingsRefuse: what the rules choose cannot be copied as they say.
        :raises VerificationFailed: an original stands in the clone, or not what was copied.
        """
        asked, originals = self.seen.asked, self.seen.inputs.originals
        self.progress("keys")
        rows = choose_rows(asked, self.snapshot, self.seen.subset)
        self.refuse_size(sum(table.bytes for table in rows.plan.tables))
        prepare_candidate(self.clone)
        self.progress("rows")
        chunks = plan_subset_chunks(self._tables, rows.selection, jobs=asked.jobs)
        streamed = self._stream(chunks)
        refuse_changed(rows.selection, streamed.tables)
        if is_exact := originals.settle():
            self.snapshot.release()
        self.progress("verify")
        self._verify(streamed, chunks)
        if not is_exact:
            self.snapshot.release()
        end_load(self.clone)
        drop_own_schema(self.clone)
        return Filled(sum(table.rows for table in streamed.tables))

    @property
    def _tables(self) -> tuple[Relation, ...]:
        return tuple(one for one in self.seen.catalog.tables() if one.name not in self.left_alone)

    @property
    def _target(self) -> Target:
        return Target("the clone", Tier.SCRATCH, lambda: self.url)

    def _source_reader(self) -> AbstractContextManager[CopyReader]:
        return open_reader(
            self.seen.asked.source.url,
            self.psql,
            self.seen.catalog,
            self.seen.asked.cancellation,
            snapshot=self.snapshot.taken.name,
        )

    def _stream(self, chunks: Sequence[Chunk]) -> Streamed:
        asked = self.seen.asked
        routes = plan_routes(self.seen.catalog, same_order=have_same_order(self.facts, self.clone_facts))
        with self._source_reader() as reader:
            stream = Stream(
                plan=self.seen.plan,
                reader=reader,
                target=self._target,
                candidate=self.clone_facts.name,
                seed=asked.key.survivors_seed(),
                cancellation=asked.cancellation,
                observer=asked.observer,
                routes=routes,
            )
            return stream.run(chunks, asked.jobs, without_rows=[table.name for table in self._tables])

    def _verify(self, streamed: Streamed, chunks: Sequence[Chunk]) -> None:
        """Not the structure: what of it does not hold for masked rows is found when it is made, and said."""
        asked, seed = self.seen.asked, self.seen.asked.key.survivors_seed()
        jobs, cancellation = asked.jobs, asked.cancellation
        with (
            open_reader(self._target.url, self.psql, self.seen.catalog, cancellation) as reader,
            self._source_reader() as source_reader,
        ):
            landed = Landed(self._target, self.clone_facts.name, self.seen.catalog)
            masked = Masked(
                plan=self.seen.plan,
                originals=self.seen.inputs.originals,
                seed=seed,
                confirm=lambda hashes: confirm_originals(
                    asked, self.seen.catalog, source_reader, hashes, chunks
                ),
            )
            search = Search(reader, landed.catalog, masked.plan, masked.originals, seed, cancellation)
            searched = search.run(jobs)
            met = confirmed(searched.met, landed.catalog, masked)
        findings = [
            *check_counts(landed, streamed, searched.rows, jobs, cancellation),
            *judge_tallies(self.seen.plan, streamed)[0],
            *surviving_findings(met),
        ]
        if findings:
            raise VerificationFailed(
                f"verification of the clone's rows failed with {len(findings)} finding{'s' * (len(findings) > 1)}; the clone "
                f"was removed and {asked.source} was only read.",
                findings,
            )
