"""Functions that the laws of masks are held to, as a project has them."""

from __future__ import annotations

import random

import polars as pl


def badge(_values: pl.Series, *, seed: pl.Series) -> pl.Series:
    return "B-" + (seed % 1_000_000).cast(pl.String).str.zfill(6)


def shuffled(value: str, *, seed: int) -> str:
    letters = list(value)
    random.Random(seed).shuffle(letters)
    return "".join(letters)
