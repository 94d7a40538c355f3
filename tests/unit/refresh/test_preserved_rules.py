from pathlib import Path

from dbtool.catalog.relations import RelationName
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.refresh.preserved_rules import without_rules_of
from dbtool.rules.loader import load_rules
from dbtool.rules.model import RuleSet

FLAGS = RelationName("public", "flags")
_RULES = """\
version: 1
tables:
  public.flags: {id: {keep: k}}
  public.orders: {id: {keep: k}, kind: {keep: k}}
relations:
  - {from: public.orders.flag, to: public.flags.id}
  - {from: public.flags.above, to: public.orders.id}
  - {from: public.orders.about, by: {public.orders.kind: {flag: public.flags.id, order: public.orders.id}}}
subset:
  roots: [{table: public.orders, percent: 5}]
  tables: {public.flags: empty}
  referencing: {edges: {public.flags.above: none}}
profiles:
  dev: {subset: {tables: {public.flags: all}}}
"""


def load(folder: Path) -> RuleSet:
    file = folder / "rules.yaml"
    file.write_text(_RULES, encoding="utf-8")
    return load_rules(file, MASKS.keys(), OptionNames(MASKS))


def test_nothing_is_said_any_more_of_what_is_kept(tmp_path: Path) -> None:
    rules = load(tmp_path)
    left = without_rules_of(rules, [FLAGS])
    assert [name.name for name in left.tables] == ["orders"]
    assert left.digest == rules.digest
    assert left.subset is not None
    assert (left.subset.tables, left.subset.edges) == ({}, ())
    assert left.subset.roots == (rules.subset and rules.subset.roots)
    profile = left.profiles["dev"]
    assert profile is not None
    assert profile.tables == {}
    assert [one.referenced.name for one in left.virtual_references] == ["orders"]


def test_a_polymorphic_reference_to_what_is_kept_leads_to_nothing_that_is_copied(tmp_path: Path) -> None:
    (left,) = without_rules_of(load(tmp_path), [FLAGS]).relations
    assert [(target.type_value, target.referenced) for target in left.targets] == [
        ("flag", None),
        ("order", RelationName("public", "orders")),
    ]
