"""Long fields leave their block and come back into it; their windows show whatever is searched for whole."""

from __future__ import annotations

import polars as pl
import pytest

from dbtool import copytext
from dbtool.catalog.catalog import build_catalog
from dbtool.masking import long_values, survivors, translate
from dbtool.masking.block import Tallies, mask_block
from dbtool.masking.compile import plan_masking
from dbtool.masking.long_values import (
    LongField,
    find_long_fields,
    read_ends,
    read_windows,
    with_fields,
    without_fields,
)
from dbtool.masking.masks import MASKS
from dbtool.masking.survivors import Originals, hash_long_field, hash_originals, hash_tokens, hash_whole
from tests.unit.masking.compile_cases import KEEP, KEY, TEXT, USERS, rules, table, use

SEED = 3
LONG = b"ab\\tc " * 1_200  # 7.2 kB


@pytest.fixture(autouse=True)
def _everything_is_a_thousand_times_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {
        "_LONG_FIELD_BYTES": 2_000,
        "_ORDINARY_BLOCK_BYTES": 6_000,
        "_WINDOW_BYTES": 1_000,
        "_OVERLAP_BYTES": 120,
    }.items():
        monkeypatch.setattr(long_values, name, size)
    monkeypatch.setattr(survivors, "LONG_BYTES", 1_000)
    monkeypatch.setattr(translate, "LONG_BYTES", 1_000)
    monkeypatch.setattr(copytext, "_LONG", 1_000)
    monkeypatch.setattr(survivors, "_END", 100)


def test_long_fields_are_found_by_row_and_column() -> None:
    block = b"1\tshort\t\\N\n2\t" + LONG + b"\t" + LONG[:-1] + b"\n3\tx\ty\n"
    found = find_long_fields(block)
    assert [(field.row, field.column) for field in found] == [(1, 1), (1, 2)]
    assert [block[field.start : field.end] for field in found] == [LONG, LONG[:-1]]
    assert without_fields(block, found) == b"1\tshort\t\\N\n2\t\t\n3\tx\ty\n"


def test_they_come_back_whatever_the_other_fields_have_become() -> None:
    block = b"1\tshort\t\\N\n2\t" + LONG + b"\t7\n3\tx\ty\n"
    found = find_long_fields(block)
    assert with_fields(without_fields(block, found), found, block) == block
    masked = b"1\tsomething longer\t\\N\n\\N\t\tz\n3\t\t\\N\n"
    assert with_fields(masked, found, block) == b"1\tsomething longer\t\\N\n\\N\t" + LONG + b"\tz\n3\t\t\\N\n"


@pytest.mark.parametrize("block", [b"", b"1\tx\n", b"1\t" + LONG[:4_000] + b"\n"])
def test_blocks_of_usual_size_are_left_as_they_are(block: bytes) -> None:
    assert find_long_fields(block) == []


@pytest.mark.parametrize("part", ["word ", "solid", "ä€😀", "\\\\" * 30, "a\\\\b\\t", "\\\\ \\n"])
def test_windows_cover_a_text_and_cut_neither_characters_nor_escapes(part: str) -> None:
    text = "".join(f"{number}{part}" for number in range(300))
    data = b"before\t" + text.encode() + b"\tbehind"
    windows = list(read_windows(data, 7, 7 + len(text.encode())))
    assert "\ufffd" not in "".join(windows)
    assert len(windows) > 2
    assert text.startswith(windows[0])
    assert text.endswith(windows[-1])
    covered = 0
    for window in windows:
        at = text.find(window)
        assert 0 <= at <= covered
        assert (len(text[:at]) - len(text[:at].rstrip("\\"))) % 2 == 0
        covered = at + len(window)
    assert covered == len(text)


def test_a_word_of_half_an_overlap_is_whole_in_some_window() -> None:
    words = [f"{number}-{'x' * 40}" for number in range(300)]
    for gap in (" ", "\n", "  \t"):
        data = gap.join(words).encode()
        shown = " ".join(read_windows(data, 0, len(data)))
        assert [word for word in words if word not in shown] == []


def test_the_ends_of_a_long_text_are_its_first_and_last_windows() -> None:
    data = b"first " + LONG + b" last"
    first, last = read_ends(data, 0, len(data))
    assert first.startswith("first ab")
    assert last.endswith(" last")
    assert len(first) == pytest.approx(1_000, rel=0.1)
    assert len(last) == pytest.approx(1_000, rel=0.1)


