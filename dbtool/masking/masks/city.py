"""Names of towns in the manner of the locale."""

from __future__ import annotations

from dbtool.masking.mask import Example
from dbtool.masking.pool_mask import make_pool_mask

MASK = make_pool_mask(
    "city",
    "A town's name, invented or of the locale's country. It does not agree with the postcode beside it.",
    Example("city: {mask: city}", inputs=("Marylebone", None)),
    "towns",
)
