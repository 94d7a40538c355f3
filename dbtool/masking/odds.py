"""How likely two of so many rows get one stand-in of a digest."""

from __future__ import annotations

from pydantic import ValidationError

from dbtool.masking.mask import Mask, MaskContext, Uniqueness

REFUSED_ABOVE = 0.01  # odds of a collision at this row count
WARNED_ABOVE = 1e-6
_DIGEST_BITS = 64


def collision_odds(rows: int, capacity: int | None) -> float:
    """The birthday bound: n² / 2^(bits + 1). ``capacity`` None: the usual digest's."""
    outputs = float(2**_DIGEST_BITS if capacity is None else max(capacity, 1))
    return min(1.0, rows**2 / (2 * outputs))


def has_room(mask: Mask, context: MaskContext, rows: int) -> bool:
    """As the mask is without options; one that cannot be without is taken for the usual digest."""
    if mask.uniqueness is Uniqueness.INJECTIVE:
        return True
    try:
        capacity = mask.capacity(mask.options.model_validate({}), context)
    except ValidationError:
        capacity = None
    return collision_odds(rows, capacity) <= REFUSED_ABOVE
