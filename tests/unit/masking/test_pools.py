"""Pools: the same in every process, in the key's own order, evenly picked."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit
from dbtool.masking.pools import (
    is_number_first,
    load_pool,
    load_slugs,
    pick,
    pool_digests,
    pools_digest,
    shorten,
    shuffle,
)

KEY = ProjectKey(b"k" * 32)


def test_another_process_makes_the_same_pool() -> None:
    script = (
        "from dbtool.masking.pools import load_pool, pools_digest\n"
        "load_pool('company', 'en_GB')\nprint(pools_digest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_a_pools_digest_follows_its_words() -> None:
    digests = pool_digests([("city", "en_GB"), ("city", "de_DE")])
    assert list(digests) == ["city/de_DE", "city/en_GB"]
    assert len(set(digests.values())) == 2
    assert len(pools_digest()) == 64


def test_words_are_one_line_without_blanks_around_and_all_different() -> None:
    words = load_pool("street", "fr_FR")
    assert len(set(words)) == len(words)
    assert all(word == word.strip() and word.isprintable() for word in words)


def test_the_order_is_the_keys() -> None:
    words = load_pool("last_name", "en_US")
    orders = [
        shuffle(words, digest, "last_name").to_list()
        for digest in (KEY.digest_for("a"), KEY.digest_for("b"), ProjectKey(b"z" * 32).digest_for("a"))
    ]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(orders[2]) == list(words)
    assert orders[0] != orders[1]
    assert orders[0] != orders[2]


def test_every_word_is_picked_about_as_often() -> None:
    pool = pl.Series([str(number) for number in range(10)])
    words = KEY.digest_for("a").uint64(pl.Series([str(number) for number in range(20_000)]))
    counts = np.array([count for _, count in pick(pool, words).value_counts().rows()])
    assert len(counts) == 10
    assert counts.min() > 1800
    assert counts.max() < 2200


def test_shortening_keeps_what_fits_and_refuses_when_little_is_left() -> None:
    words = load_pool("city", "en_US")
    assert max(map(len, shorten(words, 12, "towns"))) == 12
    with pytest.raises(DoesNotFit, match="only 0 of the locale's towns have at most 3 characters"):
        shorten(words, 3, "towns")


def test_an_unknown_locale_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DoesNotFit) as refusal:
        load_pool("city", "tlh_QO")
    assert "en_GB" in refusal.value.alternative


def test_a_script_without_ascii_names_borrows_english_ones_for_addresses() -> None:
    assert load_slugs("ja_JP") == load_slugs("en_US")
    assert all(slug.isascii() and slug.islower() for slug in load_slugs("de_DE"))


def test_the_house_number_stands_where_the_locale_puts_it() -> None:
    assert is_number_first("en_GB")
    assert not is_number_first("de_DE")


def test_faker_is_imported_only_when_a_pool_is_made() -> None:
    script = "import sys, dbtool.masking.masks\nprint('faker' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
