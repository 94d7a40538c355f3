"""name → mask, written out: a mask is in the product when it stands here, in the module of its name.

Each is imported when it is asked for: a run uses some of them, and waits for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from dbtool.masking.mask import Mask, Registry

_NAMES = (
    "account",
    "address",
    "amount_noise",
    "birth_date",
    "bucket",
    "card",
    "category",
    "city",
    "company",
    "constant",
    "dictionary",
    "email",
    "empty",
    "faker",
    "file",
    "first_name",
    "full_name",
    "iban",
    "ip",
    "last_name",
    "lorem",
    "mac",
    "national_id",
    "noise",
    "null",
    "permute_digits",
    "permute_format",
    "permute_integer",
    "phone",
    "postcode",
    "python",
    "redact",
    "shift_date",
    "sql",
    "street",
    "template",
    "token",
    "url",
    "user_agent",
    "username",
    "uuid",
    "word",
)


class _Masks(Mapping[str, Mask]):
    def __getitem__(self, name: str) -> Mask:
        if name not in _NAMES:
            raise KeyError(name)
        mask: Mask = import_module(f"{__name__}.{name}").MASK
        return mask

    def __contains__(self, name: object) -> bool:
        return name in _NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


MASKS: Registry = _Masks()
