"""Any byte of signed evidence that is another makes it worthless; digests change with code and with nothing else."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbtool.errors import EvidenceRefused
from dbtool.migrate.gate.evidence import read_evidence, sign
from dbtool.migrate.revisions.canonical import digest_source, is_plain_dml, statement_digest
from tests.examples import examples
from tests.unit.migrate.evidence_cases import EVIDENCE, KEY

_SIGNED = sign(EVIDENCE, KEY)
_SOURCE = (
    Path(__file__).parents[2] / "migrations" / "versions" / "20240219_orders_and_payments.py"
).read_text()
_TOKENS = [
    token
    for token in tokenize.generate_tokens(io.StringIO(_SOURCE).readline)
    if token.type in {tokenize.NAME, tokenize.NUMBER, tokenize.STRING, tokenize.OP}
]


@examples(700)
@given(st.integers(0, len(_SIGNED) - 1), st.integers(1, 255))
def test_a_byte_that_is_another_is_refused(place: int, mask: int) -> None:
    altered = bytearray(_SIGNED)
    altered[place] ^= mask
    with pytest.raises(EvidenceRefused):
        read_evidence(bytes(altered), KEY)


@examples(300)
@given(st.integers(0, len(_SIGNED) - 1), st.binary(min_size=1, max_size=8))
def test_bytes_more_or_less_are_refused(place: int, more: bytes) -> None:
    for altered in (_SIGNED[:place], _SIGNED[:place] + more + _SIGNED[place:]):
        with pytest.raises(EvidenceRefused):
            read_evidence(altered, KEY)


@examples(100)
@given(st.binary(min_size=32, max_size=64).filter(lambda key: key != KEY))
def test_another_key_is_refused(key: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        read_evidence(_SIGNED, key)


@examples(200)
@given(st.binary(max_size=300))
def test_anything_at_all_is_refused_without_another_error(noise: bytes) -> None:
    with pytest.raises(EvidenceRefused):
        read_evidence(noise, KEY)


def _lines(source: str) -> list[str]:
    return source.splitlines(keepends=True)


_STRING_LINES = {
    line
    for token in _TOKENS
    if token.type == tokenize.STRING and token.start[0] != token.end[0]
    for line in range(token.start[0], token.end[0] + 1)
}
_FREE_LINES = [number for number in range(1, len(_lines(_SOURCE)) + 1) if number not in _STRING_LINES]


@examples(100)
@given(
    st.lists(st.tuples(st.sampled_from(_FREE_LINES), st.text(st.characters(exclude_categories=["C", "Z"]))))
)
def test_comments_and_blank_lines_anywhere_keep_the_digest(comments: list[tuple[int, str]]) -> None:
    lines = _lines(_SOURCE)
    for number, text in sorted(comments, reverse=True):
        if number not in _STRING_LINES and number - 1 not in _STRING_LINES:
            lines.insert(number - 1, f"# {text}\n\n")
    assert digest_source("".join(lines).encode()) == digest_source(_SOURCE.encode())


def test_pythons_own_spelling_of_the_tree_has_the_same_digest() -> None:
    """ast.unparse knows no comment, no layout and no style of quotes."""
    assert digest_source(ast.unparse(ast.parse(_SOURCE)).encode()) == digest_source(_SOURCE.encode())


def _replace(token: tokenize.TokenInfo, text: str) -> str:
    lines = _lines(_SOURCE)
    (start, left), (end, right) = token.start, token.end
    before, after = lines[start - 1][:left], lines[end - 1][right:]
    return "".join([*lines[: start - 1], before, text, after, *lines[end:]])


@examples(300)
@given(st.sampled_from(_TOKENS), st.sampled_from(["other", "7", "'other'", "-", "(", "None", ","]))
def test_another_token_is_another_digest_or_no_python(token: tokenize.TokenInfo, text: str) -> None:
    changed = _replace(token, text)
    try:
        tree = ast.dump(ast.parse(changed))
    except SyntaxError:
        return
    same = tree == ast.dump(ast.parse(_SOURCE))
    assert (digest_source(changed.encode()) == digest_source(_SOURCE.encode())) is same


_SPACE = st.text(" \t\n", min_size=1, max_size=3) | st.sampled_from([" -- it's\n", " /* a /* b */ ' */ "])
_PIECES = st.lists(
    st.sampled_from(
        [*"(),.;", "SELECT", "a", "1.5", "'x  --'", '"Q  q"', "$$ ' $$", "E'\\''", "<>", "::", "INTO", "$1"]
    ),
    max_size=12,
)


@examples(300)
@given(_PIECES, st.lists(_SPACE, min_size=12, max_size=12))
def test_space_between_tokens_of_sql_keeps_the_digest(pieces: list[str], spaces: list[str]) -> None:
    spread = "".join(space + piece for space, piece in zip(spaces, pieces, strict=False))
    assert statement_digest(spread) == statement_digest(" ".join(pieces))
    assert is_plain_dml(spread) == is_plain_dml(" ".join(pieces))


@examples(300)
@given(_PIECES, _PIECES)
def test_other_tokens_of_sql_are_another_digest(one: list[str], other: list[str]) -> None:
    def without_end(pieces: list[str]) -> list[str]:
        while pieces and pieces[-1] == ";":
            pieces = pieces[:-1]
        return pieces

    same = without_end(one) == without_end(other)
    assert (statement_digest(" ".join(one)) == statement_digest(" ".join(other))) is same


@examples(500)
@given(st.text("ab'\"$-/*\\E;\n ()1.:", max_size=40))
def test_any_text_can_be_digested(sql: str) -> None:
    assert len(statement_digest(sql)) == 64
    assert is_plain_dml(sql) in {True, False}
