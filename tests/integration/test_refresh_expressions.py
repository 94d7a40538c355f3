"""Masks that are SQL of the rules: evaluated by the source in whole copies and subsets, refused before anything is copied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.errors import FindingsRefuse, RulesInvalid, VerificationFailed
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.refresh.check_rules import check_rules
from dbtool.refresh.pipeline import refresh
from dbtool.rules.loader import load_rules
from dbtool.rules.model import RuleSet
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

pytestmark = (
    pytest.mark.one_major
)  # what is asked of a server is tested on each of them in test_expression_fragments.py

_PEOPLE = """
CREATE TABLE people (id int PRIMARY KEY, city text, email text) PARTITION BY RANGE (id);
CREATE TABLE people_high PARTITION OF people FOR VALUES FROM (100) TO (1000);
CREATE TABLE people_low (email text, dropped int, city text, id int NOT NULL);
ALTER TABLE people_low DROP COLUMN dropped;
ALTER TABLE people ATTACH PARTITION people_low FOR VALUES FROM (0) TO (100);
INSERT INTO people SELECT n, CASE WHEN n % 10 > 0 THEN 'town ' || n END, 'p' || n || '@lovelace.dk' FROM generate_series(1, 300) n;
ANALYZE
"""


@pytest.fixture
def ends(two_databases: TwoDatabases) -> TwoDatabases:
    execute(two_databases[0], _PEOPLE)
    return two_databases


def people(expression: str, folder: Path, column: str = "city", more: str = "") -> RuleSet:
    """``expression`` is a YAML scalar, with its quotes."""
    columns = {"id": "{keep: k}", "city": "{keep: k}", "email": "{mask: email}"}
    columns[column] = f"{{mask: sql, expression: {expression}{more}}}"
    return rules_of(
        "  public.people: {" + ", ".join(f"{name}: {rule}" for name, rule in columns.items()) + "}\n", folder
    )


def test_the_source_evaluates_it_row_by_row_in_every_partition(ends: TwoDatabases, tmp_path: Path) -> None:
    source, target = ends
    rules = people("\"'of ' || id % 7 || E' \\\\\\\\! :HOST' -- no more\"", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    wanted = query(
        source,
        r"SELECT id, CASE WHEN city IS NOT NULL THEN 'of ' || id % 7 || E' \\! :HOST' END FROM people ORDER BY id",
    )
    assert query(target, "SELECT id, city FROM people ORDER BY id") == wanted
    assert query(target, "SELECT count(*) FROM people WHERE city IS NULL") == [(30,)]


def test_it_is_evaluated_for_the_rows_of_a_subset(ends: TwoDatabases, tmp_path: Path) -> None:
    source, target = ends
    file = tmp_path / "subset.yaml"
    file.write_text("version: 1\nsubset: {roots: [{table: public.people, percent: 20}]}\n")
    rules = replace(people("'left(city, 1)'", tmp_path), subset=load_rules(file).subset)
    refresh(request_for(source, target, tmp_path, rules))
    rows = query(target, "SELECT count(*), count(DISTINCT city), min(city) FROM people")
    assert rows[0][1:] == (1, "t")
    assert 10 < rows[0][0] < 110


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("town", 'column "town" does not exist'),
        ('"city) END, (city"', "syntax error"),
        ("id", "the expression is of type integer, and the column of type text; cast it to that"),
    ],
)
def test_one_that_the_source_cannot_read_is_refused_with_its_place(
    ends: TwoDatabases, tmp_path: Path, expression: str, told: str
) -> None:
    source, target = ends
    rules = people(expression, tmp_path)
    request = request_for(source, target, tmp_path, rules)
    for refused in (lambda: refresh(request), lambda: check_rules(request.source, rules)):
        with pytest.raises(RulesInvalid) as refusal:
            refused()
        assert told in refusal.value.problems[0]
        assert refusal.value.problems[0].startswith(f"{tmp_path}/rules.yaml:3:")
    assert query(target, "SELECT count(*) FROM pg_class WHERE relname = 'people'") == [(0,)]


def test_originals_that_it_lets_through_are_found(ends: TwoDatabases, tmp_path: Path) -> None:
    source, target = ends
    rules = people("\"'by ' || email\"", tmp_path)
    with pytest.raises(VerificationFailed):
        refresh(request_for(source, target, tmp_path, rules))


def test_an_index_holds_it_only_where_somebody_says_that_it_is_unique(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    source, target = ends
    execute(source, "CREATE UNIQUE INDEX people_city ON people (city, id); CREATE TABLE t (c text UNIQUE)")
    execute(source, "INSERT INTO t SELECT 'c' || n FROM generate_series(1, 20) n")
    more = "  public.t: {c: {mask: sql, expression: \"'d' || c\"%s}}\n"
    base = "  public.people: {id: {keep: k}, city: {keep: k}, email: {mask: email}}\n"
    with pytest.raises(FindingsRefuse) as refused:
        refresh(request_for(source, target, tmp_path, rules_of(base + more % "", tmp_path)))
    assert [one.check for one in refused.value.findings if one.is_error] == ["uniqueness-not-proved"]  # type: ignore[attr-defined]
    rules = rules_of(base + more % ", unique: true", tmp_path)
    refresh(request_for(source, target, tmp_path, rules))
    assert min(column_of(target, "SELECT c FROM t")) == "dc1"


def test_a_reference_to_it_a_path_of_it_and_by_are_refused(ends: TwoDatabases, tmp_path: Path) -> None:
    source, _ = ends
    execute(source, "CREATE TABLE k (code text PRIMARY KEY, doc json, other text)")
    execute(source, "CREATE TABLE r (code text REFERENCES k)")
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: 1\ntables:\n  public.people: {id: {keep: k}, city: {keep: k}, email: {mask: email}}\n"
        "  public.k:\n    code: {mask: sql, expression: \"'d' || code\", unique: true}\n"
        "    doc: {json: {$.a: {mask: sql, expression: \"'x'\"}}}\n"
        "    other: {mask: sql, expression: \"'x'\", by: code}\n"
    )
    rules = load_rules(file, MASKS.keys(), OptionNames(MASKS))
    _, findings = check_rules(request_for(source, source, tmp_path, rules).source, rules)
    messages = [finding.message for finding in findings if finding.check == "mask-does-not-fit"]
    assert len(messages) == 3
    assert any(
        "it is an expression over the columns of public.k.code, and this column refers" in m for m in messages
    )
    assert any("does not fit $.a: the source evaluates it in place of a whole column" in m for m in messages)
    assert any("an expression reads the row's columns by their names, without `by`" in m for m in messages)
