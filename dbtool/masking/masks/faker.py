"""A value of any of Faker's providers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from dbtool.masking.distinct import per_value
from dbtool.masking.faker_draws import draw_pool
from dbtool.masking.fit import PROSE_TYPES, check_length, check_type
from dbtool.masking.mask import (
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.options import PoolOptions, taking
from dbtool.masking.pool_mask import CANONICAL, advise_length, plan_pick
from dbtool.masking.pools import shorten, shuffle


class FakerOptions(PoolOptions):
    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="the method of Faker that draws: job, color_name, bothify"
    )
    arguments: dict[str, Any] = Field(
        {}, description="what the method is called with, by name: {text: '??-####'}"
    )
    size: int = Field(
        5000, ge=2, le=200_000, description="how many different values are drawn, if there are as many"
    )


def _load_words(options: FakerOptions, context: MaskContext) -> tuple[str, ...]:
    words = draw_pool(options.provider, options.arguments, options.size, options.locale_in(context))
    return shorten(words, options.max_length, f"values of {options.provider}")


def _bind(options: FakerOptions, context: MaskContext) -> BoundMask:
    check_type("faker", context, PROSE_TYPES)
    words = _load_words(options, context)
    check_length("faker", max(map(len, words)), context, advise_length(context))
    return per_value(plan_pick(shuffle(words, context.digest, f"faker {options.provider}"), context))


def _count(options: FakerOptions, context: MaskContext) -> int | None:
    return len(_load_words(options, context))


MASK = Mask(
    name="faker",
    summary="A value of any of Faker's providers, out of a pool that is drawn once and is the same every night. "
    "Providers that go by the clock are refused: their values would be others tomorrow.",
    types=PROSE_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(FakerOptions, _bind),
    example=Example("job: {mask: faker, provider: job}", "varchar(80)", ("Countess", "countess ", None)),
    options=FakerOptions,
    capacity=taking(FakerOptions, _count),
    canonical=CANONICAL,
)
