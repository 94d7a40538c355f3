import polars as pl
import pytest

from dbtool import copytext
from dbtool.errors import ServerFailed


def test_a_null_an_empty_string_and_a_literal_backslash_n_stay_apart() -> None:
    frame = copytext.parse_block(b"\\N\t\t\\\\N\n", 3)
    assert frame.row(0) == (None, "", "\\\\N")
    assert copytext.decode(frame.to_series(2)).to_list() == ["\\N"]


def test_an_empty_block_has_all_columns_and_no_row() -> None:
    for width in (1, 2):
        frame = copytext.parse_block(b"", width)
        assert frame.shape == (0, width)
        assert frame.dtypes == [pl.String] * width
        assert copytext.render_block(frame) == b""


def test_an_empty_line_of_a_single_column_is_an_empty_string() -> None:
    assert copytext.parse_block(b"\n\n", 1).to_series().to_list() == ["", ""]


def test_a_block_that_begins_with_a_byte_order_mark_keeps_it() -> None:
    block = "\ufeffa\tb\n".encode()
    assert copytext.parse_block(block, 2).row(0) == ("\ufeffa", "b")


@pytest.mark.parametrize("width", [1, 2])
def test_a_block_that_ends_within_a_line_is_refused(width: int) -> None:
    with pytest.raises(ServerFailed, match=r"public\.t ended within a row") as failure:
        copytext.parse_block(b"a\tb\nsecret", width, of="public.t")
    assert failure.value.sqlstate is None
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("width", [1, 3])
def test_bytes_that_are_not_utf_8_are_refused_without_quoting_them(width: int) -> None:
    block = b"\t".join([b"secret \xe9"] * width) + b"\n"
    with pytest.raises(ServerFailed, match=r"public\.t holds text that is not UTF-8") as failure:
        copytext.parse_block(block, width, of="public.t")
    assert failure.value.sqlstate == "22021"
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("block", [b"secret\n", b"secret\t1\t2\n"])
def test_a_first_line_of_another_width_is_refused_without_quoting_it(block: bytes) -> None:
    with pytest.raises(ServerFailed, match=r"public\.t has a row of other than 2 fields") as failure:
        copytext.parse_block(block, 2, of="public.t")
    assert "secret" not in str(failure.value)


def test_a_later_line_with_more_fields_is_refused() -> None:
    with pytest.raises(ServerFailed, match="of other than 2 fields"):
        copytext.parse_block(b"a\tb\na\tb\tc\n", 2)


def test_a_block_of_many_lines_comes_back_whole() -> None:
    """The CSV reader works in threads from some size on."""
    block = b"".join(b"%d\tline one\\nline \\\\ two\t\\N\n" % number for number in range(60_000))
    frame = copytext.parse_block(block, 3)
    assert frame.height == 60_000
    assert copytext.decode(frame.to_series(1)).unique().to_list() == ["line one\nline \\ two"]
    assert copytext.render_block(frame) == block


@pytest.mark.parametrize(
    ("plain", "escaped"),
    [("\b", "b"), ("\f", "f"), ("\n", "n"), ("\r", "r"), ("\t", "t"), ("\v", "v"), ("\\", "\\")],
)
def test_every_sign_alone_is_escaped_and_read_back(plain: str, escaped: str) -> None:
    assert copytext.encode(pl.Series([plain, None, "x"])).to_list() == [f"\\{escaped}", None, "x"]
    assert copytext.decode(pl.Series([f"\\{escaped}", None, "x"])).to_list() == [plain, None, "x"]
