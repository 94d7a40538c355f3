"""The smallest files of some kinds that programs open without complaint, and how a kind is told by its first bytes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["png", "jpeg", "gif", "pdf", "zip"]
KINDS: tuple[Kind, ...] = ("png", "jpeg", "gif", "pdf", "zip")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """``magic`` are the bytes that files of the kind begin with; ``media_type`` is what data URLs call it."""

    magic: bytes
    media_type: str
    content: bytes


def _make_png() -> bytes:
    """One transparent pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0)  # width, height, bits, colour with alpha
    pixels = _store(b"\0" * 5)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def _store(data: bytes) -> bytes:
    """The format of zlib without compression, so that no version of zlib makes other bytes (RFC 1950, RFC 1951)."""
    lengths = struct.pack("<HH", len(data), len(data) ^ 0xFFFF)
    return b"\x78\x01\x01" + lengths + data + struct.pack(">I", zlib.adler32(data))


def _make_jpeg() -> bytes:
    """One grey pixel, baseline: each Huffman table has one code of one bit, and both its bits are that code."""

    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    one_code = b"\x01" + b"\0" * 15 + b"\0"
    parts = [
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        segment(0xDB, b"\0" + b"\x01" * 64),
        segment(0xC0, struct.pack(">BHHBBBB", 8, 1, 1, 1, 1, 0x11, 0)),
        segment(0xC4, b"\0" + one_code),
        segment(0xC4, b"\x10" + one_code),
        segment(0xDA, b"\x01\x01\0\0\x3f\0"),
    ]
    return b"\xff\xd8" + b"".join(parts) + b"\x3f\xff\xd9"


def _make_gif() -> bytes:
    """One pixel out of two colours."""
    screen = struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    image = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + screen + image + b";"


def _make_pdf() -> bytes:
    """One empty page."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Resources<<>>>>",
    )
    file = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 4\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return file + table + b"trailer\n<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(file)


def _make_zip() -> bytes:
    """An archive of nothing: its end record alone."""
    return b"PK\x05\x06" + b"\0" * 18


PLACEHOLDERS: dict[Kind, Placeholder] = {
    "png": Placeholder(b"\x89PNG\r\n\x1a\n", "image/png", _make_png()),
    "jpeg": Placeholder(b"\xff\xd8\xff", "image/jpeg", _make_jpeg()),
    "gif": Placeholder(b"GIF8", "image/gif", _make_gif()),
    "pdf": Placeholder(b"%PDF-", "application/pdf", _make_pdf()),
    "zip": Placeholder(b"PK\x03\x04", "application/zip", _make_zip()),
}


def list_beginnings() -> Iterator[tuple[Kind, bytes]]:
    """What files of each kind begin with; an archive of nothing begins otherwise."""
    yield from ((kind, found.magic) for kind, found in PLACEHOLDERS.items())
    yield "zip", PLACEHOLDERS["zip"].content[:4]
