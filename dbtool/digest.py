"""HMAC per domain: the whole of consistency.

One person gets one stand-in because the digest depends on the project's key, the domain and the value and on
nothing else. Two domains are unlinkable without the key, since each has a key of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from dbtool.errors import ConfigurationInvalid

# A key is at hand before anything is hashed, and refresh/looking.py says why what hashes is loaded no sooner than it must.
if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

MINIMUM_KEY_BYTES = 32


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, purpose.encode(), hashlib.sha256).digest()


def make_block_cipher(key: bytes) -> CipherContext:
    """AES with ``key`` of 16, 24 or 32 bytes, block by block: each of 16 bytes is a separate question to a keyed function."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  ECB is the bare block cipher


def read_word(digits: pl.Series, index: int) -> pl.Series:
    """The 64 bits at 0 ≤ ``index`` < 4 of what ``Digest.hex`` gave, as UInt64; NULL stays NULL."""
    import polars as pl

    return digits.str.slice(16 * index, 16).str.to_integer(base=16, dtype=pl.UInt64)


@dataclass(frozen=True, slots=True)
class Digest:
    """The keyed hash of one domain. ``_key`` is derived; the project's key cannot be had from it."""

    domain: str
    _key: bytes = field(repr=False)

    def hex(self, values: pl.Series) -> pl.Series:
        """HMAC-SHA256 of each text as 64 hexadecimal digits; NULL stays NULL.

        The MAC's key is the derived key's hexadecimal text, because polars_hash takes a str.
        """
        import polars as pl
        import polars_hash  # noqa: F401  registers the chash and nchash namespaces

        return values.to_frame("v").select(pl.col("v").chash.hmac_sha256(key=self._key.hex())).to_series()  # type: ignore[attr-defined]

    def uint64(self, values: pl.Series) -> pl.Series:
        """The first 64 bits of the HMAC as UInt64; NULL stays NULL."""
        return self.uint64s(values, 1)[0]

    def uint64s(self, values: pl.Series, count: int) -> tuple[pl.Series, ...]:
        """``count`` ≤ 4 independent words of 64 bits per text, as UInt64; NULL stays NULL."""
        digits = self.hex(values)
        if count == 1 or digits.has_nulls() or digits.is_empty():
            return tuple(read_word(digits, index) for index in range(count))
        import numpy as np
        import polars as pl

        words = np.frombuffer(bytes.fromhex(digits.str.join().item()), dtype=">u8").reshape(-1, 4)
        return tuple(pl.Series(words[:, index].astype(np.uint64)) for index in range(count))

    def uint64_of_numbers(self, values: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The first 64 bits of AES(value, 0), which is as good a keyed hash of what fits in one block."""
        import numpy as np

        blocks = np.zeros((len(values), 2), "<u8")
        blocks[:, 0] = values.astype("<i8").view("<u8")
        encrypted = make_block_cipher(self.subkey("numbers")).update(blocks.tobytes())
        return np.frombuffer(encrypted, "<u8")[::2].astype(np.uint64)

    def subkey(self, purpose: str, length: int = 16) -> bytes:
        """Key material of ``length`` ≤ 32 bytes for a cipher within this domain (AES in permutations)."""
        return _derive(self._key, purpose)[:length]

    def seed(self, purpose: str) -> int:
        """A 64-bit seed for what must look random and repeat, such as the order of a pool."""
        return int.from_bytes(self.subkey(purpose, 8), "big")


@dataclass(frozen=True, slots=True)
class ProjectKey:
    """The project's masking key, of at least 32 bytes. Only ``key_id`` may be shown."""

    _key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self._key) < MINIMUM_KEY_BYTES:
            raise ConfigurationInvalid(
                f"the masking key has {len(self._key)} bytes and needs at least {MINIMUM_KEY_BYTES}; nothing was done. "
                "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
            )

    @property
    def key_id(self) -> str:
        return _derive(self._key, "dbtool key id").hex()[:16]

    def digest_for(self, domain: str) -> Digest:
        return Digest(domain, _derive(self._key, f"dbtool domain {domain}"))

    def survivors_seed(self) -> int:
        """Seed of the hashes that look for surviving originals; they never leave memory."""
        return int.from_bytes(_derive(self._key, "dbtool survivors")[:8], "big")
