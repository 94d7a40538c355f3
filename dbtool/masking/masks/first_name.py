"""Given names of the locale."""

from __future__ import annotations

from dbtool.masking.mask import Example
from dbtool.masking.pool_mask import make_pool_mask

MASK = make_pool_mask(
    "first_name",
    "A given name of the locale, the same for the same name however it is written in upper and lower case.",
    Example("first_name: {mask: first_name}", inputs=("Ada", "ADA ", None)),
    "given names",
)
