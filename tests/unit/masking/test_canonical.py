"""The steps that make one person's spellings one."""

from __future__ import annotations

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnType
from dbtool.digest import ProjectKey
from dbtool.masking.canonical import canonicalise, plan_key
from dbtool.masking.mask import DoesNotFit, MaskContext

DIGEST = ProjectKey(b"k" * 32).digest_for("d")


@pytest.mark.parametrize(
    ("step", "value", "expected"),
    [
        ("trim", " \tAda\u00a0\n", "Ada"),
        ("casefold", "STRASSE", "strasse"),
        ("casefold", "Straße", "strasse"),
        ("casefold", "ΌΣΟΣ", "όσοσ"),
        ("nfc", "Zoe\u0308", "Zo\u00eb"),
        ("digits", "+44 (0)20 7946-0958", "442079460958"),
        ("digits", "0044 20 7946 0958", "442079460958"),
        ("digits", "020 7946 0958", "2079460958"),
        ("digits", "none", ""),
    ],
)
def test_each_step_levels_its_difference(step: str, value: str, expected: str) -> None:
    assert canonicalise(pl.Series([value, None, "plain"]), (step,)).to_list()[:2] == [expected, None]


def test_steps_are_applied_in_order() -> None:
    assert canonicalise(pl.Series(["  ZOE\u0308 "]), ("trim", "casefold", "nfc")).to_list() == ["zo\u00eb"]


def key_of(base: str, value: str, steps: tuple[str, ...] | None = None) -> str | None:
    context = MaskContext(ColumnType(base, base), DIGEST, canonical=steps)
    key: str | None = plan_key(context, ("trim",))(pl.Series([value]))[0]
    return key


def test_the_domain_overrides_the_masks_own_steps() -> None:
    assert key_of("text", " Ada ") == "Ada"
    assert key_of("text", " Ada ", ()) == " Ada "
    assert key_of("text", " Ada ", ("casefold",)) == " ada "


def test_blanks_that_pad_a_char_column_are_no_part_of_the_key() -> None:
    assert key_of("bpchar", "Ada   ", ()) == "Ada"
    assert key_of("text", "Ada   ", ()) == "Ada   "


def test_citext_is_keyed_without_regard_to_case() -> None:
    assert key_of("citext", "ADA", ()) == key_of("citext", "ada", ())


def test_what_a_collation_calls_equal_is_one_key() -> None:
    context = MaskContext(ColumnType("text", "text"), DIGEST, canonical=(), equates_spellings=True)
    composed, decomposed = plan_key(context, ())(pl.Series(["ZO\u00cb", "zoe\u0308"]))
    assert composed == decomposed == "zo\u00eb"


def test_an_unknown_step_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DoesNotFit) as refusal:
        key_of("text", "x", ("soundex",))
    assert "soundex" in refusal.value.reason
    assert "casefold" in refusal.value.alternative
