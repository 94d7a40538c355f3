"""Columns whose rows choose between two decisions, on a server: each row gets what its branch alone would have given it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dbtool.errors import RulesInvalid, VerificationFailed
from dbtool.findings import Finding
from dbtool.masking.recorded import Recorded
from dbtool.masking.survivors import Originals
from dbtool.refresh.check_rules import check_rules
from dbtool.refresh.pipeline import refresh
from dbtool.rules.loader import load_rules
from dbtool.rules.model import RuleSet
from tests.databases import execute, query
from tests.integration.refreshing import request_for, rules_of

TwoDatabases = tuple[str, str]

# Plain SELECTs: passed on all majors when written, and nothing in them depends on one.
pytestmark = pytest.mark.one_major

# Some rows of either country have one address, and some rows have no country.
_PEOPLE = """
CREATE TABLE people (
    id int PRIMARY KEY, country text, phone text, email text, note varchar(40), doc jsonb, born date, died date, tags text[],
    code char(8), boss int REFERENCES people
) PARTITION BY RANGE (id);
CREATE TABLE people_high PARTITION OF people FOR VALUES FROM (100) TO (1000);
CREATE TABLE people_low (
    email text, dropped int, country text, code char(8), doc jsonb, id int NOT NULL, note varchar(40), phone text, tags text[],
    born date, died date, boss int
);
ALTER TABLE people_low DROP COLUMN dropped;
ALTER TABLE people ATTACH PARTITION people_low FOR VALUES FROM (0) TO (100);
INSERT INTO people SELECT n, (ARRAY['US', 'DK', NULL])[1 + n % 3], '+45 3312 ' || 1000 + n,
    CASE WHEN n % 7 > 0 THEN 'p' || n % 50 || '@lovelace.dk' END, E'says\\t' || n,
    jsonb_build_object('phone', '+45 3312 ' || 1000 + n), date '1950-01-01' + n, date '1990-01-01' + n,
    ARRAY['t' || n, 'u' || n, NULL], 'c' || n, CASE WHEN n > 9 THEN n - 9 END
