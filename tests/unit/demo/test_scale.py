from __future__ import annotations

import pytest

from dbtool.demo.scale import parse_scale


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("500", 500),
        ("10000", 10_000),
        ("10k", 10_000),
        ("200K", 200_000),
        ("1.5M", 1_500_000),
        ("10m", 10_000_000),
        (" 30M ", 30_000_000),
        ("0.5k", 500),
    ],
)
def test_a_scale_is_read_as_people_write_it(text: str, rows: int) -> None:
    assert parse_scale(text) == rows


@pytest.mark.parametrize(
    "text",
    ["", "k", "ten", "10g", "1e6", "-10k", "10 k", "10kk", "1.k", "\N{ARABIC-INDIC DIGIT ONE}0k", "9" * 400],
)
def test_what_is_no_number_of_rows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no number of rows; write"):
        parse_scale(text)


@pytest.mark.parametrize("text", ["499", "0", "0.4k"])
def test_a_shop_of_too_few_rows_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at least 500 rows"):
        parse_scale(text)
