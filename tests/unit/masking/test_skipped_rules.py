"""Rules that speak of a table which a subset skips: neither a mistake nor a promise."""

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.relations import Column, ColumnType, Relation, RelationKind, RelationName
from dbtool.digest import ProjectKey
from dbtool.masking.compile import plan_masking
from dbtool.masking.masks import MASKS
from dbtool.rules.model import ColumnRule, Keep, RelationTarget, RuleSet, TableRules, VirtualRelation
from dbtool.rules.position import Position

_HERE, _ONE, _OTHER, _TABLE = (Position("rules.yaml", line, 1) for line in (1, 2, 3, 4))
_KEPT, _SCRATCH = RelationName("public", "kept"), RelationName("public", "scratch")
_CATALOG = build_catalog(
    180000, [Relation(_KEPT, RelationKind.TABLE, (Column("id", ColumnType("integer", "int4")),))]
)
_RULES = RuleSet(
    {
        name: TableRules(name, (ColumnRule(("id",), Keep("a number", _HERE), _HERE),), _TABLE)
        for name in (_KEPT, _SCRATCH)
    },
    relations=(
        VirtualRelation(_KEPT, ("id",), (RelationTarget(_SCRATCH, ("id",), None, _ONE),), None, _ONE),
        VirtualRelation(_SCRATCH, ("id",), (RelationTarget(_KEPT, ("id",), None, _OTHER),), None, _OTHER),
    ),
)
_KEY = ProjectKey(b"a key of these tests alone: 0123456789abcdef")


def test_rules_of_a_skipped_table_are_no_mistake() -> None:
    assert plan_masking(_CATALOG, _RULES, _KEY, MASKS, skipped={_SCRATCH}).findings == ()


def test_rules_of_a_table_that_is_nowhere_are_one() -> None:
    found = plan_masking(_CATALOG, _RULES, _KEY, MASKS).findings
    assert {finding.check for finding in found} == {"rule-names-nothing"}
    assert {finding.where for finding in found} == {str(each) for each in (_ONE, _OTHER, _TABLE)}
