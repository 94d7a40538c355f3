"""Amounts of money: none is right, and their sums nearly are."""

from __future__ import annotations

from pydantic import Field

from dbtool.masking.fit import check_type
from dbtool.masking.mask import (
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.number_noise import NUMBER_TYPES, Spread, plan_noise
from dbtool.masking.options import taking


class AmountNoiseOptions(Options):
    ratio: float = Field(
        0.05, ge=0.001, le=1, description="move by up to this share of the amount, up or down"
    )


def _bind(options: AmountNoiseOptions, context: MaskContext) -> BoundMask:
    check_type("amount_noise", context, NUMBER_TYPES)
    return plan_noise(context, Spread(options.ratio))


MASK = Mask(
    name="amount_noise",
    summary="An amount near the real one, rounded as it was; 0 stays 0, and credit stays credit. As many amounts go "
    "up as down, so sums stay near. The same amount moves alike everywhere; with `by: id` each row moves by itself, "
    "and columns of a row that share it move alike.",
    types=NUMBER_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(AmountNoiseOptions, _bind),
    example=Example(
        "[net, gross]: {mask: amount_noise, by: id}", "money", ("$1,234.56", "-$19.90", "$0.00", None)
    ),
    options=AmountNoiseOptions,
)
