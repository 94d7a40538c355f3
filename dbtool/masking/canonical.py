"""What a value is reduced to before it is keyed, so that one person's two spellings get one stand-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from dbtool.masking.byte_text import keep_digits
from dbtool.masking.mask import DoesNotFit, MaskContext

Step = Callable[[pl.Series], pl.Series]


def _on_non_ascii(values: pl.Series, plain: pl.Series, change: Step) -> pl.Series:
    """``plain``, but for the values that are not ASCII: those changed by a slower step that others do not need."""
    is_foreign = (values.str.len_bytes() != values.str.len_chars()).fill_null(value=False)
    if not is_foreign.any():
        return plain
    return plain.clone().scatter(is_foreign.arg_true(), change(values.filter(is_foreign)))


def _trim(values: pl.Series) -> pl.Series:
    return values.str.strip_chars()


def _casefold(values: pl.Series) -> pl.Series:
    """Python's casefold ("Straße" = "STRASSE"); lowering is the same thing for ASCII, and vectorised."""
    return _on_non_ascii(
        values,
        values.str.to_lowercase(),
        lambda foreign: pl.Series([text.casefold() for text in foreign], dtype=pl.String),
    )


def _nfc(values: pl.Series) -> pl.Series:
    return _on_non_ascii(values, values, lambda foreign: foreign.str.normalize("NFC"))


def _digits(values: pl.Series) -> pl.Series:
    """A telephone number's own digits: "+44 (0)20 7946 0958" = "004420 7946 0958".

    A national spelling ("020 7946 0958") loses its trunk zero only: its country is not written in it.
    """
    without_trunk = values.str.replace("(0)", "", literal=True)
    return keep_digits(without_trunk).str.strip_chars_start("0")


STEPS: Mapping[str, Step] = {"trim": _trim, "casefold": _casefold, "nfc": _nfc, "digits": _digits}
_ASCII_STEPS = {**STEPS, "casefold": lambda values: values.str.to_lowercase(), "nfc": lambda values: values}


def canonicalise(values: pl.Series, steps: tuple[str, ...]) -> pl.Series:
    """Apply the named steps in order; NULL stays NULL. The names are those of ``STEPS``."""
    is_ascii = values.str.len_bytes().sum() == values.str.len_chars().sum()
    known = _ASCII_STEPS if is_ascii else STEPS
    for step in steps:
        values = known[step](values)
    return values


def _levelled(context: MaskContext) -> tuple[str, ...]:
    if context.equates_spellings:
        return ("casefold", "nfc")
    return ("casefold",) if context.type.base == "citext" else ()


def plan_key(context: MaskContext, default: tuple[str, ...]) -> Step:
    """The function from a column's values to the text that is keyed there.

    char(n) pads with blanks that are no part of the value; citext calls two spellings equal that differ in case,
    and so do most nondeterministic collations, which never tell composed letters from decomposed ones: all this is
    levelled whatever the steps say, so that a key equals its foreign key.
    """
    steps = default if context.canonical is None else context.canonical
    unknown = [step for step in steps if step not in STEPS]
    if unknown:
        raise DoesNotFit(
            f"there is no canonical step {', '.join(unknown)}", f"the steps are {', '.join(sorted(STEPS))}"
        )
    steps = (*steps, *(step for step in _levelled(context) if step not in steps))
    is_padded = context.type.base == "bpchar"

    def key_text(values: pl.Series) -> pl.Series:
        return canonicalise(values.str.strip_chars_end(" ") if is_padded else values, steps)

    return key_text
