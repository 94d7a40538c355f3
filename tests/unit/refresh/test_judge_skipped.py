"""Which skipped tables something else cannot be without."""

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import Sequence
from dbtool.catalog.relations import Relation, RelationKind, RelationName
from dbtool.refresh.skipped import emptied, judge_skipped, skipped_tables
from dbtool.rules.position import Position
from dbtool.rules.subset_model import SubsetRules, TablePolicy

_LOG, _LEAF, _SEQUENCE = (RelationName("public", name) for name in ("log", "log_1", "log_1_id_seq"))
_OTHER = RelationName("public", "other")
_HERE = Position("rules.yaml", 7, 3)
_CATALOG = build_catalog(
    180000,
    [
        Relation(_LOG, RelationKind.PARTITIONED_TABLE, ()),
        Relation(_LEAF, RelationKind.TABLE, (), partition_root=_LOG),
    ],
    sequences=(Sequence(_SEQUENCE, owned_by=_LEAF),),
)
_SKIPPED = {_LOG: TablePolicy("skip", _HERE)}


def test_only_what_the_rules_skip_is_skipped() -> None:
    tables = {_LOG: _SKIPPED[_LOG], _OTHER: TablePolicy("empty", _HERE)}
    assert skipped_tables(SubsetRules((), _HERE, tables=tables)) == _SKIPPED
    assert skipped_tables(None) == {}


def test_a_copy_that_has_all_tables_has_those_without_rows() -> None:
    subset = SubsetRules((), _HERE, tables={**_SKIPPED, _OTHER: TablePolicy("all", _HERE)})
    assert emptied(subset).tables == {_LOG: TablePolicy("empty", _HERE), _OTHER: TablePolicy("all", _HERE)}
    assert emptied(subset).at == _HERE


def test_what_needs_a_partition_or_its_sequence_needs_the_table() -> None:
    needs = [
        (_LEAF, "view public.v"),
        (_LOG, "view public.v"),
        (_SEQUENCE, "default value for public.other.id"),
    ]
    found = list(judge_skipped(_CATALOG, _SKIPPED, needs))
    assert [(finding.where, finding.is_error, finding.check) for finding in found] == [
        ("rules.yaml:7:3", True, "skip-needed")
    ] * 2
    assert [finding.message for finding in found] == [
        "public.log cannot be skipped: default value for public.other.id needs it and could not be made without it",
        "public.log cannot be skipped: view public.v needs it and could not be made without it",
    ]
    assert "public.log: empty" in found[0].remedy


def test_foreign_keys_are_left_to_the_rules_of_the_subset() -> None:
    assert list(judge_skipped(_CATALOG, _SKIPPED, [(_LOG, "foreign key k on public.other")])) == []
