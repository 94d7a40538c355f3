"""Numbers by which a state knows a person."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal, get_args

import polars as pl
from pydantic import Field

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.fit import check_length, check_type, get_room
from dbtool.masking.mask import (
    TEXT_TYPES,
    BoundMask,
    DoesNotFit,
    Example,
    Mask,
    MaskContext,
    Overlap,
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.national_numbers import DIGIT_NUMBERS, RESERVED, Country, Reserved
from dbtool.masking.national_permutation import plan_national_permutation
from dbtool.masking.options import LocaleOptions, taking
from dbtool.masking.pools import pick

_CANONICAL = ("trim", "casefold")
_SEPARATORS = r"[\s./-]"
_COUNTRIES = frozenset(get_args(Country))


class NationalIdOptions(LocaleOptions):
    country: Country | None = Field(None, description="whose numbers; default: the locale's country")
    space: Literal["reserved", "same_format"] | None = Field(
        None,
        description="reserved: numbers that nobody is given by the country's rules, as far as known: us (areas 000 and "
        "666, 2 million), gb (prefixes that HMRC does not use) and de (a 0 in front); same_format: letters and digits "
        "permuted, so unique numbers stay unique and valid ones stay valid, but some may be somebody's; "
        "default: reserved where it is known",
    )

    def country_in(self, context: MaskContext) -> str | None:
        """None where the locale's country is none whose numbers we know."""
        country = self.country or self.locale_in(context).rpartition("_")[2].lower()
        return country if country in _COUNTRIES else None

    def find_reserved(self, context: MaskContext) -> Reserved | None:
        return None if self.space == "same_format" else RESERVED.get(self.country_in(context) or "")


def _bind(options: NationalIdOptions, context: MaskContext) -> BoundMask:
    check_type("national_id", context, TEXT_TYPES)
    reserved = options.find_reserved(context)
    country = options.country_in(context)
    if reserved is not None:
        return per_value(_plan_reserved(reserved, country or "", context))
    if options.space == "reserved":
        raise DoesNotFit(
            f"no numbers are known that {country or 'the country'} gives to nobody",
            f"`space: same_format`, or `country:` {', '.join(sorted(RESERVED))}",
        )
    return per_value(plan_national_permutation(country, context.digest.subkey("national_id")))


def _plan_reserved(
    reserved: Reserved, country: str, context: MaskContext
) -> Callable[[pl.Series], pl.Series]:
    key_text = plan_key(context, _CANONICAL)
    check_length("national_id", sum(reserved.groups), context, "`space: same_format`, or redact")
    room = get_room(context)
    has_room = room is None or room >= sum(reserved.groups) + len(reserved.groups) - 1
    check = DIGIT_NUMBERS[country].check if country in DIGIT_NUMBERS else None
    beginnings, ends = pl.Series(reserved.beginnings), pl.Series(reserved.ends)

    def stand_in(values: pl.Series) -> pl.Series:
        keyed = key_text(values).str.replace_all(_SEPARATORS, "")
        words = context.digest.uint64s(keyed, 3)
        digits = (words[1] % 10**reserved.digits).cast(pl.String).str.zfill(reserved.digits)
        plain: pl.Series = pick(beginnings, words[0]) + digits + pick(ends, words[2])
        if check is not None:
            plain = plain + pl.Series(check(plain)).cast(pl.String)
        if not has_room:
            return plain
        return plain.zip_with(~values.str.contains(_SEPARATORS), _group(plain, reserved))

    return stand_in


def _group(plain: pl.Series, reserved: Reserved) -> pl.Series:
    starts = [sum(reserved.groups[:place]) for place in range(len(reserved.groups))]
    groups = [
        pl.col("plain").str.slice(start, size) for start, size in zip(starts, reserved.groups, strict=True)
    ]
    frame = plain.alias("plain").to_frame()
    return frame.select(pl.concat_str(groups, separator=reserved.separator)).to_series()


def _count(options: NationalIdOptions, context: MaskContext) -> int | None:
    reserved = options.find_reserved(context)
    return None if reserved is None else reserved.size


def _promise(options: NationalIdOptions, context: MaskContext) -> Promise:
    if options.find_reserved(context) is None:
        return Promise(Uniqueness.INJECTIVE, Overlap.CHANCE, Space.SAME_FORMAT)
    return Promise(Uniqueness.LOSSY, Overlap.DISJOINT, Space.RESERVED)


@cache
def _compile_reserved() -> str:
    forms = (
        rf"(?:{'|'.join(found.beginnings)})[0-9]{{{sum(found.groups) - len(found.beginnings[0] + found.ends[0])}}}"
        rf"(?:{'|'.join(found.ends)})"
        for found in RESERVED.values()
    )
    return f"(?i)^(?:{'|'.join(forms)})$"


def _is_reserved(values: pl.Series) -> pl.Series:
    return values.str.replace_all(_SEPARATORS, "").str.contains(_compile_reserved())


MASK = Mask(
    name="national_id",
    summary="A number of the country that nobody is given, where such are known: us, gb and de. In the others a number "
    "permuted within its format, with check digits as right as they were and dates that are dates.",
    types=TEXT_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(NationalIdOptions, _bind),
    example=Example(
        "ssn: {mask: national_id, country: us}", "varchar(11)", ("536-90-4399", "536904399", None)
    ),
    options=NationalIdOptions,
    capacity=taking(NationalIdOptions, _count),
    canonical=_CANONICAL,
    in_space=_is_reserved,
    promise_under=taking(NationalIdOptions, _promise),
)
