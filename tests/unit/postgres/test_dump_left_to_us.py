"""Entries of a table of contents that are named by the OIDs of what they make."""

from dbtool.postgres.dump import parse_toc, without_objects

_LISTING = """\
; Archive
7; 2615 16390 SCHEMA - audit shop
8; 2615 16391 SCHEMA - audit two shop
9; 0 0 COMMENT - SCHEMA "audit two" shop
216; 1259 16401 TABLE audit users shop
3300; 3256 16500 POLICY public users everybody shop
4710; 0 0 COMMENT public POLICY everybody ON users shop
3301; 3256 16501 POLICY public users other shop
4711; 0 0 COMMENT public POLICY other ON users shop
3302; 2606 16500 FK CONSTRAINT public users key shop
4712; 0 0 COMMENT public CONSTRAINT key ON users shop
"""


def test_an_object_goes_with_its_comment_and_is_not_taken_for_another_catalog_s() -> None:
    left = without_objects(parse_toc(_LISTING), {(3256, 16500)})
    assert [entry.line.split(";")[0] for entry in left] == [
        "7",
        "8",
        "9",
        "216",
        "3301",
        "4711",
        "3302",
        "4712",
    ]


def test_a_schema_goes_by_its_number_and_what_is_in_it_stays() -> None:
    """The name of one may begin with another's; what was said of it is for its owner to say."""
    left = without_objects(parse_toc(_LISTING), {(2615, 16391)})
    assert [entry.text for entry in left][:3] == [
        "SCHEMA - audit shop",
        "TABLE audit users shop",
        "POLICY public users everybody shop",
    ]
