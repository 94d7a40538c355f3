"""Do stand-ins satisfy the CHECK constraints of their column and its domains? Tried on samples, as far as the
text of the constraint can be read. A row that does not satisfy one stops the load: nothing leaks, and nothing
is refreshed either, so it is better said before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import polars as pl

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import CheckConstraint
from dbtool.catalog.relations import ColumnRef
from dbtool.findings import Finding, Severity
from dbtool.masking.check_samples import sample_values
from dbtool.masking.check_text import Predicate, parse_check
from dbtool.masking.index_text import mentions, without_null_tests
from dbtool.masking.inner_values import ARRAY
from dbtool.masking.mask import DoesNotFit, Overlap
from dbtool.masking.resolve import MaskedColumn


def judge_checks(catalog: Catalog, masked: Mapping[ColumnRef, MaskedColumn]) -> tuple[Finding, ...]:
    """An error where a sample fails; a warning where it cannot be told."""
    findings = [finding for check in catalog.checks for finding in _judge_table(catalog, check, masked)]
    for one in masked.values():
        for definition in one.column.type.domain_checks:
            where = f"a CHECK of its domain {one.column.type.domains[0] if one.column.type.domains else ''}".strip()
            is_inner = one.layers == (ARRAY,) and one.column.type.sql.endswith("[]")
            findings.extend(_judge_column(one, where, definition, "VALUE", is_inner=is_inner))
    return tuple(dict.fromkeys(findings))


def _judge_table(
    catalog: Catalog, check: CheckConstraint, masked: Mapping[ColumnRef, MaskedColumn]
) -> Iterator[Finding]:
    """One that is NOT VALID is restored after the data, unchecked as it was."""
    relation = catalog.relations.get(check.relation)
    if relation is None or not (check.validated and check.enforced):
        return
    found = [masked.get(ColumnRef(relation.ruled_by, name)) for name in check.columns]
    touched = [one for one in found if one is not None and _is_read(check.definition, one)]
    if not touched or _moves_together(found):
        return
    where = f"CHECK {check.name}"
    if len(check.columns) == 1:
        yield from _judge_column(touched[0], where, check.definition, check.columns[0])
    else:
        for one in touched:
            if one.mask.makes_null:
                yield from _judge_null(one, where, check.definition)
            else:
                yield _not_proved(one, where, "it compares several columns")


def _is_read(definition: str, masked: MaskedColumn) -> bool:
    """Is more than its being NULL asked? That stays as it was."""
    name = masked.ref.column
    return masked.mask.makes_null or mentions(without_null_tests(definition, name), name)


def _moves_together(found: list[MaskedColumn | None]) -> bool:
    """One mask over all columns, keyed by the same others, such as one shift for both ends of a range."""
    first = found[0]
    if first is None or len(found) == 1 or not first.use.by:
        return False
    return all(one is not None and replace(one.use, at=first.use.at) == first.use for one in found)


def _judge_column(
    masked: MaskedColumn, where: str, definition: str, name: str, *, is_inner: bool = False
) -> Iterator[Finding]:
    if masked.mask.makes_null:
        yield from _judge_null(masked, where, definition)
        return
    if masked.mask.is_opaque:
        yield _not_proved(masked, where, "what it makes is known when it is made")
        return
    if masked.layers and not is_inner:
        yield _not_proved(masked, where, "it is of the whole, whose values are masked one by one")
        return
    predicate = parse_check(definition, name)
    if predicate is None or masked.use.by:
        yield _not_proved(masked, where, "it is more than a simple condition of one value")
        return
    verdicts = _try_samples(masked, definition, predicate)
    if False in verdicts:
        yield Finding(
            "check-would-fail",
            Severity.ERROR,
            str(masked.ref),
            f"stand-ins of mask {masked.mask.name} at {masked.use.at} do not all satisfy {where} of {masked.ref}",
            "choose another mask or other options, or keep the column with a reason",
        )
    elif not verdicts or None in verdicts:
        yield _not_proved(masked, where, "no sample of it could be tried")


def _judge_null(masked: MaskedColumn, where: str, definition: str) -> Iterator[Finding]:
    """A CHECK that comes out as NULL is satisfied, unless it asks for NULL itself."""
    if " NULL" in definition or "COALESCE" in definition:
        yield _not_proved(masked, where, "it speaks of NULL")


def _try_samples(masked: MaskedColumn, definition: str, predicate: Predicate) -> set[bool | None]:
    """Originals satisfy the CHECK; a mask that shows nothing of them may be tried with any text."""
    examples = [text for text in masked.mask.example.inputs if text]
    samples = [
        text
        for text in sample_values(definition, examples)
        if masked.promise.overlap is not Overlap.CHANCE or predicate(text) is True
    ]
    try:
        bound = masked.mask.bind(masked.options, masked.context)
    except DoesNotFit:
        return {True}  # binding has said so already
    outputs = bound(pl.Series("sample", samples, dtype=pl.String), pl.DataFrame()).drop_nulls().to_list()
    return {predicate(text) for text in outputs}


def _not_proved(masked: MaskedColumn, where: str, reason: str) -> Finding:
    return Finding(
        "check-not-proved",
        Severity.WARNING,
        str(masked.ref),
        f"whether stand-ins of mask {masked.mask.name} satisfy {where} of {masked.ref} is not known: {reason}. If one "
        "does not, the load fails and the live database stays as it is",
    )
