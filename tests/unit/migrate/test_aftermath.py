"""What is looked at on the clone once the revisions have run."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.catalog.catalog import build_catalog
from dbtool.catalog.constraints import UniqueIndex
from dbtool.catalog.relations import RelationName
from dbtool.findings import Finding, Severity
from dbtool.migrate.rehearse.aftermath import (
    State,
    judge_heads,
    judge_kept_columns,
    judge_model,
    judge_new_columns,
    judge_unfinished,
)
from dbtool.postgres.unfinished import Unfinished
from dbtool.rules.loader import load_rules
from dbtool.rules.lockfile import Lock, parse_lock
from dbtool.rules.model import RuleSet
from dbtool.rules.nodes import Problems
from tests.unit.masking.coverage_cases import MASKS, SHOP, key, table

_BEFORE = State(SHOP, (), ("a1",))
_INDEX = Unfinished("index", 'public."Ix"', "public.orders")
_CONSTRAINT = Unfinished("constraint", '"is Good"', 'public."Order"')


def _state(columns: str, *, unfinished: tuple[Unfinished, ...] = ()) -> State:
    """``columns`` of public.customers."""
    catalog = build_catalog(
        180000,
        [table("customers", columns), table("orders", "id customer_id")],
        foreign_keys=(key("orders.customer_id", "customers.id"),),
    )
    return State(catalog, unfinished, ("b2",))


@pytest.fixture
def rules(tmp_path: Path) -> RuleSet:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: 1\ntables:\n"
        "  public.customers:\n    id: {keep: a key}\n    name: {mask: permute}\n    listed: {keep: says nothing}\n"
        "  public.orders:\n    id: {keep: a key}\n"
    )
    return load_rules(file)


def _new(after: State, rules: RuleSet) -> list[str]:
    return [one.where for one in judge_new_columns(_BEFORE, after, rules, MASKS)]


def test_a_new_column_without_a_rule_is_an_error_with_the_rule_to_write(rules: RuleSet) -> None:
    (finding,) = judge_new_columns(_BEFORE, _state("id name email"), rules, MASKS)
    assert (finding.check, finding.severity, finding.where) == (
        "column-without-rule",
        Severity.ERROR,
        "public.customers.email",
    )
    assert "bigint" in finding.message
    assert finding.remedy.startswith("tables:\n  public.customers:\n    email: {")


def test_a_new_column_with_a_rule_or_inherited_from_a_key_is_none(rules: RuleSet) -> None:
    assert _new(_state("id name listed"), rules) == []


def test_a_column_that_nobody_decided_before_is_no_affair_of_these_revisions(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("version: 1\ntables:\n  public.customers:\n    id: {keep: a key}\n")
    assert _new(_state("id name"), load_rules(file)) == []


def test_a_renamed_column_is_a_new_one(rules: RuleSet) -> None:
    assert _new(_state("id surname"), rules) == ["public.customers.surname"]


def test_a_new_column_of_a_table_that_the_subset_skips_needs_no_rule(tmp_path: Path, rules: RuleSet) -> None:
    file = tmp_path / "skipping.yaml"
    file.write_text(
        "version: 1\nsubset: {roots: [{table: public.customers, percent: 5}], tables: {public.scratch: skip}}\n"
        "profiles: {dev: {subset: {roots: [{table: public.customers, limit: 5}]}}}\n"
    )
    skipping = replace(rules, subset=load_rules(file).subset)
    scratch = build_catalog(180000, [table("customers", "id name email"), table("scratch", "id line")])
    after = State(scratch, (), ("b2",))
    assert _new(after, skipping) == ["public.customers.email"]
    assert _new(after, rules) == ["public.customers.email", "public.scratch.id", "public.scratch.line"]


@pytest.mark.parametrize("heads", [(), ("a1",), ("b2", "c3")])
def test_other_heads_than_the_files_are_an_error(heads: tuple[str, ...]) -> None:
    (finding,) = judge_heads(replace(_BEFORE, heads=heads), ("b2",))
    assert (finding.check, finding.severity) == ("heads-differ", Severity.ERROR)
    assert f"is at {', '.join(heads) or 'no revision'} and not at b2" in finding.message


def test_the_order_of_heads_is_nothing() -> None:
    assert list(judge_heads(replace(_BEFORE, heads=("c3", "b2")), ("b2", "c3"))) == []


def _unfinished(*left: Unfinished, before: tuple[Unfinished, ...] = ()) -> list[Finding]:
    state = _state("id name", unfinished=left)
    return list(judge_unfinished(replace(_BEFORE, unfinished=before), state))


def test_an_invalid_index_is_an_error_and_a_constraint_not_valid_a_warning() -> None:
    index, constraint = _unfinished(_INDEX, _CONSTRAINT)
    assert (index.check, index.severity, index.where) == ("index-invalid", Severity.ERROR, 'public."Ix"')
    assert (constraint.check, constraint.severity) == ("constraint-not-valid", Severity.WARNING)


def test_what_was_unfinished_before_is_not_theirs() -> None:
    assert _unfinished(_INDEX, _CONSTRAINT, before=(_CONSTRAINT, _INDEX)) == []
    assert [one.check for one in _unfinished(_INDEX, _CONSTRAINT, before=(_CONSTRAINT,))] == ["index-invalid"]


def test_an_index_whose_partitions_are_still_to_come_is_a_warning() -> None:
    (finding,) = _unfinished(Unfinished("partitioned index", "public.ix", "public.visit"))
    assert (finding.check, finding.severity) == ("index-invalid", Severity.WARNING)
    assert "ATTACH PARTITION" in finding.remedy
    assert "DROP" not in finding.remedy


def test_remedies_can_be_pasted_whatever_the_names_are() -> None:
    for finding in _unfinished(
        _INDEX, _CONSTRAINT, Unfinished("partitioned index", 'public."P i"', "public.v")
    ):
        calls = [node for node in ast.walk(ast.parse(finding.remedy)) if isinstance(node, ast.Constant)]
        assert any('"' in str(call.value) for call in calls), finding.remedy


def test_models_that_differ_are_a_warning_each_and_no_model_is_none() -> None:
    findings = list(judge_model(("table a is in the models alone", "column b.c has another type")))
    assert [(one.check, one.severity) for one in findings] == [("model-drift", Severity.WARNING)] * 2
    assert findings[0].message.endswith("table a is in the models alone")
    assert list(judge_model(())) == list(judge_model(None)) == []


_KEPT = (
    "public.customers.id  bigint",
    "public.customers.listed  bigint",
    "public.orders.customer_id  bigint",
)


def _locked(rules: RuleSet, *lines: str) -> RuleSet:
    lock = parse_lock("\n".join(["version: 1", *lines]), "dbtool.lock", Problems())
    return replace(rules, lock=Lock(Path("dbtool.lock"), lock))


def _unaccepted(after: State, rules: RuleSet) -> list[Finding]:
    return list(judge_kept_columns(_BEFORE, after, rules, MASKS))


def test_a_new_kept_column_is_an_error_with_the_line_to_add(rules: RuleSet) -> None:
    (finding,) = _unaccepted(_state("id name listed"), _locked(rules, _KEPT[0], _KEPT[2]))
    assert (finding.check, finding.severity, finding.where) == (
        "column-not-accepted",
        Severity.ERROR,
        "public.customers.listed",
    )
    assert finding.remedy == f"# add to dbtool.lock, or mask the column:\n{_KEPT[1]}"


def test_a_new_kept_column_whose_line_is_there_is_none(rules: RuleSet) -> None:
    assert _unaccepted(_state("id name listed"), _locked(rules, *_KEPT)) == []


def test_a_kept_column_that_becomes_a_key_is_an_error_that_names_both(rules: RuleSet) -> None:
    after = _state("id name")
    index = UniqueIndex("ix", RelationName("public", "customers"), ("id",))
    after = replace(after, catalog=replace(after.catalog, unique_indexes=(index,)))
    (finding,) = _unaccepted(after, _locked(rules, *_KEPT))
    assert "was accepted as bigint, part of no key (dbtool.lock:2:1); it is bigint, part of a key now" in (
        finding.message
    )
    assert _unaccepted(after, _locked(rules, *_KEPT, f"{_KEPT[0]}  key")) == []


def test_what_nobody_accepted_before_is_no_affair_of_these_revisions(rules: RuleSet) -> None:
    assert _unaccepted(_state("id name"), _locked(rules)) == []


def test_without_a_lock_nothing_is_asked_of_kept_columns(rules: RuleSet) -> None:
    assert _unaccepted(_state("id name listed"), rules) == []
