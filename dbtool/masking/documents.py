"""Mask inside documents, whatever they are written in: those of one shape together, the others piece by piece.

A shape is a document without what its values say. What becomes of a piece depends on nothing else, so one document of a
shape tells for all of them: their values are cut out as columns, masked together and put back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain, groupby, pairwise

import polars as pl

from dbtool.masking.fates import Decision, Fate

_WORTH_A_PATTERN = (
    40  # documents of one shape in a block; measured: compiling one costs about as many by piece
)
_MOST_PLANS = 5000
_MOST_PIECES = 600  # per shape; a longer one would make a pattern that is slow to compile
_MOST_GROUPS = 150  # measured: beyond it cutting takes longer than reading piece by piece

Mask = Callable[[pl.Series], pl.Series]
Masked = Callable[[], pl.Series]


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


class _Gathered:
    """What each mask is to mask of a block: it is called once for all shapes, since a call costs as much as a thousand values."""

    def __init__(self, masks: Sequence[Mask]) -> None:
        self._masks = masks
        self._values: dict[int, list[pl.Series]] = {}
        self._masked: dict[int, list[pl.Series]] = {}

    def add(self, mask: int, values: pl.Series) -> Masked:
        """Returns what gives their stand-ins, when all that the mask is for have been added."""
        added = self._values.setdefault(mask, [])
        place = len(added)
        added.append(values)
        return lambda: self._answer(mask)[place]

    def _answer(self, mask: int) -> list[pl.Series]:
        if mask not in self._masked:
            added = self._values.pop(mask)
            masked = self._masks[mask](pl.concat(added) if len(added) > 1 else added[0])
            ends = list(accumulate(map(len, added), initial=0))
            self._masked[mask] = [masked[start:end] for start, end in pairwise(ends)]
        return self._masked[mask]


@dataclass
class Documents:
    writing: Writing
    _plans: dict[str, ShapePlan | None] = field(default_factory=dict)

    def mask_by_piece(self, documents: pl.Series) -> pl.Series:
        return self._cut_pieces(documents, _Gathered(self.writing.masks))()

    def _cut_pieces(self, documents: pl.Series, gathered: _Gathered) -> Masked:
        rows = documents.is_not_null()
        runs = [self._find_runs(document) for document in documents.filter(rows).to_list()]
        values: dict[int, list[str]] = {}
        for fate, text in chain.from_iterable(runs):
            if isinstance(fate, int):
                values.setdefault(fate, []).append(text)
        masked = {
            mask: gathered.add(mask, pl.Series("text", texts, dtype=pl.String))
            for mask, texts in values.items()
        }

        def put_together() -> pl.Series:
            following = {mask: iter(answer().to_list()) for mask, answer in masked.items()}
            outputs = [
                "".join(next(following[fate]) if isinstance(fate, int) else text for fate, text in run)
                or self.writing.nothing
                for run in runs
            ]
            return documents.clone().scatter(rows.arg_true(), pl.Series(outputs, dtype=pl.String))

        return put_together

    def _find_runs(self, document: str) -> list[tuple[Decision, str]]:
        pieces = self.writing.cut(document)
        return [
            (fate, text) for fate, text in _join_runs(pieces.fates, pieces.texts) if fate is not Fate.DROP
        ]

    def mask_by_shape(self, documents: pl.Series) -> pl.Series:
        gathered = _Gathered(self.writing.masks)
        shapes = self.writing.find_shapes(documents)
        frame = pl.DataFrame({"document": documents, "shape": shapes}).with_row_index("row")
        counted = frame.with_columns(pl.len().over("shape").alias("count"))
        is_rare = pl.col("shape").is_null() | (pl.col("count") < _WORTH_A_PATTERN)
        rare = counted.filter(is_rare)
        shaped = counted.filter(~is_rare).partition_by("shape", maintain_order=True)
        cut = [(rare, self._cut_pieces(rare.get_column("document"), gathered))] + [
            (part, self._cut_shape(part.item(0, "shape"), part.get_column("document"), gathered))
            for part in shaped
        ]
        outputs = [part.select("row", masked().alias("output")) for part, masked in cut]
        return pl.concat(outputs).sort("row").get_column("output").alias(documents.name)

    def _cut_shape(self, shape: str, documents: pl.Series, gathered: _Gathered) -> Masked:
        plan = self._plan(shape, documents[0])
        if plan is None:
            return self._cut_pieces(documents, gathered)
        groups = _cut_groups(documents, plan)
        fits = groups[0].is_not_null()
        if fits.all():
            return _put_together(groups, plan, gathered)
        if not fits.any():
            return self._cut_pieces(documents, gathered)
        fitting = _put_together([group.filter(fits) for group in groups], plan, gathered)
        others = self._cut_pieces(documents.filter(~fits), gathered)
        return lambda: (
            documents.clone().scatter(fits.arg_true(), fitting()).scatter((~fits).arg_true(), others())
        )

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


def _put_together(groups: list[pl.Series], plan: ShapePlan, gathered: _Gathered) -> Masked:
    masked = [
        group if mask is None else gathered.add(mask, group)
        for group, mask in zip(groups, plan.masks, strict=True)
    ]

    def put_together() -> pl.Series:
        columns = {
            str(place): one if isinstance(one, pl.Series) else one() for place, one in enumerate(masked)
        }
        return pl.DataFrame(columns).select(pl.concat_str(pl.all())).to_series()

    return put_together


def _join_runs(fates: Iterable[Decision], texts: Iterable[str]) -> Iterable[tuple[Decision, str]]:
    """Neighbours that are kept, or dropped, as one text; each masked value alone."""
    numbered = enumerate(zip(fates, texts, strict=True))
    runs = groupby(numbered, key=lambda one: (one[1][0], one[0] if isinstance(one[1][0], int) else -1))
    return ((key[0], "".join(text for _, (_, text) in run)) for key, run in runs)


def _cut_groups(documents: pl.Series, plan: ShapePlan) -> list[pl.Series]:
    """One column per group; NULL in all of them where a document turns out not to be of the shape."""
    return documents.str.extract_groups(plan.pattern).struct.unnest().get_columns()
