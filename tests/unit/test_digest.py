import hashlib
import hmac

import polars as pl
import pytest

from dbtool.digest import Digest, ProjectKey, read_word
from dbtool.errors import ConfigurationInvalid

SECRET = b"a secret key of 32 bytes, or 33!!"
KEY = ProjectKey(SECRET)
VALUES = pl.Series("v", ["ada@x.org", None, "", "é", "x" * 1000])


def reference(domain: str, value: str) -> str:
    """What the documentation promises, written with the standard library alone."""
    derived = hmac.new(SECRET, f"dbtool domain {domain}".encode(), hashlib.sha256).digest()
    return hmac.new(derived.hex().encode(), value.encode(), hashlib.sha256).hexdigest()


def test_the_digest_is_hmac_sha256_under_the_domain_s_key() -> None:
    expected = [None if value is None else reference("email", value) for value in VALUES]
    assert KEY.digest_for("email").hex(VALUES).to_list() == expected


def test_words_are_the_digest_s_64_bit_pieces() -> None:
    words = KEY.digest_for("email").uint64s(VALUES, 4)
    for index, word in enumerate(words):
        assert word.dtype == pl.UInt64
        assert word.to_list() == [
            None if value is None else int(reference("email", value)[16 * index : 16 * index + 16], 16)
            for value in VALUES
        ]
    assert KEY.digest_for("email").uint64(VALUES).to_list() == words[0].to_list()


def test_the_largest_word_is_read_exactly() -> None:
    assert read_word(pl.Series(["f" * 64]), 3).to_list() == [2**64 - 1]


def test_no_value_has_no_digest() -> None:
    assert KEY.digest_for("email").hex(pl.Series([], dtype=pl.String)).to_list() == []


def test_domains_and_keys_are_unlinkable() -> None:
    one, other = KEY.digest_for("email"), KEY.digest_for("phone")
    elsewhere = ProjectKey(SECRET[::-1]).digest_for("email")
    found = [digest.hex(VALUES).to_list() for digest in (one, other, elsewhere)]
    assert not set(filter(None, found[0])) & set(filter(None, found[1] + found[2]))
    assert one == KEY.digest_for("email")


def test_key_material_differs_by_purpose_and_domain_and_repeats() -> None:
    digest = KEY.digest_for("email")
    assert digest.subkey("cipher") == digest.subkey("cipher")
    assert (
        len({digest.subkey("cipher"), digest.subkey("other"), KEY.digest_for("phone").subkey("cipher")}) == 3
    )
    assert [len(digest.subkey("cipher", length)) for length in (1, 16, 32)] == [1, 16, 32]
    assert digest.seed("pool") != digest.seed("other")
    assert 0 <= digest.seed("pool") < 2**64


def test_the_key_s_id_tells_keys_apart_and_nothing_else() -> None:
    assert KEY.key_id == ProjectKey(SECRET).key_id
    assert KEY.key_id != ProjectKey(SECRET + b"!").key_id
    assert len(KEY.key_id) == 16
    assert KEY.survivors_seed() not in {int(KEY.key_id, 16), ProjectKey(SECRET[::-1]).survivors_seed()}


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_short_key_is_refused_without_being_shown(length: int) -> None:
    with pytest.raises(ConfigurationInvalid, match=rf"has {length} bytes and needs at least 32") as failure:
        ProjectKey(SECRET[:length])
    assert length < 2 or SECRET[:length].decode() not in str(failure.value)


def test_no_key_is_ever_shown() -> None:
    shown = repr(KEY) + repr(KEY.digest_for("email"))
    derived = hmac.new(SECRET, b"dbtool domain email", hashlib.sha256).digest()
    for secret in (SECRET.decode(), SECRET.hex(), derived.hex(), repr(derived)):
        assert secret not in shown
    assert repr(KEY.digest_for("email")) == "Digest(domain='email')"
    assert isinstance(KEY.digest_for("email"), Digest)