FROM generate_series(1, 300) n;
ANALYZE
"""
_US = "people.country = 'US' -- no more"
# column → what its rows take where the condition is true, and what all others take
_CASES = {
    "country": ('mask: "null"', "mask: redact"),
    "phone": ("mask: redact", "mask: permute_format"),
    "email": ("mask: email", "keep: published by themselves"),
    "note": ('mask: constant, value: "\'\\\\"', "mask: redact"),
    "doc": ("json: {$.phone: {mask: phone}}", 'mask: "null"'),
    "[born, died]": ("mask: shift_date, by: id, days: 30", "mask: birth_date"),
    "tags": ("each: {mask: redact}", "mask: sql, expression: \"ARRAY[people.phone, ':x']\""),
    "code": ("mask: redact", "mask: empty"),
}
_ROWS = "SELECT id, country, phone, email, note, doc, born, died, tags, code, boss FROM people ORDER BY id"


@pytest.fixture
def ends(two_databases: TwoDatabases) -> TwoDatabases:
    execute(two_databases[0], _PEOPLE)
    return two_databases


def rules_for(decisions: dict[str, str], folder: Path) -> RuleSet:
    lines = [f"    {column}: {{{decision}}}\n" for column, decision in decisions.items()]
    return rules_of(
        f"  public.people:\n    id: {{keep: a number}}\n    boss: {{keep: a number}}\n{''.join(lines)}",
        folder,
    )


def conditional(when: str = _US, **others: str) -> dict[str, str]:
    cases = {
        column: f'{chosen}, when: "{when}", otherwise: {{{other}}}'
        for column, (chosen, other) in _CASES.items()
    }
    return cases | others


def places_of(error: VerificationFailed) -> list[str]:
    return [one.where for one in error.findings if isinstance(one, Finding)]


def copied(ends: TwoDatabases, folder: Path, decisions: dict[str, str], **changes: Any) -> list[Any]:
    source, target = ends
    rules = replace(rules_for(decisions, folder), **changes)
    refresh(request_for(source, target, folder, rules))
    return query(target, _ROWS)


def test_each_row_gets_what_its_branch_gives_all_rows(ends: TwoDatabases, tmp_path: Path) -> None:
    in_one, in_other = (
        copied(ends, tmp_path, {column: pair[case] for column, pair in _CASES.items()}) for case in (0, 1)
    )
    is_us = dict(query(ends[0], "SELECT id, country = 'US' FROM people"))
    assert set(is_us.values()) == {True, False, None}
    wanted = [one if is_us[one[0]] else other for one, other in zip(in_one, in_other, strict=True)]
    found = copied(ends, tmp_path, conditional())
    assert found == wanted
    assert in_one != found != in_other


def test_rows_of_a_subset_choose_as_they_would_in_a_whole_copy(ends: TwoDatabases, tmp_path: Path) -> None:
    whole = {row[0]: row for row in copied(ends, tmp_path, conditional())}
    file = tmp_path / "subset.yaml"
    file.write_text(
        "version: 1\nsubset:\n  roots: [{table: public.people, where: id % 4 = 1}]\n"
        "  referencing: {default: none}\n  referenced: {public.people.boss: nullify}\n"
    )
    rows = copied(ends, tmp_path, conditional(), subset=load_rules(file).subset)
    assert len(rows) == 75
    assert all(row[:-1] == whole[row[0]][:-1] for row in rows)
    assert {row[-1] for row in rows} == {None}


def test_kept_originals_may_stand_beside_those_that_are_masked_and_nowhere_else(
    ends: TwoDatabases, tmp_path: Path
) -> None:
    source, target = ends
    keep = dict.fromkeys(("country", "phone", "doc", "[born, died]", "tags", "code", "note"), "keep: k")
    decisions = keep | {"email": f'mask: email, when: "{_US}", otherwise: {{keep: published by themselves}}'}
    done = refresh(request_for(source, target, tmp_path, rules_for(decisions, tmp_path)))
    assert done.verification.surviving_values == 0
    assert (
        "public.people.email: originals of its masked rows that its other rows hold as well were searched for in other "
        "columns only" in done.verification.not_checked
    )
    of_us, of_others = (
        set(
            query(
                source,
                f"SELECT email FROM people WHERE email IS NOT NULL AND (country = 'US') IS {truth} TRUE",
            )
        )
        for truth in ("", "NOT")
    )
    assert len(of_us & of_others) > 20
    execute(source, "UPDATE people SET note = email WHERE country = 'US'")
    with pytest.raises(VerificationFailed) as refused:
        refresh(request_for(source, target, tmp_path, rules_for(decisions, tmp_path)))
    assert set(places_of(refused.value)) == {"public.people_high.note", "public.people_low.note"}


def test_a_kept_row_of_another_column_is_no_place_for_an_original(ends: TwoDatabases, tmp_path: Path) -> None:
    source, target = ends
    execute(source, "UPDATE people SET note = email WHERE id = 20")
    keep = dict.fromkeys(("country", "phone", "doc", "[born, died]", "tags", "code"), "keep: k")
    decisions = keep | {
        "email": "mask: email",
        "note": "mask: token, when: id <> 20, otherwise: {keep: says nothing}",
    }
    execute(source, "ALTER TABLE people ALTER note TYPE text")
    with pytest.raises(VerificationFailed) as refused:
        refresh(request_for(source, target, tmp_path, rules_for(decisions, tmp_path)))
    assert places_of(refused.value) == ["public.people_low.note"]


def test_values_of_kept_rows_survive_a_filter_that_takes_them_for_originals_of_others(
    ends: TwoDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With so few bits it takes most values for something that it holds, and the second pass tells whose they are."""
    monkeypatch.setattr("dbtool.masking.survivors._FILTER_BITS", 6)
    monkeypatch.setattr(
        "dbtool.refresh.compiled.Recorded",
        lambda seed: Recorded(seed, Originals(limit=5), Originals(limit=5), Originals(limit=5)),
    )
    source, target = ends
    keep = dict.fromkeys(("country", "phone", "doc", "[born, died]", "tags", "code"), "keep: k")
    decisions = keep | {
        "email": f'mask: email, when: "{_US}", otherwise: {{keep: published by themselves}}',
        "note": "mask: token",
    }
    execute(source, "ALTER TABLE people ALTER note TYPE text")
    request = request_for(source, target, tmp_path, rules_for(decisions, tmp_path))
    assert refresh(request).verification.surviving_values == 0
    execute(source, "UPDATE people SET phone = email WHERE country = 'US' AND id < 100")
    with pytest.raises(VerificationFailed) as refused:
        refresh(request)
    assert places_of(refused.value) == ["public.people_low.phone"]


@pytest.mark.parametrize(
    ("when", "place", "told"),
    [
        ("contry = 'US'", 34, 'column "contry" does not exist'),
        ("id", 34, "argument of WHERE must be type boolean, not type integer"),
        ("id = ", 37, "syntax error"),
        ("true) OR (true", 38, "syntax error"),
        ("true; DELETE FROM people", 34, "cannot insert multiple commands"),
        ("id = $1", 34, "a condition has no parameters such as $1"),
        ("count(*) > 1", 34, "aggregate functions are not allowed in WHERE"),
    ],
)
def test_a_condition_that_the_source_cannot_read_is_refused_with_its_place(
    ends: TwoDatabases, tmp_path: Path, when: str, place: int, told: str
) -> None:
    source, target = ends
    rules = rules_for(
        dict.fromkeys(_CASES, "keep: k") | {"phone": f'mask: redact, when: "{when}", otherwise: {{keep: k}}'},
        tmp_path,
    )
    request = request_for(source, target, tmp_path, rules)
    for refused in (lambda: refresh(request), lambda: check_rules(request.source, rules)):
        with pytest.raises(RulesInvalid) as refusal:
            refused()
        assert told in refusal.value.problems[0]
        assert refusal.value.problems[0].startswith(f"{tmp_path}/rules.yaml:7:{place}: ")
    assert query(target, "SELECT count(*) FROM pg_class WHERE relname = 'people'") == [(0,)]
