"""Documents without what their strings and numbers say."""

from __future__ import annotations

import polars as pl
import pytest

from dbtool.masking.json_outlines import find_shapes

ONE_SHAPE = [
    ('{"a": 1, "b": "x"}', '{"a": -12.5e+3, "b": "a longer one"}'),
    ('{"a": "x"}', '{"a": ""}'),
    ('{"a": "x"}', r'{"a": "a \"quoted\" one, and \\"}'),
    ('{"a": "x"}', r'{"a": "\\\\"}'),
    ('{"a" : "x"}', '{"a" : "x: {\\"b\\": 1}"}'),
    ('["x", 1]', '["漢字 : 7", 17]'),
    ('"a"', '"b"'),
    ("1", "23"),
]
TWO_SHAPES = [
    ('{"a1": 1}', '{"a2": 1}'),
    ('{"a" \n: 1}', '{"b" \n: 1}'),
    ('{"a": 1}', '{"a": "1"}'),
    ('{"a": true}', '{"a": false}'),
    ('{"a": true}', '{"a": null}'),
    ("[1]", "[]"),
    ("[1, 2]", "[1]"),
    ('{"a":1}', '{"a": 1}'),
    ('{"a": "b"}', '{"": "b"}'),
    ('["a", "b"]', '{"a": "b"}'),
    (r'{"a\"": 1}', r'{"b\"": 1}'),
]


@pytest.mark.parametrize(("one", "other"), ONE_SHAPE)
def test_what_strings_and_numbers_say_is_no_part_of_a_shape(one: str, other: str) -> None:
    shapes = find_shapes(pl.Series([one, other]))
    assert shapes[0] == shapes[1] is not None


@pytest.mark.parametrize(("one", "other"), TWO_SHAPES)
def test_all_else_is_part_of_a_shape(one: str, other: str) -> None:
    shapes = find_shapes(pl.Series([one, other]))
    assert shapes[0] != shapes[1]


def test_a_shape_depends_on_its_document_alone() -> None:
    documents = pl.Series([document for pair in ONE_SHAPE + TWO_SHAPES for document in pair])
    alone = [find_shapes(documents[place : place + 1])[0] for place in range(len(documents))]
    assert find_shapes(documents).to_list() == alone


def test_null_has_no_shape() -> None:
    assert find_shapes(pl.Series(['{"a": 1}', None], dtype=pl.String)).to_list()[1] is None
    assert find_shapes(pl.Series([None], dtype=pl.String)).to_list() == [None]


def test_texts_beside_one_that_is_no_json_have_none() -> None:
    assert find_shapes(pl.Series(['{"a": "x}', '{"a": "x"}'])).to_list() == [None, None]
