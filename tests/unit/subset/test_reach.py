"""A partition without the references that its siblings have is named: its rows alone would stay out."""

from __future__ import annotations

import pytest

from dbtool.catalog.relations import RelationName
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Follow, Root
from dbtool.subset.graph import BoundRoot, Edge, Graph
from dbtool.subset.reach import judge_unreached


def name(text: str) -> RelationName:
    return RelationName("public", text)


CUSTOMER, PAYMENT, JUNE, JULY = map(name, ("customer", "payment", "payment_06", "payment_07"))


def graph(referencing: RelationName, follow: Follow, root: RelationName = CUSTOMER) -> Graph:
    bound = BoundRoot(Root(root, Position("rules.yaml", 1, 1), percent=5.0), (root,), ("id",))
    return Graph(
        edges=(Edge(referencing, ("customer_id",), CUSTOMER, ("id",), (), follow=follow),),
        roots=(bound,),
        leaves={CUSTOMER: (CUSTOMER,), PAYMENT: (JUNE, JULY), JUNE: (JUNE,), JULY: (JULY,)},
        tables={CUSTOMER: CUSTOMER, JUNE: PAYMENT, JULY: PAYMENT},
    )


def test_a_partition_that_nothing_leads_to_is_named() -> None:
    (finding,) = judge_unreached(graph(JUNE, Follow()))
    assert (finding.check, finding.where, finding.is_error) == ("subset-unreached", "public.payment", False)
    assert "no root leads to public.payment_07 of the partitions of public.payment" in finding.message


@pytest.mark.parametrize("found", [graph(PAYMENT, Follow()), graph(JUNE, Follow(), root=PAYMENT)])
def test_but_not_where_the_table_s_reference_or_a_root_has_its_rows(found: Graph) -> None:
    assert list(judge_unreached(found)) == []
