"""Company names in the manner of the locale."""

from __future__ import annotations

from dbtool.masking.mask import Example
from dbtool.masking.pool_mask import make_pool_mask

MASK = make_pool_mask(
    "company",
    "An invented company's name in the manner of the locale, one of some thousands.",
    Example("company: {mask: company, max_length: 30}", "varchar(30)", ("Analytical Engines Ltd", None)),
    "company names",
)
