"""The masks that would serve a column where the one that its rule names does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from pydantic import ValidationError

from dbtool.masking.guesses import likely_mask
from dbtool.masking.mask import TEXT_TYPES, DoesNotFit, Mask, MaskContext, Registry
from dbtool.masking.resolve import MaskedColumn, Workshop

_MOST = 5
_WITHIN = {
    **dict.fromkeys(("json", "jsonb"), 'json: {"$.key": …}'),
    "hstore": "hstore: {key: …}",
    "xml": 'xml: {"//name": …}',
}
# Those that mean nothing by themselves, so that they suit a column whatever it is about; the most usual first.
_FOR_TEXTS = ("redact", "permute_format", "lorem", "word", "token")
_FOR_OTHERS = (
    "shift_date",
    "birth_date",
    "noise",
    "permute_integer",
    "category",
    "uuid",
    "ip",
    "mac",
    "file",
    "redact",
    "token",
    "permute_format",
    "bucket",
)


def spell_alternatives(masked: MaskedColumn, workshop: Workshop) -> str:
    """What to do instead, after "use"."""
    column, inner = masked.column, masked.context.type
    names = find_alternatives(column.name, masked.context, workshop)
    fitting = [f"{{each: {{mask: {name}}}}}" if masked.use.each else f"mask: {name}" for name in names]
    if inner.base in _WITHIN and not inner.is_array:
        fitting.insert(0, f"{{{_WITHIN[inner.base]}, unknown: error}}")
    fitting.append("mask: constant with a value" if column.not_null else "mask: null")
    return f"{', '.join(fitting)}, or keep the column with a reason"


def find_alternatives(column: str, context: MaskContext, workshop: Workshop) -> tuple[str, ...]:
    """A handful, as they are without options; first what the column's name speaks of."""
    guess = likely_mask(column, context.type, workshop.registry)
    asked = (context.type, guess)
    if asked not in workshop.alternatives:
        general = _FOR_TEXTS if context.type.base in TEXT_TYPES else _FOR_OTHERS
        names = dict.fromkeys((guess, *general) if guess else general)
        workshop.alternatives[asked] = tuple(islice(_fitting(names, context, workshop.registry), _MOST))
    return workshop.alternatives[asked]


def _fitting(names: Iterable[str], context: MaskContext, registry: Registry) -> Iterator[str]:
    for name in names:
        mask = registry.get(name)
        if mask is not None and _fits(mask, context):
            yield name


def _fits(mask: Mask, context: MaskContext) -> bool:
    try:
        mask.bind(mask.options(), replace(context, by=(), canonical=None))
    except (DoesNotFit, ValidationError):
        return False
    return True
