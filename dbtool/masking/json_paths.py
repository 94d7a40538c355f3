"""Mask inside json and jsonb columns, path by path; all else comes out as it was spelt.

A rule's path ends at scalars. What lies on the way to one, objects and arrays, is kept as it is; every other
member is undecided, and ``unknown`` says what that means. Documents of one shape are masked together as
columns (json_shapes), the rest token by token; both give the same texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from dbtool.masking.json_decisions import (
    Decision,
    Fate,
    Node,
    UndecidedPath,
    Unknown,
    decide,
    parse_paths,
)
from dbtool.masking.json_outlines import find_shapes
from dbtool.masking.json_scalars import mask_scalars
from dbtool.masking.json_shapes import ShapePlan, cut, join_runs, plan_shape
from dbtool.masking.json_text import find_tokens
from dbtool.masking.mask import BoundMask

__all__ = ["UndecidedPath", "Unknown", "bind_json", "bind_json_by_token"]

_WORTH_A_PATTERN = (
    40  # documents of one shape in a block; measured: compiling one costs about as many by token
)
_MOST_PLANS = 5000
_NOTHING = "null"  # what is left of a document whose root is dropped


def bind_json(paths: Mapping[str, BoundMask | None], unknown: Unknown) -> Callable[[pl.Series], pl.Series]:
    """The function that masks a column of documents. A path's None means that its scalars are kept.

    It raises UndecidedPath under unknown="error"; binding raises DoesNotFit for what is no path.
    """
    documents = _Documents(paths, unknown)
    return documents.mask_by_shape


def bind_json_by_token(
    paths: Mapping[str, BoundMask | None], unknown: Unknown
) -> Callable[[pl.Series], pl.Series]:
    """The same the slow and obvious way: what the laws hold ``bind_json`` against."""
    return _Documents(paths, unknown).mask_by_token


class _Documents:
    def __init__(self, paths: Mapping[str, BoundMask | None], unknown: Unknown) -> None:
        self._masks = [mask for mask in paths.values() if mask is not None]
        numbers = iter(range(len(self._masks)))
        self._root: Node = parse_paths(
            (path, Fate.KEEP if mask is None else next(numbers)) for path, mask in paths.items()
        )
        self._unknown: Unknown = unknown
        self._plans: dict[str, ShapePlan | None] = {}

    def mask_by_token(self, documents: pl.Series) -> pl.Series:
        rows = documents.is_not_null()
        present = documents.filter(rows)
        runs = [self._find_runs(document) for document in present.to_list()]
        scalars = pl.DataFrame(
            [(fate, text) for run in runs for fate, text in run if isinstance(fate, int)],
            schema={"mask": pl.Int64, "text": pl.String},
            orient="row",
        )
        following = iter(self._mask_all(scalars).to_list())
        outputs = [
            "".join(next(following) if isinstance(fate, int) else text for fate, text in run) or _NOTHING
            for run in runs
        ]
        return documents.clone().scatter(rows.arg_true(), pl.Series(outputs, dtype=pl.String))

    def _find_runs(self, document: str) -> list[tuple[Decision, str]]:
        tokens, fates = self._decide(document)
        runs = join_runs(fates, tokens)
        return [(fate, text) for fate, text in runs if fate is not Fate.DROP]

    def _decide(self, document: str) -> tuple[Sequence[str], Sequence[Decision]]:
        """A text that is no JSON, which json and jsonb columns do not hold, is nothing that a rule decides."""
        tokens = find_tokens(document)
        if tokens is None:
            if self._unknown == "error":
                raise UndecidedPath("$")
            return (), ()
        return tokens, decide(tokens, self._root, self._unknown)

    def _mask_all(self, scalars: pl.DataFrame) -> pl.Series:
        """Each mask once over all that it masks; back in the order of the documents."""
        rows = scalars.with_row_index("row")
        parts = [
            part.select("row", mask_scalars(part.get_column("text"), self._masks[part.item(0, "mask")]))
            for part in rows.partition_by("mask")
        ]
        return pl.concat(parts).sort("row").to_series(1) if parts else scalars.get_column("text")

    def mask_by_shape(self, documents: pl.Series) -> pl.Series:
        frame = pl.DataFrame({"document": documents, "shape": find_shapes(documents)}).with_row_index("row")
        counted = frame.with_columns(pl.len().over("shape").alias("count"))
        is_rare = pl.col("shape").is_null() | (pl.col("count") < _WORTH_A_PATTERN)
        rare = counted.filter(is_rare)
        outputs = [rare.select("row", self.mask_by_token(rare.get_column("document")).alias("output"))]
        for part in counted.filter(~is_rare).partition_by("shape", maintain_order=True):
            masked = self._mask_shape(part.item(0, "shape"), part.get_column("document"))
            outputs.append(part.select("row", masked.alias("output")))
        return pl.concat(outputs).sort("row").get_column("output").alias(documents.name)

    def _mask_shape(self, shape: str, documents: pl.Series) -> pl.Series:
        plan = self._plan(shape, documents[0])
        groups = None if plan is None else cut(documents, plan)
        if plan is None or groups is None:
            return self.mask_by_token(documents)
        return self._put_together(groups, plan)

    def _plan(self, shape: str, document: str) -> ShapePlan | None:
        """Workers share the plans, so one that is forgotten in between is just made again."""
        if shape in (plans := self._plans):
            return plans[shape]
        if len(plans) >= _MOST_PLANS:
            plans = self._plans = {}
        plan = plans[shape] = plan_shape(*self._decide(document))
        return plan

    def _put_together(self, groups: list[pl.Series], plan: ShapePlan) -> pl.Series:
        masked = [
            group if mask is None else mask_scalars(group, self._masks[mask])
            for group, mask in zip(groups, plan.masks, strict=True)
        ]
        columns = {str(position): group for position, group in enumerate(masked)}
        return pl.DataFrame(columns).select(pl.concat_str(pl.all())).to_series()
