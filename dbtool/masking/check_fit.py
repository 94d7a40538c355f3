"""Do stand-ins satisfy the CHECK constraints of their column and its domains? Tried on samples, as far as the
text of the constraint can be read. A row that does not satisfy one stops the load: nothing leaks, and nothing
is refreshed either, so it is better said before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.constraints import CheckConstraint
from dbtool.catalog.relations import ColumnRef, Relation, RelationName
from dbtool.findings import Finding, Severity
from dbtool.masking.check_samples import sample_values
from dbtool.masking.check_text import Predicate, parse_check
from dbtool.masking.index_text import mentions, without_literals, without_null_tests
from dbtool.masking.inner_values import ARRAY
from dbtool.masking.mask import DoesNotFit, Overlap
from dbtool.masking.resolve import MaskedColumn


@dataclass(frozen=True, slots=True)
class UnprovedCheck(Finding):
    """What text and catalog alone do not tell; rows may. ``columns`` are what the CHECK reads of ``relation``, of a
    domain's the column itself; ``definition`` is "" there: a cast to the type asks for it. With ``bounds`` it is asked instead
    whether one of these partitions takes the row. ``use`` is the mask and its place, ``constraint`` what a message calls it.
    """

    relation: RelationName | None = None
    columns: tuple[str, ...] = ()
    definition: str = ""
    constraint: str = ""
    use: str = ""
    bounds: tuple[RelationName, ...] = ()


@dataclass(frozen=True, slots=True)
class _Check:
    """``name`` is the column's in the definition: VALUE in a domain's. ``is_inner``: it is of an array's elements."""

    relation: RelationName
    columns: tuple[str, ...]
    definition: str
    where: str
    name: str = ""
    is_inner: bool = False


_WHOLE_ROW = ".*"  # as pg_get_constraintdef spells it


def judge_checks(catalog: Catalog, masked: Mapping[ColumnRef, MaskedColumn]) -> tuple[Finding, ...]:
    """An error where a sample fails; a warning where it cannot be told."""
    findings = [finding for check in catalog.checks for finding in _judge_table(catalog, check, masked)]
    for one in masked.values():
        for definition in one.column.type.domain_checks:
            where = f"a CHECK of its domain {one.column.type.domains[0] if one.column.type.domains else ''}".strip()
            is_inner = one.layers == (ARRAY,) and one.column.type.sql.endswith("[]")
            check = _Check(one.relation.name, (one.ref.column,), definition, where, "VALUE", is_inner)
            findings.extend(_judge_column(one, check))
    return tuple(dict.fromkeys(findings))


def _judge_table(
    catalog: Catalog, check: CheckConstraint, masked: Mapping[ColumnRef, MaskedColumn]
) -> Iterator[Finding]:
    """One that is NOT VALID is restored after the data, unchecked as it was."""
    relation = catalog.relations.get(check.relation)
    if relation is None or not (check.validated and check.enforced):
        return
    if _WHOLE_ROW in without_literals(check.definition):
        yield from _judge_row(relation, check, masked)
        return
    names, text = _read_by(check, relation)
    found = [masked.get(ColumnRef(relation.ruled_by, name)) for name in names]
    touched = [one for one in found if one is not None and _is_read(text, one)]
    if not touched or _moves_together(found):
        return
    one_name = check.columns[0] if len(check.columns) == 1 else ""
    columns = tuple(column.name for column in relation.columns if column.name in check.columns)
    told = _Check(relation.name, columns, check.definition, f"CHECK {check.name}", one_name)
    if one_name and not relation.get_column(one_name).generated:
        yield from _judge_column(touched[0], told)
        return
    for one in touched:
        if one.mask.makes_null:
            yield from _judge_null(one, told)
        else:
            yield _not_proved(one, told, "it reads several columns")


def _judge_row(
    relation: Relation, check: CheckConstraint, masked: Mapping[ColumnRef, MaskedColumn]
) -> Iterator[Finding]:
    names = tuple(column.name for column in relation.columns)
    told = _Check(relation.name, names, check.definition, f"CHECK {check.name}")
    touched = (masked.get(ColumnRef(relation.ruled_by, name)) for name in names)
    for one in filter(None, touched):
        yield _not_proved(one, told, "it reads the whole row")


def _read_by(check: CheckConstraint, relation: Relation) -> tuple[list[str], str]:
    """The columns, with those that generated ones among them are made of; and all that says how."""
    generated = [column for name in check.columns if (column := relation.get_column(name)).generated]
    made = " ".join(column.default or "" for column in generated)
    more = [column.name for column in relation.columns if mentions(made, column.name)]
    return list(dict.fromkeys((*check.columns, *more))), f"{check.definition} {made}"


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


def _judge_column(masked: MaskedColumn, check: _Check) -> Iterator[Finding]:
    if masked.mask.makes_null:
        yield from _judge_null(masked, check)
        return
    if masked.mask.is_opaque:
        yield _not_proved(masked, check, "what it makes is known when it is made")
        return
    if masked.layers and not check.is_inner:
        yield _not_proved(masked, check, "it is of the whole, whose values are masked one by one")
        return
    if check.name == "VALUE" and masked.column.type.is_array and not check.is_inner:
        yield _not_proved(masked, check, "it may be of the whole or of each of its values")
        return
    predicate = parse_check(check.definition, check.name)
    if predicate is None or masked.use.by:
        yield _not_proved(masked, check, "it is more than a simple condition of one value")
        return
    verdicts = _try_samples(masked, check.definition, predicate)
    if False in verdicts:
        yield Finding(
            "check-would-fail",
            Severity.ERROR,
            str(masked.ref),
            f"stand-ins of mask {masked.mask.name} at {masked.use.at} do not all satisfy {check.where} of {masked.ref}",
            "choose another mask or other options, or keep the column with a reason",
        )
    elif not verdicts or None in verdicts:
        yield _not_proved(masked, check, "no sample of it could be tried")


def _judge_null(masked: MaskedColumn, check: _Check) -> Iterator[Finding]:
    """A CHECK that comes out as NULL is satisfied, unless it asks for NULL itself."""
    if " NULL" in check.definition or "COALESCE" in check.definition:
        yield _not_proved(masked, check, "it speaks of NULL")


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


def _not_proved(masked: MaskedColumn, check: _Check, reason: str) -> UnprovedCheck:
    return UnprovedCheck(
        "check-not-proved",
        Severity.WARNING,
        str(masked.ref),
        f"whether stand-ins of mask {masked.mask.name} satisfy {check.where} of {masked.ref} is not known: {reason}. If "
        "one does not, the load fails and the live database stays as it is",
        relation=check.relation,
        columns=check.columns,
        definition="" if check.name == "VALUE" else check.definition,
        constraint=check.where,
        use=f"mask {masked.mask.name} at {masked.use.at}",
    )
