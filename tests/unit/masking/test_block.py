import numpy as np
import polars as pl
import pytest

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.errors import AnswerIsNo, ServerFailed
from dbtool.masking.block import DistinctSample, Tallies, mask_block, merge_tallies
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.masking.fates import UndecidedPath
from dbtool.masking.mask import BoundMask, Overlap
from dbtool.masking.masks import MASKS
from dbtool.masking.survivors import Hashes

TEXT = ColumnType("text", "text")
PADDED = ColumnType("character(5)", "bpchar", length=5)
SEED = 7


def upper(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return values.str.to_uppercase()


def masked(
    column: str, index: int, bound: BoundMask = upper, overlap: Overlap = Overlap.CHANCE, **given: object
) -> ColumnMask:
    fields: dict[str, object] = {
        "mask": MASKS["email"],
        "by": (),
        "source_sql": None,
        "permutes": False,
        **given,
    }
    return ColumnMask(
        column=column,
        index=index,
        domain="d",
        overlap=overlap,
        bound=bound,
        expected_fixed_rate=0.5,
        **fields,  # type: ignore[arg-type]
    )


def relation_masks(*columns: ColumnMask, types: tuple[ColumnType, ...] = (TEXT, TEXT, TEXT)) -> RelationMasks:
    named = tuple(Column(name, type_) for name, type_ in zip("abcdef", types, strict=False))
    generated = Column("computed", TEXT, generated=True)
    return RelationMasks(
        Relation(RelationName("public", "t"), RelationKind.TABLE, (generated, *named)), columns
    )


def run(masks: RelationMasks, block: bytes) -> tuple[bytes, Tallies]:
    tallies: Tallies = {}
    content, rows = mask_block(masks, block, tallies, SEED)
    assert rows == block.count(b"\n")
    return content, tallies


def test_masked_columns_change_and_kept_ones_pass_byte_for_byte() -> None:
    kept = rb"\\x\t \b\N"  # any bytes without a tab: kept columns are not looked at
    block = b"\xef\xbb\xbf" + kept + b"\tab\\nc\t\\N\n\\N\t\\N\t \\\\N \n"
    content, _ = run(relation_masks(masked("b", 1)), block)
    assert content == b"\xef\xbb\xbf" + kept + b"\tAB\\nC\t\\N\n\\N\t\\N\t \\\\N \n"


def test_stand_ins_are_encoded_for_copy() -> None:
    def trap(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        return pl.Series(["\t\\N\n" for _ in values], dtype=pl.String)

    assert run(relation_masks(masked("b", 1, trap)), b"1\tx\t2\n")[0] == b"1\t\\t\\\\N\\n\t2\n"


def test_a_document_that_is_refused_names_its_column() -> None:
    def refuse(_values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        raise UndecidedPath("$.b")

    with pytest.raises(AnswerIsNo, match=r"^public\.t\.b: a document holds a value at \$\.b, which no path"):
        run(relation_masks(masked("b", 1, refuse)), b"1\tx\t2\n")


def test_several_columns_are_masked_from_their_originals() -> None:
    """A column that goes by another sees what that held before it was masked, whatever their order."""
    seen: list[dict[str, list[str | None]]] = []

    def by_others(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        seen.append(by.to_dict(as_series=False))
        return values

    masks = relation_masks(masked("a", 0), masked("b", 1, by_others, by=(2, 0)), masked("c", 2))
    assert run(masks, b"x\ty\tz\\n\n")[0] == b"X\ty\tZ\\n\n"
    assert seen == [{"c": ["z\n"], "a": ["x"]}]


def test_what_the_source_made_is_passed_on_as_it_came() -> None:
    def fail(_values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        pytest.fail("there is no original to mask")

    masks = relation_masks(masked("b", 1, fail, Overlap.NOT_READ, source_sql="'x'"))
    content, tallies = run(masks, b"1\tx\\n\t2\n")
    assert content == b"1\tx\\n\t2\n"
    assert [(name, tally.rows) for name, tally in tallies.items()] == [("b", 0)]


def test_an_empty_block_is_empty() -> None:
    content, tallies = run(relation_masks(masked("b", 1)), b"")
    assert content == b""
    assert tallies["b"].rows == 0


def test_a_single_column_may_hold_empty_strings() -> None:
    assert run(relation_masks(masked("a", 0), types=(TEXT,)), b"\nx\n\\N\n\n")[0] == b"\nX\n\\N\n\n"


def test_a_block_of_another_width_is_refused() -> None:
    with pytest.raises(ServerFailed, match=r"public\.t has a row of other than 3 fields"):
        run(relation_masks(masked("b", 1)), b"1\t2\t3\t4\n")


def test_rows_nulls_and_what_stayed_itself_are_counted() -> None:
    _, tallies = run(relation_masks(masked("b", 1)), b"1\tx\t2\n1\tX\t2\n1\t\\N\t2\n1\t\t2\n1\tX\t2\n")
    tally = tallies["b"]
    assert (tally.rows, tally.nulls, tally.fixed, tally.reserved) == (5, 1, 2, 0)
    assert (tally.distinct.estimate, tally.distinct_fixed.estimate) == (3, 1)


def test_a_disjoint_mask_s_reserved_originals_are_counted_apart() -> None:
    block = b"1\tADA@X.ORG\t2\n1\tADA@EXAMPLE.ORG\t2\n1\tada@x.org\t2\n1\t\\N\t2\n"
    _, tallies = run(relation_masks(masked("b", 1, overlap=Overlap.DISJOINT)), block)
    tally = tallies["b"]
    assert (tally.rows, tally.nulls, tally.fixed, tally.reserved) == (4, 1, 1, 1)
    assert tally.distinct.estimate == 0


def test_a_disjoint_mask_without_a_reserved_space_has_no_reserved_originals() -> None:
    masks = relation_masks(masked("b", 1, overlap=Overlap.DISJOINT, mask=MASKS["token"]))
    tally = run(masks, b"1\tX\t2\n1\tx\t2\n")[1]["b"]
    assert (tally.fixed, tally.reserved) == (1, 0)


@pytest.mark.parametrize("given", [{"overlap": Overlap.NOT_READ}, {"mask": None}])
def test_what_reads_no_original_or_is_a_document_counts_rows_and_nulls_alone(
    given: dict[str, object],
) -> None:
    tally = run(relation_masks(masked("b", 1, **given)), b"1\tX\t2\n1\t\\N\t2\n")[1]["b"]  # type: ignore[arg-type]
    assert (tally.rows, tally.nulls, tally.fixed, tally.distinct.estimate) == (2, 1, 0, 0)


def test_the_blanks_of_a_padded_column_are_no_part_of_its_value() -> None:
    def unpadded(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        return values.str.strip_chars_end(" ")

    masks = relation_masks(masked("a", 0, unpadded, Overlap.DISJOINT), types=(PADDED, TEXT))
    assert run(masks, b"ab   \tx\n     \tx\n")[1]["a"].fixed == 1


def test_a_permutation_is_counted_by_its_numbers() -> None:
    """Letters stay whatever the permutation: one fixed digit must not count once per letter."""

    def change_one(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
        return values.str.replace("1", "2", literal=True)

    block = (
        b"".join(b"%c-7\tx\ty\n%c-1\tx\ty\n" % (letter, letter) for letter in b"ABCD")
        + b"none\tx\ty\n-7\tx\ty\n"
    )
    tally = run(relation_masks(masked("a", 0, change_one, permutes=True)), block)[1]["a"]
    assert (tally.fixed, tally.distinct.estimate, tally.distinct_fixed.estimate) == (6, 2, 1)


def test_tallies_of_blocks_and_chunks_add_up() -> None:
    masks = relation_masks(masked("b", 1), masked("c", 2))
    tallies: Tallies = {}
    mask_block(masks, b"1\tX\ty\n", tallies, SEED)
    mask_block(masks, b"1\tX\tY\n1\t\\N\tZ\n", tallies, SEED)
    _, other = run(masks, b"1\tX\tQ\n")
    into: Tallies = {}
    merge_tallies(into, tallies)
    merge_tallies(into, other)
    assert (into["b"].rows, into["b"].nulls, into["b"].fixed) == (4, 1, 3)
    assert (into["b"].distinct.estimate, into["b"].distinct_fixed.estimate) == (1, 1)
    assert (into["c"].distinct.estimate, into["c"].distinct_fixed.estimate) == (4, 3)
    assert other["b"].rows == 1


def hashes(count: int) -> Hashes:
    return np.random.default_rng(7).integers(0, 2**64 - 1, count, dtype=np.uint64)


def test_few_distinct_values_are_counted_exactly() -> None:
    sample = DistinctSample()
    for _ in range(3):
        sample.add(hashes(50_000))
    assert sample.estimate == 50_000


def test_many_distinct_values_are_estimated_from_a_bounded_sample() -> None:
    sample = DistinctSample()
    for part in np.array_split(hashes(1_000_000), 7):
        sample.add(part)
    assert len(sample.hashes) <= 50_000
    assert abs(sample.estimate - 1_000_000) < 20_000


@pytest.mark.parametrize("sizes", [(400_000, 10), (10, 400_000)])
def test_a_coarse_and_a_fine_sample_merge_either_way(sizes: tuple[int, int]) -> None:
    samples = []
    for size in sizes:
        sample = DistinctSample()
        sample.add(hashes(400_000)[-size:])
        samples.append(sample)
    samples[0].merge(samples[1])
    assert abs(samples[0].estimate - 400_000) < 10_000