def field_of(text: str) -> tuple[bytes, LongField]:
    raw = copytext.encode(pl.Series([text])).item().encode()
    block = b"1\t" + raw + b"\tx\n"
    (found,) = find_long_fields(block)
    return block, found


FILLING = "so it went on, and on\n\tand \\ on: "


@pytest.mark.parametrize(
    "text",
    [
        "mail to ada@lovelace.dk now",
        '{"mail": "ada@lovelace.dk"}',
        "\nada@lovelace.dk\n",
        "<ada@lovelace.dk>",
    ],
)
@pytest.mark.parametrize("place", [0, 950, 1_000, 1_050, 5_000, 7_900])
def test_an_original_is_found_anywhere_in_a_long_field(text: str, place: int) -> None:
    filling = (FILLING * 250)[:8_000]
    block, found = field_of(filling[:place] + " " + text + " " + filling[place:])
    originals = Originals()
    originals.add(hash_originals(pl.Series(["ada@lovelace.dk"]), SEED))
    assert len(originals.found_in(hash_long_field(block, found, SEED, tokens=True))) == 1
    assert len(originals.found_in(hash_long_field(block, found, SEED, tokens=False))) == 0


def test_a_quoted_string_is_found_whichever_quote_a_window_begins_behind() -> None:
    names = [f"Augusta Ada King, Countess of L. {number}" for number in range(200)]
    block, found = field_of("[" + ", ".join(f'"{name}"' for name in names) + "]")
    originals = Originals()
    originals.add(hash_originals(pl.Series(names), SEED))
    met = originals.found_in(hash_long_field(block, found, SEED, tokens=True))
    assert len(met) == len(names)


def test_a_long_original_is_found_as_a_whole_in_any_case_and_padding() -> None:
    text = "Ä" + (FILLING * 250)[:8_000] + "Ö"
    originals = Originals()
    originals.add(hash_originals(pl.Series([text, None, "short1"]), SEED))
    assert len(originals.found_in(hash_whole(pl.Series([f"  {text.upper()} \n"]), SEED))) == 1
    assert len(originals.found_in(hash_long_field(*field_of(f" {text}  "), SEED, tokens=False))) == 1
    assert len(originals.found_in(hash_whole(pl.Series([f"x{text}"]), SEED))) == 0
    assert len(originals.found_in(hash_whole(pl.Series(["short1"]), SEED))) == 1


def test_long_texts_that_are_there_as_texts_have_the_same_tokens() -> None:
    text = (FILLING * 250)[:3_000] + " ada@lovelace.dk " + (FILLING * 250)[:3_000]
    originals = Originals()
    originals.add(hash_originals(pl.Series(["ada@lovelace.dk"]), SEED))
    assert len(originals.found_in(hash_tokens(pl.Series([text, "x", None]), SEED))) == 1


def test_a_long_value_is_masked_and_kept_as_a_short_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken out of its block or not: what comes of it is the same."""
    long = "Ada\\twrote \\\\ " * 800
    blocks = [
        f"1\t{long}\t{long}\n2\tshort\tshort\n\\N\t\\N\t{long}\n".encode(),
        f"7\t{long}\t\\N\n".encode(),
    ]
    plan = plan_masking(
        build_catalog(180000, [table("users", id=TEXT, note=TEXT, other=TEXT)]),
        rules(users={"id": use("token"), "note": use("redact"), "other": KEEP}),
        KEY,
        MASKS,
    )
    masks = plan.relations[USERS]
    tallies: Tallies = {}
    pieces = [mask_block(masks, block, tallies, SEED) for block in blocks]
    assert (tallies["note"].rows, tallies["note"].nulls) == (4, 1)
    monkeypatch.setattr(long_values, "_ORDINARY_BLOCK_BYTES", 1_000_000)
    assert pieces == [mask_block(masks, block, {}, SEED) for block in blocks]
    assert pieces[0][0].count(long.encode()) == 2
    assert pieces[0][0].count(b"Xxx\\txxxxx \\\\ ") == 800


def test_a_long_stand_in_that_the_source_made_passes_as_it_came() -> None:
    block = b"1\t" + LONG * 2 + b"\n"
    plan = plan_masking(
        build_catalog(180000, [table("users", id=TEXT, note=TEXT)]),
        rules(users={"id": use("token"), "note": use("sql", expression="upper(note)")}),
        KEY,
        MASKS,
    )
    assert find_long_fields(block)
    masked, _ = mask_block(plan.relations[USERS], block, {}, SEED)
    assert masked.endswith(b"\t" + LONG * 2 + b"\n")
