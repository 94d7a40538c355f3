"""What a browser says it is."""

from __future__ import annotations

import polars as pl

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    Example,
    Mask,
    MaskContext,
    Options,
    Overlap,
    Space,
    Uniqueness,
)
from dbtool.masking.pools import pick, shuffle
from dbtool.masking.user_agents import list_user_agents

_CANONICAL = ("trim", "nfc")


def _bind(_options: Options, context: MaskContext) -> BoundMask:
    check_type("user_agent", context, TEXT_TYPES)
    agents = list_user_agents()
    check_length("user_agent", max(map(len, agents)), context, "redact, or null")
    pool = shuffle(agents, context.digest, "user_agent")
    key_text = plan_key(context, _CANONICAL)

    def stand_in(values: pl.Series) -> pl.Series:
        return pick(pool, context.digest.uint64(key_text(values)))

    return per_value(stand_in)


MASK = Mask(
    name="user_agent",
    summary="What one of some hundreds of common browsers says it is; device and version are not those of the value.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=_bind,
    example=Example("agent: {mask: user_agent}", "varchar(255)", ("curl/8.5.0 (ada's laptop)", None)),
    capacity=lambda _options, _context: len(list_user_agents()),
    canonical=_CANONICAL,
)
