"""A project's own list: read beside the rules, picked evenly or by weight, refused with the line that is wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext
from dbtool.masking.masks import MASKS
from dbtool.masking.pools import pools_digest

MASK = MASKS["dictionary"]
DIGEST = ProjectKey(b"k" * 32).digest_for("dictionary")
VALUES = pl.Series([f"value {number}" for number in range(20_000)])


def masked(folder: Path, content: bytes | str, column: ColumnType | None = None, **options: Any) -> list[str]:
    (folder / "words.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    context = MaskContext(column or ColumnType("text", "text"), DIGEST, folder=folder)
    bound = MASK.bind(MASK.options.model_validate({"file": "words.txt", **options}), context)
    outputs: list[str] = bound(VALUES, pl.DataFrame()).to_list()
    return outputs


def refusal(folder: Path, content: bytes | str, **options: Any) -> str:
    with pytest.raises(DoesNotFit) as refused:
        masked(folder, content, **options)
    assert refused.value.alternative
    return refused.value.reason


def test_every_word_comes_about_as_often(tmp_path: Path) -> None:
    counts = Counter(masked(tmp_path, "red\ngreen\nblue\ngreen\n"))
    assert set(counts) == {"red", "green", "blue"}
    assert min(counts.values()) > 6300


def test_a_weight_says_how_often_a_word_comes(tmp_path: Path) -> None:
    counts = Counter(masked(tmp_path, "often\t8\nseldom\t1.5\nnow and then\t0.5", weights=True))
    assert counts["often"] == pytest.approx(16_000, rel=0.05)
    assert counts["seldom"] == pytest.approx(3000, rel=0.1)
    assert counts["now and then"] == pytest.approx(1000, rel=0.2)


def test_capacity_is_what_two_values_meet_by(tmp_path: Path) -> None:
    context = MaskContext(ColumnType("text", "text"), DIGEST, folder=tmp_path)
    (tmp_path / "words.txt").write_text("often\t98\nseldom\t1\nnever\t1")
    assert MASK.capacity(MASK.options.model_validate({"file": "words.txt"}), context) == 3
    assert MASK.capacity(MASK.options.model_validate({"file": "words.txt", "weights": True}), context) == 1


def test_lines_of_windows_blank_lines_and_a_byte_order_mark_are_no_words(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbfred\r\n\r\n  green \r\n\t\r\nblue"
    assert set(masked(tmp_path, content)) == {"red", "green", "blue"}


def test_the_order_of_lines_changes_nothing(tmp_path: Path) -> None:
    assert masked(tmp_path, "a\nb\nc") == masked(tmp_path, "c\na\nb")


def test_a_file_that_was_edited_is_read_again(tmp_path: Path) -> None:
    assert set(masked(tmp_path, "red")) == {"red"}
    assert set(masked(tmp_path, "green")) == {"green"}


@pytest.mark.parametrize("content", ["red\ngreen\n", "green\nred\nblue\n"])
def test_the_list_is_part_of_the_digest_that_shows_drift(tmp_path: Path, content: str) -> None:
    masked(tmp_path, "red\ngreen\nblue\n")
    before = pools_digest()
    masked(tmp_path, content)
    assert pools_digest() != before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "words.txt holds no word"),
        (b" \n\r\n\t\n", "words.txt holds no word"),
        (b"red\ncaf\xe9\n", "line 2 of words.txt is not UTF-8"),
        (b"r\x00e\x00d\x00", "line 1 of words.txt holds NUL, which PostgreSQL has no text with"),
        (b"red\n" + b"x" * 10_001, "line 2 of words.txt has more than 10,000 characters"),
    ],
    ids=["empty", "blank", "latin 1", "NUL", "long"],
)
def test_what_is_no_list_is_refused_with_its_line(tmp_path: Path, content: bytes, reason: str) -> None:
    assert refusal(tmp_path, content) == reason


@pytest.mark.parametrize(
    "line", ["red", "red\t", "red\t0", "red\t-1", "red\tnan", "red\tinf", "\t3", "red 3"]
)
def test_a_line_without_a_weight_is_refused(tmp_path: Path, line: str) -> None:
    reason = "line 2 of words.txt is no value, tab and weight above 0"
    assert refusal(tmp_path, f"green\t1\n{line}\n", weights=True) == reason


def test_a_file_of_hundreds_of_megabytes_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as large:
        large.truncate(300 << 20)
    assert refusal(tmp_path, "red", file="large.txt") == "large.txt has 300 MB, and at most 64 are read"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.txt", "cannot be read: no such file or directory"),
        ("folder", "cannot be read: is a directory"),
        ("words.txt/deeper.txt", "cannot be read: not a directory"),
        ("a\0b", "cannot be read: no such path"),
    ],
)
def test_a_file_that_cannot_be_read_says_where_it_was_looked_for(
    tmp_path: Path, name: str, reason: str
) -> None:
    (tmp_path / "folder").mkdir()
    assert refusal(tmp_path, "red", file=name) == f"{name} in {tmp_path} {reason}"


def test_a_path_of_one_machine_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "words.txt")
    assert refusal(tmp_path, "red", file=path) == f"{path} is a path of this machine alone"


def test_a_word_that_could_overflow_is_refused(tmp_path: Path) -> None:
    column = ColumnType("varchar(4)", "varchar", length=4)
    assert "texts of up to 5 characters" in refusal(tmp_path, "red\ngreen", column=column)
    assert set(masked(tmp_path, "red\nblue", column=column)) == {"red", "blue"}


@pytest.mark.parametrize("options", [{}, {"file": ""}, {"file": 7}, {"file": "x", "weights": "yes please"}])
def test_options_that_name_no_file_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MASK.options.model_validate(options)
