"""May rows of the target itself be copied into its clone? Asked before a server is started; no row is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.without import without
from dbtool.errors import FindingsRefuse, KeptColumnChanged
from dbtool.findings import Finding, Severity
from dbtool.masking.accepted import DRIFT
from dbtool.masking.compile import MaskingPlan
from dbtool.migrate.clone.request import RowsAsked
from dbtool.migrate.clone.target import TargetSeen
from dbtool.postgres.privileges import row_security_blocks
from dbtool.postgres.session import connect
from dbtool.postgres.stamp import RefreshStamp, find_refresh_stamp
from dbtool.refresh.compiled import MaskingInputs, compile_for
from dbtool.refresh.ends import naming
from dbtool.refresh.objections import judge_hidden
from dbtool.refresh.skipped import emptied, skipped_tables
from dbtool.refresh.subset_fit import look_at_subset
from dbtool.rules.subset_model import SubsetRules
from dbtool.targets import Target


@dataclass(frozen=True, slots=True)
class SubsetSeen:
    """``catalog`` is what rows are taken from: the target's, without the tables that the rules skip. ``subset`` leaves these
    empty, since revisions need them all the same.
    """

    asked: RowsAsked
    subset: SubsetRules
    catalog: Catalog
    inputs: MaskingInputs
    plan: MaskingPlan


def look_at_rows(asked: RowsAsked, seen: TargetSeen) -> SubsetSeen:
    """:raises FindingsRefuse: an error among the findings, such as an undecided column; carries them.
    :raises KeptColumnChanged: nothing is wrong but that kept columns are not as accepted.
    """
    skipped, subset = skipped_tables(asked.subset), emptied(asked.subset)
    catalog = without(seen.catalog, skipped)
    inputs, plan = compile_for(asked, catalog, skipped)
    with naming(asked.source):
        connection = connect(asked.source.url(), application_name="dbtool rehearse", read_only=True)
    with connection:
        findings = (
            *judge_hidden(row_security_blocks(connection, catalog)),
            *_judge_stamp(asked.source, find_refresh_stamp(connection, asked.source)),
            *inputs.findings,
            *look_at_subset(connection, seen.catalog, asked.rules, subset),
        )
    _refuse_errors(asked.source, findings)
    return SubsetSeen(asked, subset, catalog, inputs, plan)


def _judge_stamp(target: Target, stamp: RefreshStamp | None) -> Iterator[Finding]:
    if stamp is not None:
        yield Finding(
            "already-masked",
            Severity.ERROR,
            target.name,
            f"it is itself a masked copy of {stamp.source} made at {stamp.made_at}; masked values cannot be told from "
            "originals",
            f"rehearse with its rows as they are: --data staging --from {target}",
        )


def _refuse_errors(target: Target, findings: tuple[Finding, ...]) -> None:
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        kind = KeptColumnChanged if all(finding.check in DRIFT for finding in errors) else FindingsRefuse
        raise kind(
            f"{len(errors)} finding{'s' * (len(errors) > 1)} must be settled before rows of {target} can be masked; no clone "
            f"was made and {target} was only read.",
            errors,
        )
