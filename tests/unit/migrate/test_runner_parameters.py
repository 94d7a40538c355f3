"""Parameters are told to the parent as a digest: the same for the same values, and for no others."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import pytest

from dbtool.migrate.runner.child.parameters import digest


class _Wrapped:
    """As psycopg wraps JSON: what it prints is cut."""

    def __init__(self, obj: Any) -> None:
        self.obj = obj

    def __repr__(self) -> str:
        return "Wrapped(…)"


@pytest.mark.parametrize("nothing", [None, (), {}, []])
def test_nothing_has_no_digest(nothing: Any) -> None:
    assert digest(nothing) == ""


def test_the_same_values_have_the_same_digest_in_every_run() -> None:
    assert digest({"id": 1, "day": dt.date(2026, 11, 23)}) == digest({"id": 1, "day": dt.date(2026, 11, 23)})
    assert digest((_Wrapped({"a": 1}),)) == digest((_Wrapped({"a": 1}),))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), (2,)),
        ((1,), ("1",)),
        (("a", "b"), ("ab",)),
        (([1, 2], 3), ([1], 2, 3)),
        ({"a": 1}, {"b": 1}),
        (({"a": 1}, {"a": 2}), ({"a": 1}, {"a": 3})),
        ((decimal.Decimal("1.0"),), (decimal.Decimal("1.00"),)),
        ((_Wrapped(["x" * 50, 1]),), (_Wrapped(["x" * 50, 2]),)),
        ((None,), ("None",)),
        (("\udc80",), ("\udc81",)),
    ],
)
def test_other_values_have_another(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)
    assert digest(one)


def test_no_value_can_be_read_from_it() -> None:
    assert "secret" not in digest(("secret",))
    assert len(digest(("secret" * 1000,))) == 64
