"""What is remembered of a walk. The ways that are told from it are held to laws in tests/laws/."""

from __future__ import annotations

import numpy as np

from dbtool.catalog.relations import RelationName
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Root
from dbtool.subset.explain import Reasons
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import BoundRoot, Edge
from dbtool.subset.row_set import RowIds
from dbtool.subset.selection import Step

ORDERS, CUSTOMERS = RelationName("public", "orders"), RelationName("public", "customers")
ROOT = Step(root=BoundRoot(Root(CUSTOMERS, Position("rules.yaml", 1, 1)), (CUSTOMERS,), ("id",)))
EDGE = Edge(ORDERS, ("customer_id",), CUSTOMERS, ("id",), (EqualityOperator(),))
DOWN, UP = Step(edge=EDGE, direction="referencing"), Step(edge=EDGE, direction="referenced", followed=False)


def ids(*numbers: int) -> RowIds:
    return np.array(numbers, np.uint64)


def heard() -> Reasons:
    reasons = Reasons()
    reasons(CUSTOMERS, ids(3, 70_000), ROOT)
    reasons(ORDERS, ids(1, 9), DOWN)
    reasons(CUSTOMERS, ids(5), UP)
    reasons(ORDERS, ids(4, 5), DOWN)
    return reasons


def test_a_row_has_the_step_that_it_was_chosen_for_and_its_place_in_the_order() -> None:
    reasons = heard()
    assert reasons.find(CUSTOMERS, 70_000) == (ROOT, 0)
    assert reasons.find(CUSTOMERS, 5) == (UP, 2)
    assert reasons.find(ORDERS, 5) == (DOWN, 3)


def test_a_row_that_was_not_chosen_has_none() -> None:
    reasons = heard()
    assert reasons.find(ORDERS, 3) is None
    assert reasons.find(ORDERS, 1 << 40) is None
    assert reasons.find(RelationName("public", "others"), 1) is None


def test_many_rows_are_looked_up_at_once_in_whatever_order() -> None:
    assert heard().orders(ORDERS, ids(9, 2, 4, 1, 9)).tolist() == [1, -1, 3, 1, 1]
    assert heard().orders(ORDERS, ids()).tolist() == []


def test_what_is_heard_after_a_question_counts_as_well() -> None:
    reasons = heard()
    assert reasons.find(ORDERS, 77) is None
    reasons(ORDERS, ids(77), DOWN)
    assert reasons.find(ORDERS, 77) == (DOWN, 4)


def test_only_rows_of_roots_and_those_that_refer_are_followed() -> None:
    reasons = heard()
    assert reasons.is_followed(CUSTOMERS, 3)
    assert reasons.is_followed(ORDERS, 9)
    assert not reasons.is_followed(CUSTOMERS, 5)
    assert not reasons.is_followed(CUSTOMERS, 6)
