"""Masking documents by shape is masking them token by token, and what is not masked stays as it was spelt."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dbtool.masking.json_paths import UndecidedPath, Unknown, bind_json, bind_json_by_token
from dbtool.masking.mask import BoundMask
from tests.examples import examples

MANY = 50  # of one shape, so that it is worth a pattern
KEYS = ["a", "b", "phone", "odd key", 'quo"te', "", "é"]


def _marking(values: pl.Series, _by: pl.DataFrame) -> pl.Series:
    """A stand-in that shows what the mask was given; NULL for one text, a number for another."""
    marked = "<" + values + '\n">'
    return marked.set(values == "1", "77").set(values == "2", None)


keys = st.sampled_from(KEYS)
strings = st.sampled_from(["", "1", "2", "x", 'a"b\\c', "\u2028é", "💡", "\x7f", '", "b": "']) | st.text(
    max_size=6
)
numbers = st.sampled_from(["0", "-0", "1", "2", "123456789012345678901234567890", "1.50", "-1e400", "1E+2"])
blanks = st.sampled_from(["", " ", "\n\t", "  "])


@st.composite
def spelt_strings(draw: st.DrawFn) -> str:
    text = draw(strings)
    return json.dumps(text, ensure_ascii=draw(st.booleans())) if _is_sound(text) else '"\\ud800\\u0000"'


def _is_sound(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


scalars = spelt_strings() | numbers | st.sampled_from(["true", "false", "null"])


@st.composite
def arrays(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    items = draw(st.lists(children, max_size=3))
    comma = f"{draw(blanks)},{draw(blanks)}"
    return f"[{draw(blanks)}{comma.join(items)}{draw(blanks)}]"


@st.composite
def objects(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    """Keys may come twice, as json (not jsonb) has it."""
    colon = f"{draw(blanks)}:{draw(blanks)}"
    members = [f"{json.dumps(draw(keys))}{colon}{value}" for value in draw(st.lists(children, max_size=4))]
    return f"{{{draw(blanks)}{f'{draw(blanks)},'.join(members)}{draw(blanks)}}}"


documents = st.recursive(scalars, lambda inner: arrays(inner) | objects(inner), max_leaves=12)
unknowns: st.SearchStrategy[Unknown] = st.sampled_from(["error", "drop", "keep"])
Rule = dict[str, BoundMask | None]


@st.composite
def ruled_documents(draw: st.DrawFn) -> tuple[str, Rule]:
    """A document and a rule that decides most of what is in it."""
    document = draw(objects(documents) | arrays(documents) | documents)
    rule: Rule = {}
    for place, _ in _walk(json.loads(document), ()):
        path = "$" + "".join(draw(_spellings(step)) for step in place)
        decision = draw(st.sampled_from(["mask", "mask", "keep", "none"]))
        if decision != "none":
            rule[path] = _marking if decision == "mask" else None
    return document, rule


def _spellings(step: str | int) -> st.SearchStrategy[str]:
    if isinstance(step, int):
        return st.just("[*]")
    named = f"[{json.dumps(step)}]"
    return st.sampled_from([named, named, named, ".*"])


def _run(column: list[str | None], rule: Rule, unknown: Unknown, *, fast: bool) -> object:
    bind = bind_json if fast else bind_json_by_token
    try:
        return bind(rule, unknown)(pl.Series("d", column, dtype=pl.String)).to_list()
    except UndecidedPath as undecided:
        return undecided.path


@examples(150)
@given(ruled_documents(), st.lists(documents, max_size=2), unknowns)
def test_by_shape_is_by_token(ruled: tuple[str, Rule], others: list[str], unknown: Unknown) -> None:
    document, rule = ruled
    column = [document, *others, None] * MANY
    fast, slow = (_run(column, rule, unknown, fast=fast) for fast in (True, False))
    if not isinstance(slow, str):
        assert fast == slow
    assert isinstance(fast, str) == isinstance(slow, str)


@examples(100)
@given(st.lists(documents, max_size=4))
def test_what_no_path_masks_stays_as_it_was_spelt(found: list[str]) -> None:
    column: list[str | None] = [*found, None] * MANY
    for fast in (True, False):
        assert _run(column, {}, "keep", fast=fast) == column


@examples(150)
@given(ruled_documents(), unknowns)
def test_what_comes_out_is_json(ruled: tuple[str, Rule], unknown: Unknown) -> None:
    document, rule = ruled
    output = _run([document], rule, unknown, fast=False)
    if isinstance(output, list):
        json.loads(output[0], strict=False)


@examples(150)
@given(ruled_documents())
def test_scalars_fare_as_a_plain_walk_says(ruled: tuple[str, Rule]) -> None:
    """The obvious walk over parsed values, for documents whose keys are all different."""
    document, rule = ruled
    seen: list[list[tuple[str, Any]]] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen.append(pairs)
        return dict(pairs)

    parsed = json.loads(document, object_pairs_hook=note)
    if any(len(dict(pairs)) < len(pairs) for pairs in seen):
        return
    output = _run([document], rule, "keep", fast=False)
    assert isinstance(output, list)
    flat = dict(_walk(json.loads(output[0]), ()))
    for place, value in _walk(parsed, ()):
        if not _is_masked(place, rule) or isinstance(value, bool) or value is None:
            assert flat[place] == value
        elif isinstance(value, str):
            expected = {"1": "77", "2": None}.get(value, f'<{value}\n">')
            assert flat[place] == expected


def _walk(value: Any, place: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in _walk(inner, (*place, key))]
    if isinstance(value, list):
        return [found for at, inner in enumerate(value) for found in _walk(inner, (*place, at))]
    return [(place, value)]


def _is_masked(place: tuple[str | int, ...], rule: Rule) -> bool:
    """At each step a member's own path comes before that of every key."""
    path = "$"
    for step in place:
        named = "[*]" if isinstance(step, int) else f"[{json.dumps(step)}]"
        if _leads_on(path + named, rule):
            path += named
        elif not isinstance(step, int) and _leads_on(path + ".*", rule):
            path += ".*"
        else:
            return False
    return rule.get(path) is not None


def _leads_on(prefix: str, rule: Rule) -> bool:
    return any(path.startswith(prefix) for path in rule)
