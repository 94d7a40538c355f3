"""The history that files describe: what stands on what, and what a database lacks of it."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from dbtool.errors import HeadConflict, RevisionUnknown
from dbtool.migrate.revisions.history import find_destination, plan_pending
from tests.unit.migrate.application_cases import history_of, revision

# a ← b ← left ← merge;  b ← right ← merge;  beside needs left
_BRANCHED = history_of(
    revision("a"),
    revision("b", "a"),
    revision("left", "b"),
    revision("right", "b"),
    revision("merge", "left", "right"),
    revision("beside", needs=("left",)),
)


@pytest.mark.parametrize(
    ("heads", "expected"),
    [
        ((), ""),
        (("a",), "a"),
        (("left",), "a b left"),
        (("left", "right"), "a b left right"),
        (("merge",), "a b left right merge"),
        (("beside",), "a b left beside"),
        (("gone", "a"), "a"),
    ],
)
def test_what_a_revision_stands_on(heads: Collection[str], expected: str) -> None:
    assert _BRANCHED.ancestors(heads) == set(expected.split())


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        ((), "a b left right merge beside"),
        (("b",), "left right merge beside"),
        (("left",), "right merge beside"),
        (("beside",), "right merge"),
        (("merge", "beside"), ""),
    ],
)
def test_what_is_pending_comes_in_the_order_of_application(current: Collection[str], expected: str) -> None:
    assert [one.id for one in _BRANCHED.pending(current)] == expected.split()


def test_a_revision_is_found_by_its_id_alone() -> None:
    assert _BRANCHED.get("left").down == ("b",)
    assert _BRANCHED.knows("left")
    assert not _BRANCHED.knows("lef")
    with pytest.raises(KeyError, match="lef"):
        _BRANCHED.get("lef")


def test_a_database_that_is_ahead_is_refused_with_what_it_has() -> None:
    with pytest.raises(RevisionUnknown, match="is at revision later, other, which") as refused:
        plan_pending(history_of(revision("a")), ("a", "later", "other"))
    assert refused.value.exit_code == 4
    assert "nothing was done" in str(refused.value)


def test_several_heads_are_refused_by_name_even_where_nothing_is_pending() -> None:
    with pytest.raises(
        HeadConflict, match=r"2 heads: beside \(versions/beside.py\), merge \(versions/merge.py\)"
    ):
        plan_pending(_BRANCHED, ("merge", "beside"))
    assert plan_pending(_BRANCHED, ("merge", "beside"), several_heads=True) == ()


def test_the_destination_is_the_head_or_all_of_them() -> None:
    assert find_destination(history_of(revision("a"), revision("b", "a"))) == "b"
    assert find_destination(_BRANCHED) == "heads"
    assert find_destination(history_of()) == "heads"
