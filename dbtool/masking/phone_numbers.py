"""Telephone numbers that the regulators set aside for stories: they are never given to anybody.

Sources: NANPA (555-0100 to 555-0199 in every area code), Ofcom (numbers for use in TV and radio drama),
Arcep décision 2018-0881 (numbers for audiovisual works), Bundesnetzagentur (numbers for media productions),
ACMA (numbers for use in TV shows, films and creative works).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_NANP_AREAS = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 "
    "251 252 253 254 256 260 262 267 269 270 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 "
    "318 319 320 321 323 330 334 336 337 347 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 414 "
    "415 417 419 423 425 432 434 435 440 443 469 478 479 480 484 501 502 503 504 505 507 508 509 510 512 513"
)
_CANADIAN_AREAS = (
    "204 236 250 306 343 403 416 418 431 437 438 450 506 514 519 581 587 604 613 705 709 780 807 819"
)


@dataclass(frozen=True, slots=True)
class NumberRange:
    """All numbers that begin as written and go on with ``free`` digits."""

    national: str
    international: str
    free: int

    @property
    def size(self) -> int:
        return int(10**self.free)


def _nanp(areas: str) -> tuple[NumberRange, ...]:
    return tuple(NumberRange(f"({area}) 555-01", f"+1{area}55501", 2) for area in areas.split())


def _with_trunk_zero(country: str, free: int, *prefixes: str) -> tuple[NumberRange, ...]:
    """``prefixes`` as dialled within the country, trunk zero and spaces included."""
    return tuple(NumberRange(prefix, f"+{country}{prefix.replace(' ', '')[1:]}", free) for prefix in prefixes)


_BRITISH = _with_trunk_zero(
    "44",
    3,
    *("020 7946 0", "029 2018 0", "0113 496 0", "0114 496 0", "0115 496 0", "0116 496 0", "0117 496 0"),
    *("0118 496 0", "0121 496 0", "0131 496 0", "0141 496 0", "0151 496 0", "0161 496 0", "0191 498 0"),
    *("01632 960", "07700 900"),
)
_FRENCH = _with_trunk_zero(
    "33", 4, "01 99 00 ", "02 61 91 ", "03 53 01 ", "04 65 71 ", "05 36 49 ", "06 39 98 "
)
_GERMAN = _with_trunk_zero("49", 3, "030 23125 ", "069 90009 ", "040 66969 ", "0221 4710 ", "089 99998 ")
_AUSTRALIAN = _with_trunk_zero(
    "61", 4, *(f"{area} {block} " for area in ("02", "03", "07", "08") for block in ("5550", "7010"))
)
_AMERICAN = _nanp(_NANP_AREAS)

RESERVED: Mapping[str, tuple[NumberRange, ...]] = {
    "en_US": _AMERICAN,
    "en_CA": _nanp(_CANADIAN_AREAS),
    "fr_CA": _nanp(_CANADIAN_AREAS),
    "en_GB": _BRITISH,
    "fr_FR": _FRENCH,
    "de_DE": _GERMAN,
    "en_AU": _AUSTRALIAN,
}


def get_reserved(locale: str) -> tuple[NumberRange, ...]:
    """The ranges of the locale's country; North America's where we know of none there."""
    return RESERVED.get(locale, _AMERICAN)
