"""Texts of a form that the rules give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import polars as pl
from pydantic import Field, field_validator

from dbtool.masking.canonical import plan_key
from dbtool.masking.distinct import per_value
from dbtool.masking.draws import Draws
from dbtool.masking.fit import PROSE_TYPES, check_length, check_type, get_room
from dbtool.masking.mask import (
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
from dbtool.masking.options import LocaleOptions, taking
from dbtool.masking.pools import load_pool, load_slugs, pick, shuffle
from dbtool.masking.template_text import (
    ALPHABETS,
    Characters,
    ColumnText,
    DomainName,
    Literal,
    Number,
    Part,
    Word,
    parse_template,
)

_UNIQUE_OUTPUTS = 2**64
_MOST_OUTPUTS = 2**256  # what one HMAC tells apart


class TemplateOptions(LocaleOptions):
    template: str = Field(
        min_length=1,
        max_length=1000,
        description="text with parts in braces: {digits:n}, {letters:n}, {hex:n}, {number:a-b}, {pool: first_name}, "
        "{column:name} of a kept column named in `by`, {domain}; {{ and }} are braces",
    )

    @field_validator("template")
    @classmethod
    def _parse(cls, template: str) -> str:
        parts = parse_template(template)
        if all(isinstance(part, (Literal, DomainName)) for part in parts):
            raise ValueError("it has no part that differs between values; for one text use mask: constant")
        return template

    @property
    def parts(self) -> tuple[Part, ...]:
        return parse_template(self.template)


def _load_words(pool: str, locale: str) -> tuple[str, ...]:
    return load_slugs(locale) if pool == "slug" else load_pool(pool, locale)


# One part of all rows: (draws, frame of the ``by`` columns) → pieces that follow each other
_Maker = Callable[[Draws, pl.DataFrame], Iterator[pl.Series | str]]


def _plan_part(part: Part, options: TemplateOptions, context: MaskContext) -> _Maker:
    match part:
        case Literal(text):
            return lambda _draws, _by: iter([text])
        case DomainName():
            return lambda _draws, _by: iter([context.digest.domain])
        case Characters():
            return lambda draws, _by: draws.characters(part.kind, part.length)
        case Number(first, last):
            return lambda draws, _by: iter([draws.number(first, last)])
        case Word(pool):
            words = shuffle(_load_words(pool, options.locale_in(context)), context.digest, pool)
            return lambda draws, _by: iter([pick(words, draws.word())])
        case ColumnText(column):
            return lambda _draws, by: iter([by.get_column(column).fill_null("")])


def _measure(part: Part, options: TemplateOptions, context: MaskContext) -> int:
    """Its longest text; a column's is not known, and ``_check_columns`` has seen to it."""
    match part:
        case Literal(text):
            return len(text)
        case DomainName():
            return len(context.digest.domain)
        case Characters(length=length):
            return length
        case Number(last=last):
            return len(str(last))
        case Word(pool):
            return max(map(len, _load_words(pool, options.locale_in(context))))
        case ColumnText():
            return 0


def _count_fixed(parts: tuple[Part, ...]) -> int:
    """Outputs told apart by the parts whose length is always the same: whatever stands between them, two texts are equal
    only where all of these are.
    """
    counts = [len(ALPHABETS[part.kind]) ** part.length for part in parts if isinstance(part, Characters)]
    numbers = [part for part in parts if isinstance(part, Number)]
    counts += [one.last - one.first + 1 for one in numbers if len(str(one.first)) == len(str(one.last))]
    return int(math.prod(counts))


def _is_unique(options: TemplateOptions) -> bool:
    return _count_fixed(options.parts) >= _UNIQUE_OUTPUTS


def _count(options: TemplateOptions, context: MaskContext) -> int | None:
    """Of unique texts no more than what makes them so; no pool is read for it."""
    parts = options.parts
    if _is_unique(options):
        return min(_count_fixed(parts), _MOST_OUTPUTS)
    varied = [
        part.last - part.first + 1
        for part in parts
        if isinstance(part, Number) and len(str(part.first)) != len(str(part.last))
    ]
    words = [
        len(_load_words(part.pool, options.locale_in(context))) for part in parts if isinstance(part, Word)
    ]
    return _count_fixed(parts) * math.prod(varied) * math.prod(words)


def _promise(options: TemplateOptions, _context: MaskContext) -> Promise:
    if _is_unique(options):
        return Promise(Uniqueness.COLLISION_FREE, Overlap.DISJOINT, Space.SAME_FORMAT)
    return Promise(Uniqueness.LOSSY, Overlap.CHANCE, Space.SAME_FORMAT)


def _check_columns(columns: list[str], context: MaskContext) -> None:
    for column in columns:
        if column not in context.by:
            raise DoesNotFit(
                f"the template shows column {column}, which `by` does not name",
                f"`by: {column}` beside the template; a path within a document has no columns",
            )
    if columns and get_room(context) is not None:
        raise DoesNotFit(
            f"the text of column {columns[0]} may be of any length and {context.type.sql} holds {get_room(context)}",
            "a template without columns",
        )


def _bind(options: TemplateOptions, context: MaskContext) -> BoundMask:
    check_type("template", context, PROSE_TYPES)
    columns = [part.column for part in options.parts if isinstance(part, ColumnText)]
    _check_columns(columns, context)
    longest = sum(_measure(part, options, context) for part in options.parts)
    check_length("template", longest, context, "a shorter template, or redact")
    makers = [_plan_part(part, options, context) for part in options.parts]
    key_text = plan_key(context, ())

    def stand_in(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        draws = Draws(context.digest, key_text(values))
        pieces = [piece for maker in makers for piece in maker(draws, by)]
        texts = [pl.lit(piece) if isinstance(piece, str) else piece for piece in pieces]
        return pl.select(pl.concat_str(texts)).to_series()

    if columns:
        return _with_columns(stand_in)
    return per_value(lambda values: stand_in(values, pl.DataFrame()))


def _with_columns(stand_in: BoundMask) -> BoundMask:
    """Each row for itself; NULL and '' stay as they are."""

    def masked(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        is_read = (values != "").fill_null(value=False)
        if not is_read.any():
            return values
        outputs = stand_in(values.filter(is_read), by.filter(is_read))
        return values.clone().scatter(is_read.arg_true(), outputs)

    return masked


MASK = Mask(
    name="template",
    summary="A text of the form that you give. Where digits, letters and hex hold at least 64 bits together (20 digits, 14 "
    "letters, 16 hex), stand-ins may stand under a unique index.",
    types=PROSE_TYPES,
    uniqueness=Uniqueness.LOSSY,
    overlap=Overlap.CHANCE,
    space=Space.SAME_FORMAT,
    bind=taking(TemplateOptions, _bind),
    example=Example(
        "login: {mask: template, template: 'user-{digits:6}@{pool: slug}.example'}",
        "varchar(60)",
        ("ada@lovelace.org", "Ada@lovelace.org", None),
    ),
    options=TemplateOptions,
    capacity=taking(TemplateOptions, _count),
    promise_under=taking(TemplateOptions, _promise),
    shows_by=True,
)
