"""Files kept in the database: photographs, scans, signed contracts."""

from __future__ import annotations

from base64 import b64encode
from typing import Literal

import polars as pl
from pydantic import Field

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
from dbtool.masking.placeholders import KINDS, PLACEHOLDERS, Kind, list_beginnings

_TYPES = TEXT_TYPES | {"bytea"}
_DATA_URL = r"(?is)^data:[^,]{0,200},"


class FileOptions(Options):
    type: Literal["detect", "png", "jpeg", "gif", "pdf", "zip", "empty"] = Field(
        "detect",
        description="the kind of file that all become; detect: each stays of its kind, told by its first bytes, and a "
        "file of no known kind becomes empty",
    )
    data_url: bool = Field(
        False, description="text with a given type: data URLs; with detect those stay that were"
    )


def _spell(kind: Kind | None, base: str, *, as_url: bool) -> str:
    """None: an empty file."""
    content = PLACEHOLDERS[kind].content if kind else b""
    if base == "bytea":
        return "\\x" + content.hex()
    if not as_url:
        return b64encode(content).decode()
    return f"data:{PLACEHOLDERS[kind].media_type};base64,{b64encode(content).decode()}" if kind else "data:,"


def _list_spellings(base: str) -> list[str]:
    return [_spell(kind, base, as_url=as_url) for kind in (*KINDS, None) for as_url in (False, True)]


def _bind(options: FileOptions, context: MaskContext) -> BoundMask:
    check_type("file", context, _TYPES)
    base = context.type.base
    if options.type == "detect":
        check_length("file", max(map(len, _list_spellings(base))), context, "`type: empty`, or null")
        return _plan_detected(base)
    kind = None if options.type == "empty" else options.type
    spelt = _spell(kind, base, as_url=options.data_url)
    check_length("file", len(spelt), context, "`type: empty`, or null")

    def masked(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        same = pl.Series(values.name, [spelt], dtype=pl.String).new_from_index(0, len(values))
        return same.zip_with(values.is_not_null(), values)

    return masked


def _plan_detected(base: str) -> BoundMask:
    beginnings = [(kind, _spell_beginning(magic, base)) for kind, magic in list_beginnings()]

    def stand_in(values: pl.Series) -> pl.Series:
        is_url = values.str.contains(_DATA_URL)  # no bytea is, which begins with a backslash
        starts = values.str.replace(_DATA_URL, "") if is_url.any() else values
        frame = pl.DataFrame({"start": starts.str.strip_chars_start().str.head(40), "is_url": is_url})

        def choose(*, as_url: bool) -> pl.Expr:
            chosen = pl.lit(_spell(None, base, as_url=as_url))
            for kind, beginning in beginnings:
                found = pl.col("start").str.starts_with(beginning)
                chosen = pl.when(found).then(pl.lit(_spell(kind, base, as_url=as_url))).otherwise(chosen)
            return chosen

        either = pl.when("is_url").then(choose(as_url=True)).otherwise(choose(as_url=False))
        return frame.select(either.alias("file")).to_series()

    return per_value(stand_in)


def _spell_beginning(magic: bytes, base: str) -> str:
    """Of base64 the letters that these bytes alone decide."""
    return "\\x" + magic.hex() if base == "bytea" else b64encode(magic).decode()[: len(magic) * 8 // 6]


def _promise(options: FileOptions, _context: MaskContext) -> Promise:
    overlap = Overlap.DISJOINT if options.type == "detect" else Overlap.NOT_READ
    return Promise(Uniqueness.LOSSY, overlap, Space.RESERVED)


def _is_placeholder(values: pl.Series) -> pl.Series:
    return values.is_in([*_list_spellings("bytea"), *_list_spellings("text")])


MASK = Mask(
    name="file",
    summary="The smallest file of the same kind that programs open: one pixel, one empty page, an archive of nothing. "
    "In text it is base64. With a `type` the original never leaves the source.",
    types=_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.DISJOINT,
    space=Space.RESERVED,
    bind=taking(FileOptions, _bind),
    example=Example("photo: {mask: file}", "bytea", ("\\xffd8ffe000104a464946", "\\x504b0304", None)),
    options=FileOptions,
    capacity=taking(FileOptions, lambda options, _context: None if options.type == "detect" else 1),
    in_space=_is_placeholder,
    promise_under=taking(FileOptions, _promise),
)
