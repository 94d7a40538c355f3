from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.masking.compile import ColumnMask, MaskingPlan, RelationMasks
from dbtool.masking.coverage import Coverage
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.refresh.closure import Closure, is_changed
from dbtool.refresh.references import References
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import Edge, Graph
from dbtool.subset.row_set import RowSet
from dbtool.subset.selection import Nulled

_USERS, _NOTES = RelationName("public", "users"), RelationName("public", "notes")
_EDGE = Edge(_NOTES, ("author",), _USERS, ("email",), (EqualityOperator(),))
_OTHER = replace(_EDGE, columns=("reader",))


def _told(closure: Closure) -> list[tuple[str, str]]:
    return [(finding.where, finding.message) for finding in closure.findings()]


def test_as_many_as_in_the_source_are_no_finding() -> None:
    closure = Closure({_EDGE: 3, _OTHER: 0}, {_EDGE: 3})
    assert (_told(closure), closure.orphans) == ([], 0)
    (sentence,) = closure.sentences()
    assert sentence == (
        "2 kinds of references that PostgreSQL does not validate (known to the rules alone, NOT VALID, NOT ENFORCED) "
        "followed in the candidate; 3 lead nowhere, as they do in the source"
    )


def test_one_more_or_one_fewer_is_a_finding() -> None:
    more, fewer = Closure({_EDGE: 4, _OTHER: 0}, {_EDGE: 3}), Closure({_EDGE: 2}, {_EDGE: 3})
    assert _told(more) == [
        (
            "public.notes.author",
            "4 references to public.users lead nowhere in the candidate, 3 of the rows that were copied did so in the source",
        )
    ]
    assert more.orphans == 1
    assert len(_told(fewer)) == 1
    assert fewer.orphans == 0


def test_where_values_were_changed_only_more_is_a_finding_and_the_masks_are_named() -> None:
    changed = frozenset({_EDGE})
    assert _told(Closure({_EDGE: 2}, {_EDGE: 3}, changed)) == []
    (finding,) = Closure({_EDGE: 4}, {_EDGE: 3}, changed).findings()
    assert "mask both ends by one mask, in one domain" in finding.remedy


def test_orphans_of_one_reference_do_not_make_up_for_those_of_another() -> None:
    assert Closure({_EDGE: 1, _OTHER: 2}, {_EDGE: 3}).orphans == 2


def test_where_postgresql_vouches_for_everything_nothing_is_claimed() -> None:
    assert (list(Closure().sentences()), _told(Closure())) == ([], [])


def test_a_key_that_was_counted_is_known_by_its_name() -> None:
    closure = Closure({replace(_EDGE, constraint="k"): 0})
    assert closure.has_counted(_NOTES, "k")
    assert not closure.has_counted(_USERS, "k")
    assert not closure.has_counted(_NOTES, "l")


def _plan(**masked: str) -> MaskingPlan:
    """By table, the one column that is masked."""
    relations = {}
    for name in (_USERS, _NOTES):
        text = ColumnType("text", "text")
        columns = tuple(Column(one, text) for one in ("author", "reader", "email"))
        column = masked.get(name.name)
        mask = ColumnMask(
            column or "",
            0,
            MASKS["email"],
            "email",
            Overlap.DISJOINT,
            (),
            lambda values, _: values,
            None,
            0.0,
        )
        relation = Relation(name, RelationKind.TABLE, columns)
        relations[name] = RelationMasks(relation, (mask,) if column else ())
    return MaskingPlan(relations, Coverage({}))


def _references(**nulled: Any) -> References:
    graph = Graph((_EDGE,), (), {_USERS: (_USERS,), _NOTES: (_NOTES,)}, {_USERS: _USERS, _NOTES: _NOTES})
    return References(graph, nulled=nulled.get("nulled", {}))


def test_a_mask_at_either_end_changes_a_reference_and_one_beside_does_not() -> None:
    assert not is_changed(_EDGE, _plan(), _references())
    assert is_changed(_EDGE, _plan(notes="author"), _references())
    assert is_changed(_EDGE, _plan(users="email"), _references())
    assert not is_changed(_EDGE, _plan(notes="reader", users="author"), _references())


def test_a_column_that_became_null_for_another_reference_changes_this_one() -> None:
    lost = RowSet()
    lost.add(np.array([1], np.uint64))
    assert is_changed(_EDGE, _plan(), _references(nulled={_NOTES: (Nulled(("author", "reader"), lost),)}))
    assert not is_changed(_EDGE, _plan(), _references(nulled={_NOTES: (Nulled(("reader",), lost),)}))
