"""Postcodes in the locale's format."""

from __future__ import annotations

from dbtool.masking.mask import Example
from dbtool.masking.pool_mask import make_pool_mask

MASK = make_pool_mask(
    "postcode",
    "A postcode in the locale's format, one of some thousands. It does not agree with the town beside it.",
    Example("postcode: {mask: postcode, locale: en_GB}", "varchar(10)", ("W1H 1PJ", None)),
    "postcodes",
)
