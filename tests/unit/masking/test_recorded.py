"""Which originals may stand where, once rows of one column take different decisions."""

from __future__ import annotations

import resource
import sys

import polars as pl
import pytest

from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.masking.recorded import Branch, Recorded, record_suspects
from dbtool.masking.survivors import Originals, distinct_hashes, hash_whole

_USERS = RelationName("public", "users")
_EMAIL, _NOTE = ColumnRef(_USERS, "email"), ColumnRef(_USERS, "note")
_MASKED = Branch(_EMAIL, holds=True)
_SEED = 7


def texts(*values: str) -> pl.Series:
    return pl.Series(values, dtype=pl.String)


def found(recorded: Recorded, value: str, column: ColumnRef) -> bool:
    recorded.settle()
    return len(recorded.found_in(hash_whole(texts(value), _SEED), column)) == 1


def test_an_original_may_stand_where_another_row_of_its_column_holds_it() -> None:
    recorded = Recorded(_SEED)
    recorded.record_originals(texts("ada@x.org", "bob@x.org"), _MASKED)
    recorded.record_others(texts("ada@x.org", "eve@x.org"), _MASKED)
    assert [found(recorded, value, _EMAIL) for value in ("ada@x.org", "bob@x.org", "eve@x.org")] == [
        False,
        True,
        False,
    ]
    assert [found(recorded, value, _NOTE) for value in ("ada@x.org", "bob@x.org", "eve@x.org")] == [
        True,
        True,
        False,
    ]
    assert (recorded.divided, recorded.count) == ((_EMAIL,), 2)


def test_an_original_of_another_column_may_not() -> None:
    recorded = Recorded(_SEED)
    recorded.record_originals(texts("ada@x.org"))
    recorded.record_others(texts("ada@x.org"), _MASKED)
    recorded.record_originals(texts("bob@x.org"), _MASKED)
    assert found(recorded, "ada@x.org", _EMAIL)
    recorded = Recorded(_SEED)
    recorded.record_originals(texts("ada@x.org"), Branch(_NOTE, holds=True))
    recorded.record_others(texts("ada@x.org"), _MASKED)
    recorded.record_originals(texts("bob@x.org"), _MASKED)
    assert found(recorded, "ada@x.org", _EMAIL)


def test_the_branches_of_one_column_are_told_apart() -> None:
    recorded, other = Recorded(_SEED), Branch(_EMAIL, holds=False)
    recorded.record_originals(texts("ada@x.org"), _MASKED)
    recorded.record_originals(texts("bob@x.org"), other)
    recorded.record_others(texts("ada@x.org"), other)
    assert found(recorded, "ada@x.org", _EMAIL)


def test_a_text_that_holds_an_original_is_what_another_row_holds() -> None:
    recorded = Recorded(_SEED)
    recorded.record_originals(texts("ada@x.org", "bob@x.org"), _MASKED)
    recorded.record_others(texts("to ada@x.org"), _MASKED)
    assert not found(recorded, "ada@x.org", _EMAIL)
    assert found(recorded, "bob@x.org", _EMAIL)


def test_too_many_of_either_make_hits_uncertain() -> None:
    assert Recorded(_SEED).settle()
    for sets, exact in (
        ((Originals(limit=0), Originals(), Originals()), False),
        ((Originals(), Originals(limit=0), Originals()), False),
        ((Originals(), Originals(), Originals(limit=0)), False),
        ((Originals(), Originals(), Originals()), True),
    ):
        recorded = Recorded(_SEED, *sets)
        recorded.record_originals(texts("ada@x.org"))
        recorded.record_originals(texts("ada@x.org"), _MASKED)
        recorded.record_others(texts("ada@x.org"), _MASKED)
        assert (recorded.settle(), recorded.exact) == (exact, exact)


def test_with_too_many_others_to_remember_none_of_them_hides_an_original() -> None:
    """A filter takes what it never saw for its own now and then: until the second pass all are suspects."""
    recorded = Recorded(_SEED, Originals(), Originals(), Originals(limit=0))
    recorded.record_originals(texts("ada@x.org", "bob@x.org"), _MASKED)
    recorded.record_others(texts("ada@x.org"), _MASKED)
    assert [found(recorded, value, _EMAIL) for value in ("ada@x.org", "bob@x.org")] == [True, True]


def test_a_second_pass_over_suspects_tells_as_well_whose_they_are() -> None:
    suspects = distinct_hashes(hash_whole(texts("ada@x.org", "bob@x.org"), _SEED))
    certain = record_suspects(suspects, _SEED)
    certain.record_originals(texts("ada@x.org", "bob@x.org", "eve@x.org"), _MASKED)
    certain.record_others(texts("ada@x.org"), _MASKED)
    wanted = [(_EMAIL, "ada@x.org"), (_EMAIL, "bob@x.org"), (_NOTE, "ada@x.org"), (_NOTE, "eve@x.org")]
    assert [found(certain, value, column) for column, value in wanted] == [False, True, True, False]
    assert (certain.exact, certain.count) == (True, 2)


def test_few_originals_wait_for_others_and_are_found_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbtool.masking.recorded._GATHERED_BYTES", 40)
    recorded, names = Recorded(_SEED), [f"somebody.{number}@x.org" for number in range(20)]
    for name in names:
        recorded.record_originals(texts(name))
    recorded.record_originals(texts(*(f"{name}.uk" for name in names)))  # more than may wait
    recorded.settle()
    assert recorded.count == 40
    for name in names:
        assert len(recorded.found_in(hash_whole(texts(name), _SEED))) == 1


def test_while_masks_are_tried_nothing_is_recorded() -> None:
    recorded = Recorded(_SEED)
    with recorded.not_listening():
        recorded.record_originals(texts("ada@x.org"))
        recorded.record_others(texts("ada@x.org"), _MASKED)
    recorded.record_originals(texts("bob@x.org"))
    recorded.settle()
    assert recorded.count == 1


def test_what_waits_holds_no_block_that_it_was_part_of() -> None:
    """Three originals of each of thirty blocks, which have some 3 MB each: all others lay in the mask's space."""
    recorded, block = Recorded(_SEED), [f"somebody.{number}@{'x' * 80}.org" for number in range(30_000)]
    are_meant = pl.Series([number < 3 for number in range(len(block))])
    recorded.record_originals(texts(*block).filter(are_meant))
    before = _resident_bytes()
    for _ in range(30):
        recorded.record_originals(texts(*block).filter(are_meant))
    assert _resident_bytes() - before < 30 << 20
    recorded.settle()
    assert recorded.count == 3


def _resident_bytes() -> int:
    """At the most, until now."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
