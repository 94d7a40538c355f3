"""name → mask, written out: a mask is in the product when it stands here."""

from __future__ import annotations

from dbtool.masking.mask import Registry
from dbtool.masking.masks import (
    city,
    company,
    constant,
    email,
    first_name,
    full_name,
    last_name,
    null,
    permute_digits,
    permute_integer,
    phone,
    postcode,
    redact,
    token,
)

MASKS: Registry = {
    "city": city.MASK,
    "company": company.MASK,
    "constant": constant.MASK,
    "email": email.MASK,
    "first_name": first_name.MASK,
    "full_name": full_name.MASK,
    "last_name": last_name.MASK,
    "null": null.MASK,
    "permute_digits": permute_digits.MASK,
    "permute_integer": permute_integer.MASK,
    "phone": phone.MASK,
    "postcode": postcode.MASK,
    "redact": redact.MASK,
    "token": token.MASK,
}
