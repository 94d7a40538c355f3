from collections.abc import Iterable

import numpy as np
import polars as pl
import pytest

from dbtool.catalog.relations import Column, ColumnRef, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.findings import Finding
from dbtool.masking.block import ColumnTally, DistinctSample, Tallies, mask_block
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.masking.judgement import FixedRate, judge_tally
from dbtool.masking.mask import BoundMask, MaskContext, Overlap
from dbtool.masking.masks import MASKS

WHERE = ColumnRef(RelationName("public", "Users"), "e-mail")
TEXT = ColumnType("text", "text")


def keep(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return values


def column(overlap: Overlap, expected_fixed_rate: float = 0.0, **given: object) -> ColumnMask:
    fields: dict[str, object] = {"mask": MASKS["city"], "permutes": False, "bound": keep, **given}
    return ColumnMask(
        column="c",
        index=0,
        domain="d",
        overlap=overlap,
        by=(),
        source_sql=None,
        expected_fixed_rate=expected_fixed_rate,
        **fields,  # type: ignore[arg-type]
    )


def sample(count: int) -> DistinctSample:
    return DistinctSample(0, np.arange(count, dtype=np.uint64))


def judge(masked: ColumnMask, *, distinct: int, fixed: int) -> tuple[Finding | None, FixedRate | None]:
    return judge_tally(masked, WHERE, ColumnTally(distinct=sample(distinct), distinct_fixed=sample(fixed)))


def test_a_disjoint_mask_may_keep_no_original() -> None:
    masked = column(Overlap.DISJOINT)
    assert judge_tally(masked, WHERE, ColumnTally(rows=10, nulls=2, reserved=3)) == (None, None)
    finding, rate = judge_tally(masked, WHERE, ColumnTally(rows=10, fixed=1))
    assert rate is None
    assert finding is not None
    assert finding.is_error
    assert (finding.check, finding.where) == ("surviving-value", 'public."Users"."e-mail"')
    assert finding.message.startswith("1 of 10 rows kept their original")


@pytest.mark.parametrize("masked", [column(Overlap.NOT_READ), column(Overlap.CHANCE, 1.0, mask=None)])
def test_what_reads_no_original_or_is_a_document_is_not_judged(masked: ColumnMask) -> None:
    assert judge(masked, distinct=10, fixed=10) == (None, None)


@pytest.mark.parametrize(
    ("rate", "distinct", "most"),
    [
        (0.01, 10_000, 150),  # 100 expected, sigma 10
        (0.25, 400, 150),
        (0.5, 2, 6),
        (0.0001, 100, 1),  # one by luck, however small the column
        (0.0, 1000, 1),
        (0.5, 0, 1),
    ],
)
def test_by_chance_means_within_five_sigma_of_what_is_expected(rate: float, distinct: int, most: int) -> None:
    masked = column(Overlap.CHANCE, rate)
    assert judge(masked, distinct=distinct, fixed=most)[0] is None
    finding, _ = judge(masked, distinct=distinct, fixed=most + 1)
    assert finding is not None
    assert finding.is_error
    assert finding.check == "fixed-above-chance"
    assert f"about {most + 1} of {distinct}" in finding.message


def test_the_rate_is_told_beside_what_was_expected() -> None:
    _, rate = judge(column(Overlap.CHANCE, 0.01), distinct=1000, fixed=4)
    assert rate == FixedRate(WHERE, "city", 1000, 4, 0.01)
    assert rate.rate == 0.004


def test_a_column_without_a_value_has_no_rate() -> None:
    _, rate = judge(column(Overlap.CHANCE, 0.01), distinct=0, fixed=0)
    assert rate is not None
    assert rate.rate == 0.0


def permuting(mask: str, base: str, key: int) -> BoundMask:
    chosen = MASKS[mask]
    digest = ProjectKey(key.to_bytes(2) * 16).digest_for("d")
    return chosen.bind(chosen.options(), MaskContext(ColumnType(base, base), digest))


def tally_of(masked: ColumnMask, values: Iterable[str]) -> ColumnTally:
    relation = Relation(WHERE.relation, RelationKind.TABLE, (Column("c", TEXT),))
    tallies: Tallies = {}
    mask_block(
        RelationMasks(relation, (masked,)), "".join(f"{value}\n" for value in values).encode(), tallies, 7
    )
    return tallies["c"]


@pytest.mark.parametrize(
    ("mask", "base", "values"),
    [
        ("permute_integer", "int8", [str(number) for number in range(1, 51)]),
        ("permute_integer", "int8", [str(number) for number in range(-500, 2001)]),
        ("permute_digits", "text", [f"{number:04}" for number in range(10_000)]),
        ("permute_digits", "text", [f"{letter}-{digit}" for letter in "ABCDEFGHIJKLMNOPQRSTUVW" for digit in range(10)]),
        ("permute_digits", "text", ["yes", "no", "maybe"]),
    ],
)  # fmt: skip
def test_a_permutation_passes_under_any_key_however_few_its_values_and_many_its_rows(
    mask: str, base: str, values: list[str]
) -> None:
    for key in range(20):
        bound = permuting(mask, base, key)
        masked = column(Overlap.CHANCE, 20 / 1_000_000, mask=MASKS[mask], permutes=True, bound=bound)
        assert judge_tally(masked, WHERE, tally_of(masked, values))[0] is None


def test_a_permutation_that_permutes_nothing_is_found_out() -> None:
    masked = column(Overlap.CHANCE, 20 / 1_000_000, mask=MASKS["permute_integer"], permutes=True)
    finding, rate = judge_tally(masked, WHERE, tally_of(masked, map(str, range(25))))
    assert finding is not None
    assert rate is not None
    assert rate.rate == 1.0
    assert rate.expected == 5 / 25
