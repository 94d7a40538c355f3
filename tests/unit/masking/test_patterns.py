from __future__ import annotations

import pytest

from dbtool.masking.patterns import find_kinds, judge_schema_texts


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("ask ann.o'neill@corp.co.uk for it", ("an e-mail address",)),
        ("ask ann@example.com or bob@shop.test", ()),
        ("call +44 20 7946 0958", ("a telephone number",)),
        ("order 442079460958", ()),
        ("GB82 WEST 1234 5698 7654 32", ("an IBAN",)),
        ("GB83 WEST 1234 5698 7654 32", ()),
        ("4111 1111 1111 1111", ("a card number",)),
        ("4111 1111 1111 1112", ()),
        ("CHECK (price > 0 AND price < 99999999999999)", ()),
        ("mail a@corp.de, call +1 (212) 555-0187 22", ("an e-mail address", "a telephone number")),
    ],
)
def test_finds_what_looks_like_somebodys_data(text: str, kinds: tuple[str, ...]) -> None:
    assert find_kinds(text) == kinds


def test_names_the_object_and_never_quotes_it() -> None:
    (finding,) = judge_schema_texts(
        [("comment on table t", "ask ann@corp.de"), ("comment on table u", "plain")]
    )
    assert finding.where == "comment on table t"
    assert "ann" not in finding.message + finding.remedy
