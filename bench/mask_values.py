"""What every mask is measured over, and the further cases that some are."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

TYPES = {
    "permute_integer": "int8",
    "shift_date": "timestamptz",
    "birth_date": "date",
    "ip": "inet",
    "mac": "macaddr",
    "phone": "varchar",
    "card": "bpchar",
    "amount_noise": "numeric",
    "noise": "float8",
    "bucket": "int4",
    "permute_format": "citext",
    "account": "citext",
    "national_id": "name",
}
VALUES: dict[str, Callable[[int], str]] = {
    "int8": str,
    "timestamptz": lambda row: (
        f"{1970 + row % 60}-{row % 12 + 1:02}-{row % 28 + 1:02} 10:00:00.{row % 10**6:06}+00"
    ),
    "date": lambda row: f"{1900 + row % 120}-{row % 12 + 1:02}-{row % 28 + 1:02}",
    "inet": lambda row: f"10.{row >> 16 & 255}.{row >> 8 & 255}.{row & 255}",
    "macaddr": lambda row: f"08:00:2b:{row >> 16 & 255:02x}:{row >> 8 & 255:02x}:{row & 255:02x}",
    "varchar": lambda row: f"+44 20 {row:07}",
    "bpchar": lambda row: f"4111 11{row // 10**8:02} {row // 10**4 % 10**4:04} {row % 10**4:04}",
    "numeric": lambda row: f"{row / 100:.2f}",
    "float8": lambda row: repr(row / 7),
    "int4": str,
    "citext": lambda row: f"AB-{row:07}x",
    "name": lambda row: f"{row % 900:03}-{row // 900 % 100:02}-{row % 10**4:04}",
    "text": lambda row: f"Someone-{row:07} of somewhere",
}


class Case(NamedTuple):
    """A mask under options, over values of its own, of which one makes ``picks``."""

    name: str
    mask: str
    options: dict[str, object]
    base: str
    value: Callable[[int], str]
    picks: int = 1


def spell_letters(row: int, length: int) -> str:
    return "".join(random.Random(row).choices("abcdefghijklmnopqrstuvwxyz", k=length))


def list_more() -> list[Case]:
    """Permutations and picks under other options and over other values than those that every mask gets."""
    permuted: dict[str, object] = {"space": "same_format"}
    text = VALUES["text"]
    return [
        Case("permute_format, 25 letters", "permute_format", {}, "text", text),
        Case("permute_format, any letters", "permute_format", {}, "text", lambda row: spell_token(row, 12)),
        Case("permute_digits, any format", "permute_digits", {}, "text", spell_any_format),
        Case("permute_integer, decimals", "permute_integer", {}, "numeric", VALUES["numeric"]),
        Case("card, permuted", "card", permuted, "bpchar", VALUES["bpchar"]),
        Case("phone, permuted", "phone", permuted, "varchar", VALUES["varchar"]),
        Case("mac, permuted", "mac", permuted, "macaddr", VALUES["macaddr"]),
        *(
            Case(
                f"national_id, permuted, {country}",
                "national_id",
                {**permuted, "country": country},
                "text",
                value,
            )
            for country, value in NATIONAL.items()
        ),
        Case("word, one", "word", {}, "text", lambda row: spell_letters(row, 8)),
        Case("word, short texts", "word", {}, "text", spell_short),
        Case("word, each of theirs", "word", {}, "text", spell_short, 2),
        Case("word, titles", "word", {}, "text", spell_title),
        Case("word, each of three", "word", {}, "text", spell_title, 3),
        Case("address, of lines", "address", {"keep_lines": True}, "text", spell_address),
    ]


def spell_token(row: int, length: int) -> str:
    return "".join(random.Random(row).choices("ABCDEFGHJKMNPabcdefghjkmnp23456789", k=length))


def spell_any_format(row: int) -> str:
    return f"{row % 7 * 'a'}{row}-{row % 11 * 'b'}{row % 1000}-{row % 5 * 'c'}{row}"


def spell_short(row: int) -> str:
    """One to three of 5000 words, the first of which are the most frequent, as in any language."""
    draws = random.Random(row)
    ranks = [int(5000 ** draws.random()) for _ in range(1 + row % 3)]
    return " ".join(spell_letters(rank, 3 + rank % 7) for rank in ranks).capitalize()


def spell_title(row: int) -> str:
    """Three words, the last of which no other text has."""
    return f"{['Blue', 'green', 'RED', 'Family'][row % 4]} {spell_letters(row % 5000, 5)}, {spell_letters(row, 7)}"


def spell_address(row: int) -> str:
    return f"{row} St James's Square,{chr(10) if row % 2 else ' '}London SW1Y {row % 10}JH"


NATIONAL: dict[str, Callable[[int], str]] = {
    "br": lambda row: f"{row % 900:03}.{row // 900 % 1000:03}.{row % 1000:03}-{row % 100:02}",
    "de": lambda row: f"{row * 97:011}",
    "es": lambda row: f"{row:08}{'TRWAGMYFPDXBNJZSQVHLCKE'[row % 23]}",
    "fr": lambda row: f"1{row % 10**12:012}{row % 97:02}",
    "it": lambda row: f"RSSMRA{row % 100:02}A{row % 28 + 1:02}H{row // 2800 % 1000:03}{'ABCDEFGH'[row % 8]}",
    "se": lambda row: f"{row % 100:02}{row % 12 + 1:02}{row % 28 + 1:02}-{row % 10**4:04}",
}
