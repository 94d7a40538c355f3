"""The rules made ready for this source: masks bound, originals recorded for the search after the load."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding
from dbtool.masking.accepted import judge_kept
from dbtool.masking.block import mask_block
from dbtool.masking.compile import MaskingPlan, plan_masking
from dbtool.masking.masks import MASKS
from dbtool.masking.pools import pools_digest
from dbtool.masking.recorded import Recorded, record_suspects
from dbtool.masking.survivors import Hashes
from dbtool.postgres.copy_io import CopyReader
from dbtool.refresh.chunks import Chunk, copy_out_of
from dbtool.refresh.ends import reaching_again
from dbtool.refresh.expressions import check_expressions
from dbtool.refresh.request import MaskedCopy
from dbtool.refresh.tried_on_source import try_on_source


@dataclass(frozen=True, slots=True)
class MaskingInputs:
    """``originals`` fills while the plan's masks run. ``pools_digest`` changes when Faker's pools do."""

    findings: tuple[Finding, ...]
    originals: Recorded
    pools_digest: str


def compile_for(
    request: MaskedCopy, catalog: Catalog, skipped: Collection[RelationName] = ()
) -> tuple[MaskingInputs, MaskingPlan]:
    """``skipped`` are tables of the source that the catalog was given without.

    :raises RulesInvalid: an expression of the rules that the source cannot read.
    """
    originals = Recorded(request.key.survivors_seed())
    plan = plan_masking(catalog, request.rules, request.key, MASKS, originals, skipped=skipped)
    with reaching_again(request.source) as lend:
        check_expressions(lend, plan)
        with originals.not_listening():
            tried = try_on_source(lend, plan)
    drift = judge_kept(catalog, plan.coverage, request.rules.lock, request.source)
    return MaskingInputs((*tried, *drift), originals, pools_digest()), plan


def confirm_originals(
    request: MaskedCopy,
    catalog: Catalog,
    reader: CopyReader,
    suspects: Hashes,
    chunks: Sequence[Chunk],
) -> Recorded:
    """Read what was masked of the source again, in the same snapshot, and return what of the suspects is recorded then:
    which are originals for certain, and of which rows. ``suspects`` are sorted and distinct. Only asked when there were
    too many originals for an exact set.
    """
    seed = request.key.survivors_seed()
    certain = record_suspects(suspects, seed)
    plan = plan_masking(catalog, request.rules, request.key, MASKS, certain)
    for chunk in chunks:
        masks = plan.relations[chunk.relation]
        if masks.columns:
            with reader.open(copy_out_of(masks, chunk, binary=False)) as blocks:
                for block in blocks:
                    request.cancellation.check()
                    mask_block(masks, block, {}, seed)
    return certain
