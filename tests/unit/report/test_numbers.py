import pytest

from dbtool.report.numbers import human_bytes, human_count, human_seconds


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (12_345_678, "12,345,678"), (-1, "unknown"), (-7, "unknown")]
)
def test_counts_have_thousands_and_the_planner_s_minus_one_is_unknown(number: int, text: str) -> None:
    assert human_count(number) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (100 * 1024, "100 KiB"),
        (102_390, "100 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (1_503_238_553, "1.4 GiB"),
        (1024**3 - 1, "1.0 GiB"),
        (2 * 1024**4, "2.0 TiB"),
        (5000 * 1024**4, "5000 TiB"),
    ],
)
def test_sizes_are_in_binary_units_to_three_figures(size: int, text: str) -> None:
    assert human_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 s"),
        (9.94, "9.9 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (60.0, "1 min 00 s"),
        (119.6, "2 min 00 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 00 min"),
        (7322.0, "2 h 02 min"),
    ],
)
def test_durations_never_carry_a_full_unit(seconds: float, text: str) -> None:
    assert human_seconds(seconds) == text
