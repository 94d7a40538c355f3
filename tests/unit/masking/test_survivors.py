import numpy as np
import polars as pl
import pytest

from dbtool.masking import survivors
from dbtool.masking.survivors import (
    Hashes,
    Originals,
    common_hashes,
    distinct_hashes,
    hash_originals,
    hash_tokens,
    hash_whole,
)

SEED = 7


def column(*values: str | None) -> pl.Series:
    return pl.Series("c", values, dtype=pl.String)


def is_found(original: str, text: str) -> bool:
    originals = Originals()
    originals.add(hash_originals(column(original), SEED))
    return len(originals.found_in(hash_tokens(column(text), SEED))) > 0


def numbers(*values: int) -> Hashes:
    return np.array(values, dtype=np.uint64)


@pytest.mark.parametrize(
    ("original", "text"),
    [
        # e-mail addresses
        ("ada@x.org", "Mail ADA@X.ORG, please."),
        ("Ada@X.org", "<ada@x.org>"),
        ("ada@x.org", "<mail>ada&#64;x.org</mail>"),
        ("o'hara@x.org", "<mail to='o&apos;hara&#x40;x.org'/>"),
        ("ada@x.org", r'{"mail": "ada\u0040x.org"}'),
        ("zoë@x.org", r'{"mail": "zo\u00EB@x.org", "smile": "\ud83d\ude00", "half": "\ud83d"}'),
        ("https://x.org/ada1", r'{"page": "https:\/\/x.org\/ada1"}'),
        ("ada@x.org", "'ada@x.org'"),
        ("ada@x.org", "mailto:ada@x.org?subject=x"),
        ("ada@x.org", "https://x.org/?u=ada@x.org&n=1"),
        ("ada@x.org", "line\tada@x.org\nline"),
        ("o'brien@x.org", "write to o'brien@x.org."),
        ("a.d+a_x-y%z@mail.x.co.uk", "at a.d+a_x-y%z@mail.x.co.uk!"),
        ("zoë@müller.de", "von ZOË@MÜLLER.DE."),
        ("ada@x.org", '{"mail": "ada@x.org", "n": 1}'),
        ("ada@x.org", '{"a": ["b@y.org", {"c": "ada@x.org"}]}'),
        ("ada@x.org", "{ada@x.org,NULL,b@y.org}"),
        ("ada@x.org", "<mail>ada@x.org</mail>"),
        # telephone numbers
        ("+44 20 7946 0958", "call +442079460958 now"),
        ("+442079460958", "call +44 20 7946 0958 now"),
        ("0044 20 7946 0958", "call +44 (20) 7946-0958 now"),
        ("+44 (0)20 7946 0958", "call +44 20 7946 0958 now"),
        ("+44 20 7946 0958", "call +44 (0) 20 7946 0958 now"),
        ("020 7946 0958", "call (020) 7946-0958"),
        ("020 7946 0958", "call 02079460958"),
        ("02079460958", "call 020 7946 0958"),
        ("+1 (212) 555-0199", "call 1-212-555-0199"),
        ("01.23.45.67.89", "appelez le 01 23 45 67 89 !"),
        ("020 7946 0958", "020 7946 0958, 2 children"),
        ("020 7946 0959", "020 7946 0958 / 020 7946 0959"),
        ("020 7946 0958", '{"tel": "020 7946 0958"}'),
        ("020 7946 0958", '{"020 7946 0958",x}'),
        # cards, accounts, keys, addresses
        ("4111111111111111", "card 4111 1111 1111 1111 until 12/26"),
        ("4111 1111 1111 1111", "card 4111-1111-1111-1111"),
        ("GB29NWBK60161331926819", "to GB29NWBK60161331926819."),
        ("GB29NWBK60161331926819", "to GB29 NWBK 6016 1331 9268 19."),
        ("GB29 NWBK 6016 1331 9268 19", "to GB29NWBK60161331926819."),
        ("GB29 NWBK 6016 1331 9268 19", "to GB29 NWBK 6016 1331 9268 19 today"),
        ("NO9386011117947", "til NO93 8601 1117 947"),
        ("5f1c9eab-0a3d-4f7e-9b1c-0123456789ab", "session 5F1C9EAB-0A3D-4F7E-9B1C-0123456789AB ended"),
        ("sk_live_51HxYz", "key=sk_live_51HxYz;"),
        ("anna_k_1990", "@anna_k_1990 wrote"),
        ("10.1.22.133", "from 10.1.22.133:80"),
        ("2001:db9::8a2e:370:7334", '{"ip": "2001:db9::8a2e:370:7334"}'),
        # whole texts
        ("correct horse battery staple", '{"phrase": "correct horse battery staple"}'),
        ("correct horse battery staple", '{"Correct Horse Battery Staple",x}'),
    ],
)  # fmt: skip
def test_an_original_is_found_wherever_it_stands(original: str, text: str) -> None:
    assert is_found(original, text)


