"""What is masked together comes apart again: every chunk in one group, every row in its own partition."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.masking.compile import ColumnMask, RelationMasks
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.refresh.chunks import Chunk
from dbtool.refresh.together import count_rows, group_chunks, split_rows

COLUMN = Column("email", ColumnType("text", "text"))
EMAIL = ColumnMask(
    "email", 0, MASKS["email"], "email", Overlap.DISJOINT, (), lambda values, _by: values, None, 0.0
)
# Four partitions each of a masked table and of one that is not, and a table without any.
MASKS_OF = {
    RelationName(root, f"p{number}"): RelationMasks(
        Relation(
            RelationName(root, f"p{number}"),
            RelationKind.TABLE,
            (COLUMN,),
            partition_root=RelationName(root, "all"),
        ),
        (EMAIL,) if root == "masked" else (),
    )
    for root in ("masked", "kept")
    for number in range(4)
} | {
    RelationName("plain", "t"): RelationMasks(
        Relation(RelationName("plain", "t"), RelationKind.TABLE, (COLUMN,)), (EMAIL,)
    )
}
CHUNKS = st.lists(
    st.builds(Chunk, st.sampled_from(sorted(MASKS_OF)), st.integers(0, 9), bytes=st.integers(0, 3 << 20))
)
ROWS = st.lists(st.binary(max_size=6).map(lambda row: row.replace(b"\n", b"\\n") + b"\n"), max_size=5)


@given(CHUNKS)
def test_grouping_is_a_partition_of_the_chunks(chunks: list[Chunk]) -> None:
    groups = group_chunks(chunks, MASKS_OF)
    assert Counter(chunk for group in groups for chunk in group) == Counter(chunks)
    firsts = [next(at for at, chunk in enumerate(chunks) if chunk is group[0]) for group in groups]
    assert firsts == sorted(firsts)
    for group in groups:
        at = [next(place for place, chunk in enumerate(chunks) if chunk is one) for one in group]
        assert at == sorted(at)
        if len(group) > 1:
            assert {MASKS_OF[one.relation].relation.ruled_by.schema for one in group} == {"masked"}
            assert len({one.relation for one in group}) == len(group)
            assert sum(one.bytes for one in group) <= 4 << 20


@given(st.lists(ROWS.map(b"".join)))
def test_blocks_that_are_joined_come_apart_as_they_were(blocks: list[bytes]) -> None:
    assert split_rows(b"".join(blocks), list(map(count_rows, blocks))) == blocks
