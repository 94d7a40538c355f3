"""What the rules' own SQL and functions make is tried on rows of the source, and told before a run without a value."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.findings import Finding, Severity
from dbtool.refresh.check_rules import check_rules
from dbtool.rules.model import PythonModules
from dbtool.targets import Target, Tier
from tests.databases import execute
from tests.integration.refreshing import rules_of

pytestmark = pytest.mark.one_major

_SCHEMA = """
CREATE DOMAIN public.code AS varchar(6);
CREATE TABLE public.people (
    id int PRIMARY KEY, name text, short varchar(5), code public.code, born date, amount numeric(6,2), sure text NOT NULL,
    tags varchar(4)[]
);
"""
_ROWS = """
INSERT INTO public.people SELECT n, 'name ' || n, 's' || n, 'AB' || n, DATE '2000-01-01' + n, n, 'x', ARRAY['t' || n]
FROM generate_series(1, 300) AS n;
"""
_TRIED = {"mask-does-not-fit", "sql-keeps-originals", "mask-fails", "check-would-fail"}


def _find(url: str, folder: Path, column: str, rule: str, module: str = "") -> tuple[Finding, ...]:
    names = ["id", "name", "short", "code", "born", "amount", "sure", "tags"]
    decided = "".join(f"    {name}: {rule if name == column else '{keep: k}'}\n" for name in names)
    (folder / "m9_masks.py").write_text(f"import polars as pl\n\n\n{module}")
    rules = rules_of(f"  public.people:\n{decided}", folder)
    rules = replace(rules, modules=PythonModules(folder, ("m9_masks",)))
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: url), rules)
    return tuple(one for one in findings if one.check in _TRIED)


def _sql(expression: str) -> str:
    return f'{{mask: sql, expression: "{expression}"}}'


@pytest.mark.parametrize(
    ("column", "expression", "told"),
    [
        ("short", "'abcdefgh' || id", "makes more than the 5 characters that character varying(5) holds, in 300 of 300 sampled rows (100%)"),
        ("code", "repeat('A', 6 + id % 2)", "makes more than the 6 characters that public.code holds, in 150 of 300 sampled rows (50%)"),
        ("amount", "amount * 100", "makes what is no value of numeric(6,2), in "),
        ("tags", "ARRAY['ab', 'abc' || id]::varchar[]", "makes more than the 4 characters that character varying(4)[] holds, in 291 of 300"),
        ("sure", "nullif(id % 2, 0)::text", "makes NULL, and the column is NOT NULL, in 150 of 300 sampled rows (50%)"),
    ],
)  # fmt: skip
def test_a_column_that_does_not_hold_what_an_expression_makes(
    database: str, tmp_path: Path, column: str, expression: str, told: str
) -> None:
    execute(database, _SCHEMA + _ROWS)
    (found,) = _find(database, tmp_path, column, _sql(expression))
    assert (found.check, found.severity) == ("mask-does-not-fit", Severity.ERROR)
    assert found.where == f"public.people.{column}"
    assert told in found.message
    assert "mask sql at " in found.message
    assert "abcdefgh" not in found.message


@pytest.mark.parametrize(
    ("column", "expression"),
    [
        ("short", "'abcde   '"),
        ("code", "'AB' || id % 7 || 'x'"),
        ("born", "born - 40"),
        ("amount", "amount + 1"),
        ("sure", "'y'"),
        ("tags", "ARRAY['abcd', NULL, 'ab    ']::varchar[]"),
        ("name", "NULL::text"),
    ],
)
def test_what_fits_and_hides_is_passed_over(
    database: str, tmp_path: Path, column: str, expression: str
) -> None:
    execute(database, _SCHEMA + _ROWS)
    assert _find(database, tmp_path, column, _sql(expression)) == ()


def test_an_expression_that_hides_nothing_is_refused(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS)
    (found,) = _find(database, tmp_path, "name", _sql("trim(name)"))
    assert (found.check, found.severity) == ("sql-keeps-originals", Severity.ERROR)
    assert "leaves 300 of 300 sampled values as they are (100%)" in found.message


def test_one_that_hides_some_is_warned_of(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS)
    (found,) = _find(database, tmp_path, "name", _sql("CASE WHEN id > 30 THEN 'somebody' ELSE name END"))
    assert (found.check, found.severity) == ("sql-keeps-originals", Severity.WARNING)
    assert "leaves 30 of 300 sampled values as they are (10%)" in found.message
    assert "when and otherwise" in found.remedy


def test_what_it_hides_is_counted_where_its_condition_holds(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS)
    rule = '{mask: sql, expression: "trim(name)", when: "id > 200", otherwise: redact}'
    (found,) = _find(database, tmp_path, "name", rule)
    assert (found.check, found.severity) == ("sql-keeps-originals", Severity.ERROR)
    assert "leaves 100 of 100 sampled values as they are (100%)" in found.message
    other = '{mask: redact, when: "id > 200", otherwise: {mask: sql, expression: "trim(name)"}}'
    (found,) = _find(database, tmp_path, "name", other)
    assert "leaves 200 of 200 sampled values as they are (100%)" in found.message


def test_what_it_hides_is_counted_in_several_partitions(database: str, tmp_path: Path) -> None:
    execute(
        database,
        "CREATE TABLE public.people (id int, name text) PARTITION BY RANGE (id);"
        "CREATE TABLE public.few PARTITION OF public.people FOR VALUES FROM (0) TO (101);"
        "CREATE TABLE public.many PARTITION OF public.people FOR VALUES FROM (101) TO (1000);"
        "INSERT INTO public.people SELECT n, 'name ' || n FROM generate_series(1, 300) AS n",
    )
    expression = "CASE WHEN id > 100 THEN 'somebody' ELSE name END"
    rules = rules_of(f"  public.people: {{id: {{keep: k}}, name: {_sql(expression)}}}\n", tmp_path)
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
    (found,) = (one for one in findings if one.check == "sql-keeps-originals")
    assert "leaves 100 of 300 sampled values as they are (33%)" in found.message


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(1 / (id - 7))::text", "division by zero"),
        ("(name::int)::text", 'invalid input syntax for type integer: "…"'),
    ],
)
def test_an_expression_that_fails_on_a_row_is_told_before_the_run(
    database: str, tmp_path: Path, expression: str, reason: str
) -> None:
    execute(database, _SCHEMA + _ROWS)
    (found,) = _find(database, tmp_path, "name", _sql(expression))
    assert (found.check, found.severity, found.where) == ("mask-fails", Severity.ERROR, "public.people.name")
    assert f"fails: {reason} while reading some rows of public.people" in found.message
    assert "name 1" not in found.message


def test_a_function_that_fails_is_told_before_the_run(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS)
    rule = "{mask: python, function: 'm9_masks:f'}"
    (found,) = _find(database, tmp_path, "name", rule, "def f(values, seed):\n    return values.head(1)\n")
    assert (found.check, found.severity, found.where) == ("mask-fails", Severity.ERROR, "public.people")
    assert found.message.startswith(
        "public.people.name: the mask function m9_masks:f returned 1 stand-ins for 300 values"
    )


def test_without_rows_nothing_can_be_told(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA)
    assert _find(database, tmp_path, "short", _sql("'abcdefgh' || id")) == ()


def test_a_table_with_an_error_is_not_read(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS + "ALTER TABLE public.people ADD also int;")
    assert _find(database, tmp_path, "short", _sql("'abcdefgh' || id")) == ()


_NOTES = """
CREATE FUNCTION public.ok(t text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN
    IF current_setting('application_name') LIKE 'dbtool%' THEN {does}; END IF; RETURN true;
END$$;
CREATE FUNCTION public.hide(t text) RETURNS text LANGUAGE plpgsql STABLE AS $$BEGIN
    RETURN CASE WHEN current_setting('app.mode', true) = 'trusted' THEN 'hidden' ELSE t END;
END$$;
CREATE TABLE public.notes (id int PRIMARY KEY, note text CHECK (public.ok(note)));
CREATE TABLE public.people (id int PRIMARY KEY, name text);
INSERT INTO public.notes SELECT n, 'note ' || n FROM generate_series(1, 300) AS n;
INSERT INTO public.people SELECT n, 'name ' || n FROM generate_series(1, 300) AS n;
"""
_NOTES_RULES = """\
  public.notes: {id: {keep: a number}, note: {mask: redact}}
  public.people: {id: {keep: a number}, name: {mask: sql, expression: "public.hide(name)"}}
"""


@pytest.mark.parametrize(
    "does",
    [
        "PERFORM set_config('app.mode', 'trusted', false)",
        "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1)",
    ],
    ids=["sets something for its session", "ends its session"],
)
def test_what_the_trial_of_a_check_does_to_its_session_hides_nothing_from_the_next_trial(
    database: str, tmp_path: Path, does: str
) -> None:
    execute(database, _NOTES.format(does=does))
    rules = rules_of(_NOTES_RULES, tmp_path)
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
    found = {(one.check, one.where) for one in findings}
    assert ("sql-keeps-originals", "public.people.name") in found
