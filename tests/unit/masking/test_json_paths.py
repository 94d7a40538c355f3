"""Masking by path inside documents: each case by token and, in a crowd of its shape, as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl
import pytest

from dbtool.masking.json_paths import UndecidedPath, Unknown, bind_json, bind_json_by_token
from dbtool.masking.mask import BoundMask, DoesNotFit

Rule = Mapping[str, BoundMask | None]


def shout(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return values.str.to_uppercase() + "!"


def renumber(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return "9" + values


def nothing(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    return pl.Series(values.name, [None] * len(values), dtype=pl.String)


def mask_both_ways(document: str, rule: Rule, unknown: Unknown) -> str:
    slow = bind_json_by_token(rule, unknown)(pl.Series([document]))
    fast = bind_json(rule, unknown)(pl.Series([document] * 60))
    assert fast.unique().to_list() == slow.to_list()
    output: str = slow[0]
    return output


@pytest.mark.parametrize(
    ("document", "rule", "expected"),
    [
        ('{"a": "x", "b": "y"}', {"$.a": shout}, '{"a": "X!", "b": "y"}'),
        ('{"a": {"b": ["x", "y"]}}', {"$.a.b[*]": shout}, '{"a": {"b": ["X!", "Y!"]}}'),
        ('[{"a": "x"}, {"a": "y"}]', {"$[*].a": shout}, '[{"a": "X!"}, {"a": "Y!"}]'),
        ('"x"', {"$": shout}, '"X!"'),
        ('{"odd key": "x"}', {'$["odd key"]': shout}, '{"odd key": "X!"}'),
        ('{"\\u0061": "x"}', {"$.a": shout}, '{"\\u0061": "X!"}'),
        ('{"7": {"n": "x"}, "8": {"n": "y"}}', {"$.*.n": shout}, '{"7": {"n": "X!"}, "8": {"n": "Y!"}}'),
        ('{"a": "x", "b": "y"}', {"$.*": shout, "$.b": None}, '{"a": "X!", "b": "y"}'),
        ('{"a": 12, "b": 12}', {"$.a": renumber}, '{"a": 912, "b": 12}'),
        ('{"a": "12"}', {"$.a": renumber}, '{"a": "912"}'),
        ('{"a": -1.5e3}', {"$.a": renumber}, '{"a": "9-1.5e3"}'),
        ('{"a": null}', {"$.a": shout}, '{"a": null}'),
        ('{"a": "x", "b": 1}', {"$.a": nothing, "$.b": nothing}, '{"a": null, "b": null}'),
        ('{"a": "q\\"\\u00e9\\n"}', {"$.a": shout}, '{"a": "Q\\"É\\n!"}'),
        ('{"a": "\\ud83d"}', {"$.a": shout}, '{"a": "\ufffd!"}'),
        ('{"a": "x", "a": "y"}', {"$.a": shout}, '{"a": "X!", "a": "Y!"}'),
        ('{ "z":1.0 ,\n "a":"x" }', {"$.a": shout}, '{ "z":1.0 ,\n "a":"X!" }'),
        ('{"a": "", "b": ","}', {"$.a": shout}, '{"a": "!", "b": ","}'),
        ('{"k": ",\\"a\\": \\"x\\"", "a": "y"}', {"$.a": shout}, '{"k": ",\\"a\\": \\"x\\"", "a": "Y!"}'),
    ],
)
def test_a_masked_scalar_is_replaced_in_place(document: str, rule: Rule, expected: str) -> None:
    assert mask_both_ways(document, rule, "keep") == expected


@pytest.mark.parametrize(
    "document",
    [
        '{"n": 123456789012345678901234567890.0100, "e": 1E400, "u": "\\u00e9\\/", "z": {}, "l": [ ]}',
        '{"b": 1, "a": 2, "b": 3}',
        " [ true , null ] ",
    ],
)
def test_what_is_kept_is_spelt_as_it_was(document: str) -> None:
    assert mask_both_ways(document, {}, "keep") == document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ('{"a": 1, "b": 2, "c": 3}', '{"b": 2}'),
        ('{"b": 2, "c": {"b": 1}}', '{"b": 2}'),
        ('{"c": [], "b": {"x": 1, "y": 2}}', '{"b": {}}'),
        ('{"l": [1, {"b": 2, "c": 3}, 4]}', '{"l": [{"b": 2}]}'),
        ("[1, 2]", "[]"),
        ("7", "null"),
        ("null", "null"),
    ],
)
def test_dropping_takes_undecided_members_and_leaves_json(document: str, expected: str) -> None:
    assert mask_both_ways(document, {"$.b": None, "$.l[*].b": None}, "drop") == expected


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ('{"a": 1, "b": 2}', "$.b"),
        ('{"l": [{"x": [7]}]}', "$.l[*].x[*]"),
        ('{"b": {}}', "$.b"),
        ('{"b": null}', "$.b"),
        ('{"a": {"x": 1}}', "$.a.x"),
        ('{"m": true}', "$.m"),
        ('{"ada@example.org": 1}', "$.*"),
        ("7", "$"),
        ("no json", "$"),
    ],
)
def test_an_undecided_value_stops_the_run_and_its_path_is_named(document: str, path: str) -> None:
    rule: Rule = {"$.a": None, "$.m": shout}
    for bind in (bind_json, bind_json_by_token):
        with pytest.raises(UndecidedPath) as undecided:
            bind(rule, "error")(pl.Series([document]))
        assert undecided.value.path == path
        assert path in str(undecided.value)


def test_an_error_never_quotes_a_value_or_a_key_that_may_be_one() -> None:
    with pytest.raises(UndecidedPath) as undecided:
        bind_json({}, "error")(pl.Series(['{"ada@example.org": "Ada Lovelace"}']))
    assert "ada" not in str(undecided.value).lower()


def test_null_in_a_place_the_rule_knows_tells_nothing() -> None:
    assert mask_both_ways('{"a": null}', {"$.a.b": shout}, "error") == '{"a": null}'


def test_a_boolean_at_a_masked_path_is_undecided() -> None:
    assert mask_both_ways('{"a": true, "b": 1}', {"$.a": shout, "$.b": None}, "drop") == '{"b": 1}'


@pytest.mark.parametrize("bind", [bind_json, bind_json_by_token])
def test_null_documents_stay_null_and_rows_keep_their_order(
    bind: Callable[[Rule, Unknown], Callable[[pl.Series], pl.Series]],
) -> None:
    column = [None, *(f'{{"a": "x{row}"}}' if row % 3 else f'["x{row}"]' for row in range(500)), None]
    outputs = bind({"$.a": shout, "$[*]": shout}, "error")(pl.Series("d", column))
    assert outputs.name == "d"
    assert outputs.to_list() == [
        None if text is None else text.replace("x", "X").replace('"]', '!"]').replace('"}', '!"}')
        for text in column
    ]
    assert bind({}, "keep")(pl.Series("d", [], dtype=pl.String)).to_list() == []


def test_each_mask_is_called_once_for_all_shapes_of_a_block() -> None:
    called: list[int] = []

    def counting(values: pl.Series, by: pl.DataFrame) -> pl.Series:
        called.append(len(values))
        return shout(values, by)

    shapes = ['{{"a": "x{0}"}}', '{{"b": {0}, "a": "x{0}"}}', '["x{0}", "x{0}"]', '{{"rare": "x{0}"}}']
    column = [shapes[3 if row == 7 else row % 3].format(row) for row in range(300)]
    rule: Rule = {"$.a": counting, "$.rare": counting, "$[*]": counting, "$.b": None}
    outputs = bind_json(rule, "error")(pl.Series(column)).to_list()
    assert outputs == [
        text.replace("x", "X").replace('",', '!",').replace('"]', '!"]').replace('"}', '!"}')
        for text in column
    ]
    assert sorted(called) == [1, 199, 200]


def test_documents_may_nest_deeper_than_calls() -> None:
    document = "[" * 20_000 + '"x"' + "]" * 20_000
    rule: Rule = {"$" + "[*]" * 20_000: shout}
    assert bind_json(rule, "error")(pl.Series([document]))[0] == document.replace("x", "X!")


@pytest.mark.parametrize("path", ["a", "$a", "$.", "$.a[0]", "$.a[", '$["a', "$..a"])
def test_what_is_no_path_is_refused_while_binding(path: str) -> None:
    with pytest.raises(DoesNotFit, match="no path"):
        bind_json({path: None}, "keep")
