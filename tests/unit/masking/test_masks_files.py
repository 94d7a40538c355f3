"""Files and what is empty: placeholders that readers accept, and the emptiest value that each type has."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from base64 import b64decode, b64encode
from typing import Any

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnType, TypeKind
from dbtool.digest import ProjectKey
from dbtool.masking.mask import DoesNotFit, MaskContext, Overlap
from dbtool.masking.masks import MASKS
from dbtool.masking.placeholders import KINDS, PLACEHOLDERS

MaskValues = Any  # the fixture of conftest.py, which test files cannot import

FILES = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"secret" * 9,
    "jpeg": b"\xff\xd8\xff\xe1 Exif of Ada",
    "gif": b"GIF87a secret secret",
    "pdf": b"%PDF-1.7\nAda Lovelace, passport",
    "zip": b"PK\x03\x04 a document of some office",
}


def test_the_png_has_right_checksums_and_one_pixel() -> None:
    content = PLACEHOLDERS["png"].content
    chunks, position = {}, 8
    while position < len(content):
        length = int.from_bytes(content[position : position + 4], "big")
        name, data = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        assert int.from_bytes(content[position + 8 + length : position + 12 + length], "big") == zlib.crc32(
            name + data
        )
        chunks[name] = data
        position += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    assert zlib.decompress(chunks[b"IDAT"]) == b"\0" * 5


def test_the_pdf_knows_where_its_objects_begin() -> None:
    content = PLACEHOLDERS["pdf"].content
    table = int(re.search(rb"startxref\n(\d+)\n%%EOF\n\Z", content)[1])  # type: ignore[index]
    assert content[table:].startswith(b"xref\n0 4\n")
    for number, offset in enumerate(re.findall(rb"(\d{10}) 00000 n", content), 1):
        assert content[int(offset) :].startswith(b"%d 0 obj\n" % number)


def test_the_jpegs_segments_end_where_the_next_begins() -> None:
    content, position, markers = PLACEHOLDERS["jpeg"].content, 2, []
    while content[position + 1] != 0xDA:
        assert content[position] == 0xFF
        markers.append(content[position + 1])
        position += 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    assert markers == [0xE0, 0xDB, 0xC0, 0xC4, 0xC4]
    assert content[position + 10 :] == b"\x3f\xff\xd9"


def test_the_archive_is_one_of_nothing() -> None:
    assert zipfile.ZipFile(io.BytesIO(PLACEHOLDERS["zip"].content)).namelist() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_stays_of_its_kind(mask_values: MaskValues, kind: str) -> None:
    original, expected = FILES[kind], PLACEHOLDERS[kind]  # type: ignore[index]
    assert mask_values("file", ["\\x" + original.hex()], "bytea") == ["\\x" + expected.content.hex()]
    base64 = b64encode(original).decode()
    plain, url = mask_values("file", [base64, f"data:image/x;name=ada;base64,{base64}"])
    assert b64decode(plain, validate=True) == expected.content
    assert url == f"data:{expected.media_type};base64,{plain}"
    assert mask_values("file", [plain, url]) == [plain, url]


def test_a_file_of_no_known_kind_becomes_empty(mask_values: MaskValues) -> None:
    assert mask_values("file", ["\\x00112233", "\\x", "", None], "bytea") == ["\\x", "\\x", "", None]
    assert mask_values("file", ["Ada Lovelace", "data:text/plain,Ada", None]) == ["", "data:,", None]


def test_a_given_kind_is_not_read(mask_values: MaskValues) -> None:
    assert mask_values("file", ["\\x01", None], "bytea", {"type": "gif"}) == [
        "\\x" + PLACEHOLDERS["gif"].content.hex(),
        None,
    ]
    outputs = mask_values("file", ["x"], "text", {"type": "gif", "data_url": True})
    assert outputs[0].startswith("data:image/gif;base64,R0lGOD")
    assert mask_values("file", ["x"], "varchar(5)", {"type": "empty"}) == [""]
    mask = MASKS["file"]
    context = MaskContext(ColumnType("bytea", "bytea"), ProjectKey(b"k" * 32).digest_for("d"))
    overlaps = {
        kind: mask.promise(mask.options.model_validate({"type": kind}), context).overlap
        for kind in ("detect", "gif")
    }
    assert overlaps == {"detect": Overlap.DISJOINT, "gif": Overlap.NOT_READ}


def test_only_placeholders_are_nobodys() -> None:
    in_space = MASKS["file"].in_space
    assert in_space is not None
    found = in_space(pl.Series(["\\x", "", "data:,", "\\x" + FILES["gif"].hex(), "Ada", None]))
    assert found.to_list() == [True, True, True, False, False, None]


@pytest.mark.parametrize("kind", ["detect", "pdf"])
def test_a_column_too_short_for_a_file_is_refused(mask_values: MaskValues, kind: str) -> None:
    with pytest.raises(DoesNotFit, match="varchar\\(100\\) holds 100") as refusal:
        mask_values("file", ["x"], "varchar(100)", {"type": kind})
    assert "type: empty" in refusal.value.alternative


def empty_of(column: ColumnType, **options: str) -> list[str | None]:
    mask = MASKS["empty"]
    bound = mask.bind(
        mask.options.model_validate(options), MaskContext(column, ProjectKey(b"k" * 32).digest_for("d"))
    )
    return bound(pl.Series("v", ["x", None], dtype=pl.String), pl.DataFrame()).to_list()


@pytest.mark.parametrize(
    ("column", "spelt"),
    [
        (ColumnType("varchar(2)", "varchar", length=2), ""),
        (ColumnType("integer[]", "int4", is_array=True), "{}"),
        (ColumnType("status[]", "status", TypeKind.ENUM, is_array=True), "{}"),
        (ColumnType("jsonb", "jsonb"), "{}"),
        (ColumnType("bytea", "bytea"), "\\x"),
        (ColumnType("public.hstore", "hstore", extension="hstore"), ""),
        (ColumnType("daterange", "daterange", TypeKind.RANGE), "empty"),
        (ColumnType("datemultirange", "datemultirange", TypeKind.MULTIRANGE), "{}"),
        (ColumnType("bit varying(8)", "varbit", length=8), ""),
    ],
)
def test_each_type_has_its_own_emptiness(column: ColumnType, spelt: str) -> None:
    assert empty_of(column) == [spelt, None]


def test_a_document_becomes_an_object_or_an_array() -> None:
    assert empty_of(ColumnType("json", "json"), json_as="array") == ["[]", None]


@pytest.mark.parametrize(
    "column",
    [
        ColumnType("integer", "int4"),
        ColumnType("status", "status", TypeKind.ENUM, labels=("text",)),
        ColumnType("address", "address", TypeKind.COMPOSITE),
        ColumnType("bit(8)", "bit", length=8),
    ],
)
def test_a_type_without_an_empty_value_is_refused(column: ColumnType) -> None:
    with pytest.raises(DoesNotFit, match="no empty value"):
        empty_of(column)


def test_redacted_bytes_are_zeros(mask_values: MaskValues) -> None:
    assert mask_values("redact", ["\\x00ffa9", "\\x", None], "bytea") == ["\\x000000", "\\x", None]
