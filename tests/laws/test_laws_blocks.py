"""Cutting a stream into blocks, wherever the pipe happens to cut it."""

import io
from collections.abc import Iterator
from typing import IO, cast

from hypothesis import given
from hypothesis import strategies as st

from dbtool.postgres.copy_io import read_blocks
from tests.examples import examples

brief = examples(300)
contents = st.lists(st.sampled_from([b"a", b"\n", b"bc\n", b"\n\n", b"0123456789" * 3])).map(b"".join)


class Dribble(io.RawIOBase):
    """A pipe that gives at most as many bytes at a time as ``sizes`` say, over and over."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._unread, self._sizes, self._turn = content, sizes, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader would hand in, too
        size = min(self._sizes[self._turn % len(self._sizes)], len(buffer))
        self._turn += 1
        given, self._unread = self._unread[:size], self._unread[size:]
        buffer[: len(given)] = given
        return len(given)


def blocks_of(content: bytes, sizes: list[int], size: int, *, whole_lines: bool) -> Iterator[bytes]:
    return read_blocks(cast("IO[bytes]", Dribble(content, sizes)), size, whole_lines=whole_lines)


pipes = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@brief
@given(contents, pipes, st.integers(1, 40), st.booleans())
def test_blocks_joined_are_the_stream(content: bytes, sizes: list[int], size: int, whole_lines: bool) -> None:
    blocks = list(blocks_of(content, sizes, size, whole_lines=whole_lines))
    assert b"".join(blocks) == content
    assert all(blocks)


@brief
@given(contents, pipes, st.integers(1, 40))
def test_every_block_but_the_last_ends_at_a_line_s_end(content: bytes, sizes: list[int], size: int) -> None:
    blocks = list(blocks_of(content, sizes, size, whole_lines=True))
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@brief
@given(contents, pipes, st.integers(1, 40))
def test_a_block_is_larger_than_asked_only_for_a_line_that_is(
    content: bytes, sizes: list[int], size: int
) -> None:
    longest = max((len(line) for line in content.splitlines(keepends=True)), default=0)
    for block in blocks_of(content, sizes, size, whole_lines=True):
        assert len(block) <= max(size, 4 * longest)
    for block in blocks_of(content, sizes, size, whole_lines=False):
        assert len(block) <= size
