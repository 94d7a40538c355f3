"""Network addresses that are set aside for documentation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import polars as pl
from pydantic import Field

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
    Promise,
    Space,
    Uniqueness,
)
from dbtool.masking.options import taking
from dbtool.masking.permutation import Permutation
from dbtool.masking.pools import pick

_TYPES = TEXT_TYPES | {"inet"}
_CANONICAL = ("trim", "casefold")
_NETWORKS = pl.Series(["192.0.2.", "198.51.100.", "203.0.113."])  # RFC 5737
_NETWORK_6 = "2001:db8"  # RFC 3849
_LONGEST_4 = 15
_LONGEST_6 = 38
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS_4 = rf"^{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}(/[0-9]+)?$"


class IpOptions(Options):
    space: Literal["reserved", "same_format"] = Field(
        "reserved",
        description="reserved: the 768 IPv4 addresses of RFC 5737; same_format: any IPv4 address, permuted, so "
        "unique ones stay unique, but some may be somebody's. IPv6 is RFC 3849 with 96 bits of digest in both",
    )


def _bind(options: IpOptions, context: MaskContext) -> BoundMask:
    check_type("ip", context, _TYPES)
    check_length("ip", _LONGEST_6, context, "a column of type inet, or redact")
    plan_4 = _plan_permuted if options.space == "same_format" else _plan_documented
    make_4, make_6 = plan_4(context), _plan_documented_6(context)
    is_4 = _find_4 if options.space == "same_format" else _find_not_6

    def stand_in(values: pl.Series) -> pl.Series:
        rows = is_4(values)
        outputs = make_4(values)
        return outputs if rows.all() else outputs.zip_with(rows, make_6(values))

    return per_value(stand_in)


def _find_4(values: pl.Series) -> pl.Series:
    return values.str.contains(_ADDRESS_4)


def _find_not_6(values: pl.Series) -> pl.Series:
    """What is no address at all gets one of the IPv4 ones."""
    return ~values.str.contains(":", literal=True)


def _plan_documented(context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    key_text = plan_key(context, _CANONICAL)

    def make(values: pl.Series) -> pl.Series:
        network, host = context.digest.uint64s(key_text(values), 2)
        return pick(_NETWORKS, network) + (host % 256).cast(pl.String)

    return make


def _plan_documented_6(context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    """Groups of four hexadecimal digits without leading zeros, as PostgreSQL prints them."""
    key_text = plan_key(context, _CANONICAL)

    def make(values: pl.Series) -> pl.Series:
        digits = context.digest.hex(key_text(values)).to_frame("digits")
        groups = [pl.col("digits").str.slice(4 * group, 4).str.replace("^0{1,3}", "") for group in range(6)]
        return digits.select(pl.concat_str(pl.lit(_NETWORK_6), *groups, separator=":")).to_series()

    return make


def _plan_permuted(context: MaskContext) -> Callable[[pl.Series], pl.Series]:
    """The 32 bits permuted; a netmask stays, so that two networks that share an address stay two."""
    permute = Permutation(context.digest.subkey("ip"), 2**32, tweak=4)

    def make(values: pl.Series) -> pl.Series:
        parts = values.str.extract_groups(_ADDRESS_4).struct.unnest()
        number = sum(
            parts.to_series(i).cast(pl.UInt64).fill_null(0).to_numpy() << np.uint64(24 - 8 * i)
            for i in range(4)
        )
        permuted = permute(np.asarray(number, dtype=np.uint64))
        octets = {
            str(shift): pl.Series(permuted >> np.uint64(shift) & np.uint64(255)) for shift in (24, 16, 8, 0)
        }
        address = pl.DataFrame(octets).select(pl.concat_str(pl.all(), separator=".")).to_series()
        return address + parts.to_series(4).fill_null("")

    return make


def _count(options: IpOptions, _context: MaskContext) -> int | None:
    return None if options.space == "same_format" else 256 * len(_NETWORKS)


def _promise(options: IpOptions, _context: MaskContext) -> Promise:
    if options.space == "same_format":
        return Promise(Uniqueness.COLLISION_FREE, Overlap.CHANCE, Space.SAME_FORMAT)
    return Promise(Uniqueness.LOSSY, Overlap.DISJOINT, Space.RESERVED)


def _is_reserved(values: pl.Series) -> pl.Series:
    return values.str.contains(r"(?i)^\s*(?:192\.0\.2|198\.51\.100|203\.0\.113)\.|^\s*2001:0?db8:")


MASK = Mask(
    name="ip",
    summary="An address of the networks set aside for documentation; IPv6 for IPv6, IPv4 for all else.",
    types=_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(IpOptions, _bind),
    example=Example("last_ip: {mask: ip}", "inet", ("81.2.69.160", "2a00:23c7::1", None)),
    options=IpOptions,
    capacity=taking(IpOptions, _count),
    canonical=_CANONICAL,
    in_space=_is_reserved,
    promise_under=taking(IpOptions, _promise),
)
