"""Labels of a closed list exchanged among themselves: statuses, kinds, regions, yes and no."""

from __future__ import annotations

from collections import Counter

import polars as pl
from pydantic import Field, field_validator

from dbtool.catalog.relations import TypeKind
from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    DoesNotFit,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking
from dbtool.masking.pools import pick, shuffle

_SCALAR_TYPES = TEXT_TYPES | {"bool"}
_BOOLEANS = ("f", "t")


class CategoryOptions(Options):
    values: tuple[str, ...] | None = Field(
        None,
        min_length=2,
        description="the labels in use; needed for text, while an enum's are known; a label that is not listed gets "
        "one that is",
    )

    @field_validator("values")
    @classmethod
    def _check_once(cls, values: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = [value for value, count in Counter(values or ()).items() if count > 1]
        if twice:
            raise ValueError(f"{', '.join(twice)} is listed twice")
        return values


def _list_labels(options: CategoryOptions, context: MaskContext) -> tuple[str, ...]:
    """In one order whatever order they are written in, so that columns of one domain agree. Without "", which stays.

    :raises DoesNotFit: they are not known, or the column does not hold them.
    """
    column = context.type
    known = _BOOLEANS if column.base == "bool" else column.labels
    if options.values is None and not any(known):
        raise DoesNotFit(f"the labels of {column.sql} are not known", "`values: [one, another]`, or word")
    foreign = [value for value in options.values or () if known and value not in known]
    if foreign:
        raise DoesNotFit(f"{column.sql} has no label {', '.join(foreign)}", f"its labels: {', '.join(known)}")
    return tuple(sorted(filter(None, options.values or known)))


def _bind(options: CategoryOptions, context: MaskContext) -> BoundMask:
    if context.type.kind is not TypeKind.ENUM or context.type.is_array:
        check_type("category", context, _SCALAR_TYPES)
    labels = _list_labels(options, context)
    check_length("category", max(map(len, labels)), context, "shorter labels")
    new = shuffle(labels, context.digest, "category")
    key_text = plan_key(context, ())
    old = key_text(pl.Series(labels, dtype=pl.String))
    if old.n_unique() < len(old):
        raise DoesNotFit(f"two of the labels are one to {context.type.sql}", "each label once")

    def stand_in(values: pl.Series) -> pl.Series:
        keys = key_text(values)
        outputs = keys.replace_strict(old, new, default=None, return_dtype=pl.String)
        unlisted = outputs.is_null().arg_true()
        if not len(unlisted):
            return outputs
        return outputs.scatter(unlisted, pick(new, context.digest.uint64(keys.gather(unlisted))))

    return per_value(stand_in)


def _count(options: CategoryOptions, context: MaskContext) -> int | None:
    return len(_list_labels(options, context))


def _promise(options: CategoryOptions, context: MaskContext) -> Promise:
    """What is not listed meets what is."""
    is_whole = options.values is None or (
        context.type.base not in TEXT_TYPES and len(options.values) == len(context.type.labels or _BOOLEANS)
    )
    uniqueness = Uniqueness.INJECTIVE if is_whole else Uniqueness.LOSSY
    return Promise(uniqueness, Overlap.CHANCE, Space.SAME_FORMAT)


MASK = Mask(
    name="category",
    summary="Another label of the list, so how often each comes stays and which is which is lost; a label may come out "
    "as itself. An enum's labels and those of boolean are known, a text's are listed.",
    types=_SCALAR_TYPES | {TypeKind.ENUM},
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(CategoryOptions, _bind),
    example=Example(
        "status: {mask: category, values: [new, paid, sent, lost]}", inputs=("new", "paid", "sent", None)
    ),
    options=CategoryOptions,
    capacity=taking(CategoryOptions, _count),
    promise_under=taking(CategoryOptions, _promise),
)
