"""Hardware addresses that no maker gave to a device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import polars as pl
from pydantic import Field

from dbtool.digest import read_word
from dbtool.masking.canonical import canonicalise, plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type, get_room
from dbtool.masking.hex_text import (
    SPELLINGS,
    USUAL,
    bare_digits,
    put_separators,
    read_numbers,
    read_spellings,
    spell_numbers,
)
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
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
from dbtool.masking.permutation import Permutation
from dbtool.masking.pools import pick

_TYPES = TEXT_TYPES | {"macaddr", "macaddr8"}
_CANONICAL = ("trim", "casefold")
_LOCAL_DIGITS = pl.Series(["2", "6", "a", "e"])  # the second digit says: administered locally, one device
_PLAIN = "0" * 12
_UNIQUE_PLAIN = "0" * 16
_COUNTS = (12, 16)
_GIVEN_BITS = 2  # of an address, by what the second digit says

Change = Callable[[pl.Series, int], pl.Series]


class MacOptions(Options):
    space: Literal["private", "same_format"] = Field(
        "private",
        description="private: locally administered addresses, 46 bits of digest (62 in macaddr8); same_format: any "
        "address, permuted, so unique ones stay unique, but some may be somebody's",
    )


def _bind(options: MacOptions, context: MaskContext) -> BoundMask:
    check_type("mac", context, _TYPES)
    is_permuted = options.space == "same_format"
    odd = _find_odd_spelling(context, is_permuted=is_permuted)
    change = _plan_permuted(context) if is_permuted else _plan_local(context)
    in_place = _plan_in_place(change, _plan_odd(context, odd, is_permuted=is_permuted))
    steps = _CANONICAL if context.canonical is None else context.canonical
    return per_value(lambda values: in_place(canonicalise(values, ("trim",)) if "trim" in steps else values))


def _find_odd_spelling(context: MaskContext, *, is_permuted: bool) -> str:
    """How an address is written that stands for a text that is none."""
    if is_permuted:
        check_length("mac", len(_UNIQUE_PLAIN), context, "`space: private`, or a column of type macaddr")
        return _UNIQUE_PLAIN
    check_length("mac", len(_PLAIN), context, "a column of type macaddr, or redact")
    room = get_room(context)
    return USUAL if room is None or room >= len(USUAL) else _PLAIN


def _plan_in_place(
    change: Change, make_odd: Callable[[pl.Series], pl.Series]
) -> Callable[[pl.Series], pl.Series]:
    """Change each address's digits; its separators stay, and so does the case of its letters."""

    def stand_in(values: pl.Series) -> pl.Series:
        spellings = read_spellings(values)
        used = [spelling for spelling in spellings.unique().to_list() if spelling in SPELLINGS]
        is_odd = ~spellings.is_in(used)
        outputs = make_odd(values) if is_odd.any() else values.clone()
        for spelling in used:
            rows = (spellings == spelling).arg_true()
            addresses = values.gather(rows)
            spelt = put_separators(change(bare_digits(addresses, spelling), SPELLINGS[spelling][0]), spelling)
            is_upper = addresses.str.contains("[A-F]")
            spelt = spelt.zip_with(~is_upper, spelt.str.to_uppercase()) if is_upper.any() else spelt
            outputs = spelt if len(rows) == len(values) else outputs.scatter(rows, spelt)
        return outputs

    return stand_in


def _make_local(context: MaskContext, keyed: pl.Series, count: int) -> pl.Series:
    digits = context.digest.hex(keyed)
    parts = [
        digits.str.slice(0, 1),
        pick(_LOCAL_DIGITS, read_word(digits, 3)),
        digits.str.slice(2, count - 2),
    ]
    return (
        pl.DataFrame([part.alias(str(i)) for i, part in enumerate(parts)])
        .select(pl.concat_str("*"))
        .to_series()
    )


def _plan_local(context: MaskContext) -> Change:
    return lambda digits, count: _make_local(context, digits, count)


def _plan_permuted(context: MaskContext) -> Change:
    key = context.digest.subkey("mac")
    permute = {count: Permutation(key, 16**count, tweak=count) for count in _COUNTS}
    return lambda digits, count: spell_numbers(permute[count](read_numbers(digits)), count)


def _plan_odd(context: MaskContext, spelling: str, *, is_permuted: bool) -> Callable[[pl.Series], pl.Series]:
    key_text = plan_key(context, _CANONICAL)
    count, _ = SPELLINGS[spelling]

    def make(values: pl.Series) -> pl.Series:
        keyed = key_text(values)
        digits = context.digest.hex(keyed) if is_permuted else _make_local(context, keyed, count)
        return put_separators(digits.str.slice(0, count), spelling)

    return make


def _count(options: MacOptions, context: MaskContext) -> int | None:
    digits = 16 if context.type.base == "macaddr8" else 12
    return None if options.space == "same_format" else int(2 ** (4 * digits - _GIVEN_BITS))


def _promise(options: MacOptions, context: MaskContext) -> Promise:
    if options.space == "private":
        return Promise(Uniqueness.LOSSY, Overlap.CHANCE, Space.PRIVATE)
    is_text = context.type.base in TEXT_TYPES
    return Promise(
        Uniqueness.COLLISION_FREE if is_text else Uniqueness.INJECTIVE, Overlap.CHANCE, Space.SAME_FORMAT
    )


MASK = Mask(
    name="mac",
    summary="A hardware address that is administered locally, as no maker's are, written with the separators that "
    "the value has. A text that is no address gets one, too.",
    types=_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.PRIVATE,
    bind=taking(MacOptions, _bind),
    example=Example("device: {mask: mac}", "macaddr", ("08:00:2b:01:02:03", None)),
    options=MacOptions,
    capacity=taking(MacOptions, _count),
    canonical=_CANONICAL,
    promise_under=taking(MacOptions, _promise),
)
