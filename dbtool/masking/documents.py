"""Mask inside documents, whatever they are written in: those of one shape together, the others piece by piece.

A shape is a document without what its values say. What becomes of a piece depends on nothing else, so one document of a
shape tells for all of them: their values are cut out as columns, masked together and put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import polars as pl

from dbtool.masking.fates import Decision, Fate

_WORTH_A_PATTERN = (
    40  # documents of one shape in a block; measured: compiling one costs about as many by piece
)
_MOST_PLANS = 5000
_MOST_PIECES = 600  # per shape; a longer one would make a pattern that is slow to compile
_MOST_GROUPS = 150  # measured: beyond it cutting takes longer than reading piece by piece

Mask = Callable[[pl.Series], pl.Series]


@dataclass(frozen=True, slots=True)
class Pieces:
    """The parts of a document, which joined are the document, each with its fate. ``kinds`` are the writing's own."""

    texts: Sequence[str]
    fates: Sequence[Decision]
    kinds: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Writing:
    """What the engine has to know of JSON or XML.

    ``find_shapes`` gives NULL for NULL and for documents that are better read by piece. ``cut`` raises where something is
    undecided. ``spell_patterns`` has one pattern per piece, which matches what may stand there in a document of the same
    shape and nothing that would be cut otherwise. ``masks`` take and give values as they are spelt. ``nothing`` is left
    of a document that is dropped.
    """

    find_shapes: Mask
    cut: Callable[[str], Pieces]
    spell_patterns: Callable[[Pieces], Iterable[str]]
    masks: Sequence[Mask]
    nothing: str


@dataclass(frozen=True, slots=True)
class ShapePlan:
    """``pattern`` cuts a document of the shape into groups: what is kept, and single values to be masked.

    ``masks`` has one entry per group: the number of the path that masks it, None where it is kept.
    """

    pattern: str
    masks: tuple[int | None, ...]


@dataclass
class Documents:
    writing: Writing
    _plans: dict[str, ShapePlan | None] = field(default_factory=dict)

    def mask_by_piece(self, documents: pl.Series) -> pl.Series:
        rows = documents.is_not_null()
        present = documents.filter(rows)
        runs = [self._find_runs(document) for document in present.to_list()]
        values = pl.DataFrame(
            [(fate, text) for run in runs for fate, text in run if isinstance(fate, int)],
            schema={"mask": pl.Int64, "text": pl.String},
            orient="row",
        )
        following = iter(self._mask_all(values).to_list())
        outputs = [
            "".join(next(following) if isinstance(fate, int) else text for fate, text in run)
            or self.writing.nothing
            for run in runs
        ]
        return documents.clone().scatter(rows.arg_true(), pl.Series(outputs, dtype=pl.String))

    def _find_runs(self, document: str) -> list[tuple[Decision, str]]:
        pieces = self.writing.cut(document)
        return [
            (fate, text) for fate, text in _join_runs(pieces.fates, pieces.texts) if fate is not Fate.DROP
        ]

    def _mask_all(self, values: pl.DataFrame) -> pl.Series:
        """Each mask once over all that it masks; back in the order of the documents."""
        rows = values.with_row_index("row")
        parts = [
            part.select("row", self.writing.masks[part.item(0, "mask")](part.get_column("text")))
            for part in rows.partition_by("mask")
        ]
        return pl.concat(parts).sort("row").to_series(1) if parts else values.get_column("text")

    def mask_by_shape(self, documents: pl.Series) -> pl.Series:
        shapes = self.writing.find_shapes(documents)
        frame = pl.DataFrame({"document": documents, "shape": shapes}).with_row_index("row")
        counted = frame.with_columns(pl.len().over("shape").alias("count"))
        is_rare = pl.col("shape").is_null() | (pl.col("count") < _WORTH_A_PATTERN)
        rare = counted.filter(is_rare)
        outputs = [rare.select("row", self.mask_by_piece(rare.get_column("document")).alias("output"))]
        for part in counted.filter(~is_rare).partition_by("shape", maintain_order=True):
            masked = self._mask_shape(part.item(0, "shape"), part.get_column("document"))
            outputs.append(part.select("row", masked.alias("output")))
        return pl.concat(outputs).sort("row").get_column("output").alias(documents.name)

    def _mask_shape(self, shape: str, documents: pl.Series) -> pl.Series:
        plan = self._plan(shape, documents[0])
        if plan is None:
            return self.mask_by_piece(documents)
        groups = _cut_groups(documents, plan)
        fits = groups[0].is_not_null()
        if fits.all():
            return self._put_together(groups, plan)
        outputs = documents.clone()
        if fits.any():
            outputs = outputs.scatter(
                fits.arg_true(), self._put_together([group.filter(fits) for group in groups], plan)
            )
        return outputs.scatter((~fits).arg_true(), self.mask_by_piece(documents.filter(~fits)))

    def _plan(self, shape: str, document: str) -> ShapePlan | None:
        """Workers share the plans, so one that is forgotten in between is just made again."""
        if shape in (plans := self._plans):
            return plans[shape]
        if len(plans) >= _MOST_PLANS:
            plans = self._plans = {}
        plan = plans[shape] = self._plan_shape(self.writing.cut(document))
        return plan

    def _plan_shape(self, pieces: Pieces) -> ShapePlan | None:
        """None for a shape that is better left to the pieces."""
        if len(pieces.texts) > _MOST_PIECES:
            return None
        groups: list[str] = []
        masks: list[int | None] = []
        for fate, text in _join_runs(pieces.fates, self.writing.spell_patterns(pieces)):
            groups.append(f"(?:{text})" if fate is Fate.DROP else f"({text})")
            if fate is not Fate.DROP:
                masks.append(fate if isinstance(fate, int) else None)
        if not 0 < len(groups) <= _MOST_GROUPS:
            return None
        return ShapePlan(f"(?s)^{''.join(groups)}$", tuple(masks)) if masks else None

    def _put_together(self, groups: list[pl.Series], plan: ShapePlan) -> pl.Series:
        masked = [
            group if mask is None else self.writing.masks[mask](group)
            for group, mask in zip(groups, plan.masks, strict=True)
        ]
        columns = {str(position): group for position, group in enumerate(masked)}
        return pl.DataFrame(columns).select(pl.concat_str(pl.all())).to_series()


def _join_runs(fates: Iterable[Decision], texts: Iterable[str]) -> Iterable[tuple[Decision, str]]:
    """Neighbours that are kept, or dropped, as one text; each masked value alone."""
    numbered = enumerate(zip(fates, texts, strict=True))
    runs = groupby(numbered, key=lambda one: (one[1][0], one[0] if isinstance(one[1][0], int) else -1))
    return ((key[0], "".join(text for _, (_, text) in run)) for key, run in runs)


def _cut_groups(documents: pl.Series, plan: ShapePlan) -> list[pl.Series]:
    """One column per group; NULL in all of them where a document turns out not to be of the shape."""
    return documents.str.extract_groups(plan.pattern).struct.unnest().get_columns()