@pytest.mark.parametrize(
    ("original", "text"),
    [
        ("ada@x.org", "bada@x.org"),
        ("ada@x.org", "ada@x.organ"),
        ("ada@x.org", "ada at x.org"),
        ("ada@x.org", ""),
        ("1234", "the code is 1234"),
        ("unknown", "unknown"),
        ("Excellent service", "Excellent service"),
        ("202-401-0210", "seen 2024-01-02 10:00:00"),
        ("+20 240 102 0304", "on 2024-01-02 03.04"),
        ("+1 212 551 2345", "from 121.255.123.45"),
        ("123 456 7891", "it costs 1234567.891"),
        ("2079460958", "order 2079460959"),
        ("212 555 0199", "order 2125550199"),
        ("020 7946 0958", "20 7946 095"),
    ],
)
def test_what_is_not_the_original_is_not_taken_for_it(original: str, text: str) -> None:
    assert not is_found(original, text)


def test_a_column_of_its_own_is_searched_whole() -> None:
    originals = Originals()
    originals.add(hash_originals(column(" Ada@x.org ", None, ""), SEED))
    assert len(originals.found_in(hash_whole(column("ada@X.ORG"), SEED))) == 1
    assert len(originals.found_in(hash_whole(column("to ada@x.org"), SEED))) == 0


def test_another_seed_finds_nothing() -> None:
    originals = Originals()
    originals.add(hash_originals(column("ada@x.org"), SEED))
    assert len(originals.found_in(hash_tokens(column("ada@x.org"), SEED + 1))) == 0


def test_columns_without_a_value_have_no_hash() -> None:
    for hashing in (hash_originals, hash_whole, hash_tokens):
        assert len(hashing(column(), SEED)) == 0
        assert len(hashing(column(None, "", "x"), SEED)) == 0


def test_distinct_hashes_are_sorted() -> None:
    assert distinct_hashes(numbers(3, 1, 3), numbers(2, 1)).tolist() == [1, 2, 3]
    assert distinct_hashes().tolist() == []
    assert distinct_hashes(numbers()).tolist() == []
    assert distinct_hashes(numbers(2**64 - 1, 0)).tolist() == [0, 2**64 - 1]


def test_common_hashes_are_those_of_both() -> None:
    assert common_hashes(numbers(9, 1, 9, 4), numbers(1, 5, 9)).tolist() == [1, 9]
    assert common_hashes(numbers(2**64 - 1), numbers(1)).tolist() == []
    assert common_hashes(numbers(), numbers(1)).tolist() == []
    assert common_hashes(numbers(1), numbers()).tolist() == []


@pytest.fixture
def _small_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2 MB, not 128."""
    monkeypatch.setattr(survivors, "_FILTER_BITS", 24)


@pytest.mark.usefixtures("_small_filters")
def test_beyond_the_limit_the_set_is_a_filter_that_never_says_no_wrongly() -> None:
    draw = np.random.default_rng(7)
    known = draw.integers(0, 2**64 - 1, 20_000, dtype=np.uint64)
    others = draw.integers(0, 2**64 - 1, 100_000, dtype=np.uint64)
    originals = Originals(limit=10_000)
    originals.add(known[:15_000])
    assert originals.found_in(known[:15_000]).tolist() == distinct_hashes(known[:15_000]).tolist()
    assert not originals.exact
    originals.add(known[15_000:])
    assert originals.found_in(known).tolist() == distinct_hashes(known).tolist()
    assert len(originals.found_in(others)) < 10
    assert originals.found_in(numbers()).tolist() == []


@pytest.mark.usefixtures("_small_filters")
def test_a_filter_counts_what_is_new_to_it() -> None:
    known = np.random.default_rng(7).integers(0, 2**64 - 1, 20_000, dtype=np.uint64)
    originals = Originals(limit=10)
    originals.add(known)
    originals.found_in(numbers())
    originals.add(known)
    assert 19_990 <= originals.count <= 20_000


def test_up_to_the_limit_the_set_is_exact() -> None:
    originals = Originals(limit=3)
    originals.add(numbers(1, 2, 3))
    originals.add(numbers(3, 2))
    assert originals.found_in(numbers(0, 3, 3, 4)).tolist() == [3]
    assert originals.exact
    assert originals.count == 3


def test_the_digits_of_an_internet_address_are_no_telephone() -> None:
    assert not is_found("50.81.83.186", '{"display_name": "amelia_c6e0508183186c36"}')
    assert not is_found("50.81.83.186/24", "call 0508183186")
    assert is_found("50.81.83.186", "from 50.81.83.186 at noon")
    assert is_found("508.183.1866", "call 0508 183 1866")
