"""Family names of the locale."""

from __future__ import annotations

from dbtool.masking.mask import Example
from dbtool.masking.pool_mask import make_pool_mask

MASK = make_pool_mask(
    "last_name",
    "A family name of the locale, the same for the same name however it is written in upper and lower case.",
    Example("last_name: {mask: last_name, locale: de_DE}", inputs=("Lovelace", "LOVELACE", None)),
    "family names",
)
