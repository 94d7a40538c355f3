"""How many rows a shop is to have, as people write it: 10000, 10k, 200k, 1.5M, 30M."""

from __future__ import annotations

import re

MINIMUM_ROWS = 500
_SPELLING = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)([km]?)", re.ASCII | re.IGNORECASE)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def parse_scale(text: str) -> int:
    """Rows.

    :raises ValueError: it is none, or fewer than ``MINIMUM_ROWS``; the message says so.
    """
    found = _SPELLING.fullmatch(text.strip())
    if found is None:
        message = f"{text!r} is no number of rows; write 10000, 10k, 1.5M or 30M"
        raise ValueError(message)
    rows = round(float(found[1]) * _TIMES[found[2].lower()])
    if rows < MINIMUM_ROWS:
        message = f"a shop needs at least {MINIMUM_ROWS} rows"
        raise ValueError(message)
    return rows
