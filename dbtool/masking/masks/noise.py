"""Numbers whose size matters and whose exact value must not be known: ages, weights, distances, scores."""

from __future__ import annotations

from pydantic import Field, model_validator

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


class NoiseOptions(Options):
    ratio: float = Field(
        0.1, ge=0.001, le=1, description="move by up to this share of the number, up or down"
    )
    amount: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="move by up to so much instead of by a share"
    )
    lowest: float | None = Field(None, allow_inf_nan=False, description="no stand-in is below it")
    highest: float | None = Field(None, allow_inf_nan=False, description="no stand-in is above it")

    @model_validator(mode="after")
    def _check_order(self) -> NoiseOptions:
        if self.lowest is not None and self.highest is not None and self.lowest > self.highest:
            raise ValueError("the lowest value is above the highest")
        if self.amount is not None and "ratio" in self.model_fields_set:
            raise ValueError("ratio and amount are two ways to say how far; choose one")
        return self


def _bind(options: NoiseOptions, context: MaskContext) -> BoundMask:
    check_type("noise", context, NUMBER_TYPES)
    return plan_noise(context, Spread(options.ratio, options.amount, options.lowest, options.highest))


MASK = Mask(
    name="noise",
    summary="A number near the real one, with the same sign and as many decimals, at least one unit of the last one "
    "away. 0, NaN and infinity stay. With `by`, all columns of a row that share it move alike, so their order stays "
    "or they meet. A number of a document keeps its count of digits; a text that is no number is redacted.",
    types=NUMBER_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(NoiseOptions, _bind),
    example=Example("weight_g: {mask: noise, ratio: 0.2}", "int4", ("70500", "3", "0", None)),
    options=NoiseOptions,
)
