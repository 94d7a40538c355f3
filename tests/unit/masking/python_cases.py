"""Functions of a project's own, written into a folder and called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.errors import MaskFailed
from dbtool.masking.mask import BoundMask, MaskContext
from dbtool.masking.masks import MASKS
from dbtool.rules.model import PythonModules

MASK = MASKS["python"]
DIGEST = ProjectKey(b"k" * 32).digest_for("python")
TEXT = ColumnType("text", "text")
SECRET = "hunter2"


def write_module(folder: Path, text: str, name: str = "m3_masks.py") -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("import random\nimport polars as pl\n" + text, encoding="utf-8")


def bind(folder: Path, function: str = "m3_masks:f", column: ColumnType = TEXT, **options: Any) -> BoundMask:
    names = tuple(dict.fromkeys((function.partition(":")[0], "m3_masks")))
    context = MaskContext(column, DIGEST, modules=PythonModules(folder, names))
    return MASK.bind(MASK.options.model_validate({"function": function, **options}), context)


def run(bound: BoundMask, *values: str | None) -> list[str | None]:
    return bound(pl.Series("v", values, dtype=pl.String), pl.DataFrame()).to_list()


def failure(bound: BoundMask, *values: str) -> str:
    with pytest.raises(MaskFailed) as failed:
        run(bound, *(values or (SECRET, "other")))
    message = str(failed.value)
    assert SECRET not in message
    assert failed.value.__suppress_context__ or failed.value.__context__ is None
    start, _, rest = message.removeprefix("the mask function m3_masks:f ").partition("; nothing was swapped")
    assert rest
    return start
