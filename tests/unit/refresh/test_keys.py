import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import Drift
from dbtool.refresh.keys import judge_blocked, judge_roots, refuse_changed
from dbtool.refresh.result import TableCopied
from dbtool.rules.position import Position
from dbtool.rules.subset_model import Root
from dbtool.subset.facts import EqualityOperator
from dbtool.subset.graph import BoundRoot, Edge, Graph
from dbtool.subset.row_set import RowSet
from dbtool.subset.selection import RootPull, Selection

TENANT, PERSON = RelationName("public", "tenant"), RelationName("public", "person")
AT = Position("rules.yaml", 3, 11)


def copied(name: RelationName, rows: int) -> TableCopied:
    return TableCopied(name, rows, 0, 0.0)


def test_a_root_without_rows_is_an_error_at_its_place() -> None:
    root = BoundRoot(Root(TENANT, AT, percent=5.0), (TENANT,), ("id",))
    full = RootPull(root, 3, 0)
    (finding,) = judge_roots([full, RootPull(root, 0, 0)])
    assert finding.is_error
    assert (finding.check, finding.where) == ("subset-root-empty", "rules.yaml:3:11")
    assert finding.message == "the root 5 % of public.tenant selects no row"


def test_ids_that_are_not_there_are_a_warning() -> None:
    root = BoundRoot(Root(TENANT, AT, ids=(("1",), ("2",), ("2",), ("9",))), (TENANT,), ("id",))
    (finding,) = judge_roots([RootPull(root, 2, 2)])
    assert (finding.check, finding.is_error) == ("subset-id-missing", False)
    assert finding.message == "the root 4 ids of public.tenant selects 2: the others are not there"
    assert list(judge_roots([RootPull(root, 3, 3)])) == []


def test_a_reference_into_what_is_left_out_is_told_with_both_ways_out() -> None:
    edge = Edge(PERSON, ("tenant_id",), TENANT, ("id",), (EqualityOperator(),))
    graph = Graph((edge,), (), {}, {PERSON: PERSON, TENANT: TENANT})
    (finding,) = judge_blocked(graph, {edge: 1})
    assert finding.is_error
    assert finding.message == "chosen rows refer to 1 row of public.tenant, which subset.tables leaves out"
    assert finding.remedy.endswith("subset:\n  referenced:\n    public.person.tenant_id: nullify")


def test_a_way_out_of_a_partition_s_reference_names_its_table_as_yaml_spells_it() -> None:
    leaf, odd = RelationName("public", "log_1"), RelationName("public", "Log #")
    edge = Edge(leaf, ("a", "b"), TENANT, ("a", "b"), (EqualityOperator(),) * 2)
    (finding,) = judge_blocked(Graph((edge,), (), {}, {leaf: odd, TENANT: TENANT}), {edge: 2})
    assert finding.remedy.endswith(r'["public.\"Log #\".a", "public.\"Log #\".b"]: nullify')


def test_what_was_copied_is_what_was_planned() -> None:
    selection = Selection(rows={PERSON: RowSet()}, whole={TENANT: 3})
    refuse_changed(selection, [copied(TENANT, 3), copied(PERSON, 0)])
    with pytest.raises(Drift, match=r"other rows of public\.person were copied than had been planned"):
        refuse_changed(selection, [copied(TENANT, 3), copied(PERSON, 1)])
    with pytest.raises(Drift, match=r"public\.tenant"):
        refuse_changed(selection, [copied(TENANT, 2)])
