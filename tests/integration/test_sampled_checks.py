"""CHECKs that are not simple are tried on rows of the source before a run, and what they say is said without a value."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.errors import FindingsRefuse, ServerFailed
from dbtool.findings import Finding, Severity
from dbtool.postgres import check_trials
from dbtool.postgres.copy_out import CopyOut
from dbtool.postgres.session import connect
from dbtool.refresh.check_rules import check_rules
from dbtool.refresh.pipeline import refresh
from dbtool.targets import Target, Tier
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

_SCHEMA = """
CREATE FUNCTION public.is_code(code text) RETURNS boolean LANGUAGE sql IMMUTABLE AS
    $$ SELECT code ~ '^(AB|CD)-[0-9]+$' $$;
CREATE TABLE public.parts (
    id int PRIMARY KEY,
    code text CONSTRAINT code_form CHECK (public.is_code(code)),
    low int, high int, made date, sold date,
    CONSTRAINT in_order CHECK (CASE WHEN high IS NULL THEN true ELSE low <= high END),
    CONSTRAINT sold_later CHECK (sold >= made)
);
"""
_ROWS = """
INSERT INTO public.parts
SELECT n, 'AB-' || (10000 + n), n, n + 1, DATE '2020-01-01' + n, DATE '2020-01-02' + n FROM generate_series(1, 3000) AS n;
"""
_RULES = """\
  public.parts:
    id: {{keep: k}}
    code: {code}
    low: {low}
    high: {{keep: k}}
    made: {made}
    sold: {made}
"""
_KEPT = "{keep: k}"


def _findings(
    url: str, tmp_path: Path, code: str = _KEPT, low: str = _KEPT, made: str = _KEPT
) -> tuple[Finding, ...]:
    rules = rules_of(_RULES.format(code=code, low=low, made=made), tmp_path)
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: url), rules)
    return tuple(one for one in findings if one.check.startswith(("check-", "mask-")))


def test_names_the_constraint_the_mask_and_the_share_of_rows_that_would_fail(
    database: str, tmp_path: Path
) -> None:
    execute(database, _SCHEMA + _ROWS)
    (found,) = _findings(database, tmp_path, code="{mask: permute_format}")
    assert (found.check, found.severity, found.where) == (
        "check-would-fail",
        Severity.ERROR,
        "public.parts.code",
    )
    assert "mask permute_format at " in found.message
    assert "CHECK code_form of public.parts (code)" in found.message
    assert "of 1,000 sampled rows" in found.message
    assert "by" in found.remedy
    assert "AB-" not in str(found)


def test_a_check_that_holds_for_the_sample_lets_the_run_go_on(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS)
    (found,) = _findings(database, tmp_path, code="{mask: permute_digits}")
    assert (found.check, found.severity) == ("check-sampled", Severity.INFO)
    assert "all of 1,000 sampled rows" in found.message


def test_a_check_of_several_columns_is_tried_on_whole_rows(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS)
    (found,) = _findings(database, tmp_path, low="{mask: permute_integer}")
    assert (found.check, found.where) == ("check-would-fail", "public.parts.low")
    assert "CHECK in_order of public.parts (low, high)" in found.message
    (apart,) = _findings(database, tmp_path, made="{mask: shift_date}")
    assert "CHECK sold_later of public.parts (made, sold)" in apart.message
    assert apart.message.count("mask shift_date") == 2
    assert _findings(database, tmp_path, made="{mask: shift_date, by: id}") == ()


@pytest.mark.one_major
def test_an_empty_table_is_tried_with_values_made_up_for_the_check(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA)
    (found,) = _findings(database, tmp_path, code="{mask: email}")
    assert found.check == "check-would-fail"
    assert "values made up for it (100%) would end the load" in found.message
    (untried,) = _findings(database, tmp_path, code="{mask: permute_digits}")
    assert (untried.check, untried.severity) == ("check-not-proved", Severity.WARNING)
    assert untried.message.endswith("No sample could be tried: there is no row to try it with")


@pytest.mark.one_major
def test_a_function_that_writes_or_sleeps_ends_nothing_but_its_own_trial(
    database: str, tmp_path: Path
) -> None:
    execute(database, _SCHEMA + _ROWS)
    execute(
        database,
        "CREATE TABLE public.log (t text); CREATE OR REPLACE FUNCTION public.is_code(code text) RETURNS boolean "
        "LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN INSERT INTO public.log VALUES (code); RETURN true; END $$",
    )
    rules = rules_of(
        _RULES.format(code="{mask: redact}", low=_KEPT, made=_KEPT) + "  public.log: {t: {keep: k}}\n",
        tmp_path,
    )
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
    (found,) = (one for one in findings if one.check == "check-not-proved")
    assert "No sample could be tried: " in found.message
    assert column_of(database, "SELECT count(*) FROM public.log") == [0]


def test_an_exception_that_a_check_raises_counts_as_a_row_that_fails(database: str, tmp_path: Path) -> None:
    execute(database, _SCHEMA + _ROWS)
    execute(
        database,
        "CREATE OR REPLACE FUNCTION public.is_code(code text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS "
        "$$ BEGIN IF code LIKE 'XX%' THEN RAISE 'a secret: %', code; END IF; RETURN true; END $$",
    )
    (found,) = _findings(database, tmp_path, code="{mask: redact}")
    assert found.check == "check-would-fail"
    assert "100 of 100 sampled rows (100%)" in found.message
    assert "secret" not in str(found)


@pytest.mark.one_major
def test_a_role_that_may_not_read_the_rows_is_told_that_nothing_was_tried(
    database: str, tmp_path: Path
) -> None:
    execute(database, _SCHEMA + _ROWS)
    role = f"dbtool_{database.rsplit('/', 1)[1]}"
    execute(database, f"CREATE ROLE {role} LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA public TO {role}")
    try:
        parameters = psycopg.conninfo.conninfo_to_dict(database)
        url = f"postgresql://{role}:x@{parameters['host']}:{parameters['port']}/{parameters['dbname']}"
        (found,) = _findings(url, tmp_path, code="{mask: redact}")
        assert found.check == "check-not-proved"
        assert "permission denied" in found.message
    finally:
        execute(database, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_generated_columns_and_partitions_are_tried_as_the_target_will_have_them(
    database: str, tmp_path: Path
) -> None:
    execute(
        database,
        "CREATE TABLE public.sales (id int, net int, tax int GENERATED ALWAYS AS (net / 10) STORED, "
        "CONSTRAINT small CHECK (tax < 100)) PARTITION BY RANGE (id);"
        "CREATE TABLE public.sales_1 PARTITION OF public.sales FOR VALUES FROM (0) TO (500);"
        "CREATE TABLE public.sales_2 PARTITION OF public.sales FOR VALUES FROM (500) TO (1000);"
        "INSERT INTO public.sales SELECT n, 100 + n % 800 FROM generate_series(0, 999) AS n",
    )
    rules = rules_of(
        "  public.sales: {id: {keep: k}, net: {mask: permute_integer, within: type}}\n", tmp_path
    )
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
    (found,) = (one for one in findings if one.check.startswith("check-"))
    assert found.check == "check-would-fail"
    assert "CHECK small of public.sales (tax)" in found.message


def test_a_constant_that_its_type_or_domain_does_not_hold_is_refused(database: str, tmp_path: Path) -> None:
    execute(
        database,
        "CREATE DOMAIN public.positive AS int CHECK (VALUE > 0);"
        "CREATE TABLE public.t (id int, born date, n public.positive, tags int[], good date)",
    )
    rules = rules_of(
        "  public.t: {id: {keep: k}, born: {mask: constant, value: someday}, n: {mask: constant, value: -7}, "
        "tags: {each: {mask: constant, value: 3}}, good: {mask: constant, value: '2000-01-01'}}\n",
        tmp_path,
    )
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
    refused = {one.where: one for one in findings if one.is_error}
    assert refused.keys() == {"public.t.born", "public.t.n"}
    assert "no value of date" in refused["public.t.born"].message


def test_a_refresh_is_refused_before_anything_is_copied(
    two_databases: tuple[str, str], tmp_path: Path
) -> None:
    source, target = two_databases
    execute(source, _SCHEMA + _ROWS)
    rules = rules_of(_RULES.format(code="{mask: permute_format}", low=_KEPT, made=_KEPT), tmp_path)
    with pytest.raises(FindingsRefuse, match="nothing was copied"):
        refresh(request_for(source, target, tmp_path, rules))
    assert query(target, "SELECT to_regclass('public.parts')") == [(None,)]


@pytest.mark.one_major
def test_large_rows_and_slow_checks_are_given_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_trials, "SECONDS", 1)
    execute(
        database,
        "CREATE TABLE public.large AS SELECT n, repeat('x', 2000) AS t FROM generate_series(1, 20000) AS n",
    )
    copy = CopyOut(RelationName("public", "large"), ("n", "t"))
    with connect(database, read_only=True) as connection:
        assert 50_000 < len(check_trials.read_some_rows(connection, copy, 50_000)) < 60_000
        sleep = check_trials.Question("pg_catalog.pg_sleep(n) IS NULL", {"n": "int4"}, {})
        with pytest.raises(ServerFailed, match="timeout"):
            check_trials.try_rows(connection, sleep, {"n": ["10"]})
        holds = check_trials.Question("n % 2 = 1 AND t LIKE '%x%'", {"n": "int4", "t": "text"}, {})
        tried = check_trials.try_rows(connection, holds, {"n": ["1", "2", None], "t": ["x", "x", "y"]})
        assert tried == check_trials.Trial(3, 2)


@pytest.mark.one_major
def test_rows_that_are_tried_one_by_one_are_given_up_as_well(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check_trials, "SECONDS", 1)
    execute(database, _SCHEMA + _ROWS)
    execute(
        database,
        "CREATE OR REPLACE FUNCTION public.is_code(code text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS "
        "$$ BEGIN PERFORM pg_sleep(0.3); RAISE 'no code'; END $$",
    )
    (found,) = _findings(database, tmp_path, code="{mask: redact}")
    assert found.check == "check-would-fail"
    assert re.search(r"([2-5]) of \1 sampled rows \(100%\)", found.message)


@pytest.mark.one_major
def test_of_many_rows_those_are_tried_that_stand_all_over_the_table(database: str, tmp_path: Path) -> None:
    execute(
        database,
        "CREATE TABLE public.t (id int, a text, CONSTRAINT late CHECK (CASE WHEN id > 39000 THEN a ~ '^[a-z]' ELSE true END));"
        "INSERT INTO public.t SELECT n, 'abc' FROM generate_series(1, 40000) AS n; ANALYZE",
    )
    rules = rules_of("  public.t: {id: {keep: k}, a: {mask: constant, value: X}}\n", tmp_path)
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
    (found,) = (one for one in findings if one.check.startswith("check-"))
    assert found.check == "check-would-fail"
    assert "of 1,000 sampled rows" in found.message


@pytest.mark.one_major
def test_columns_are_tried_as_they_compare_and_under_any_name(database: str, tmp_path: Path) -> None:
    """Without regard to its collation and to its type the CHECKs here would come out as false of every row."""
    execute(
        database,
        'CREATE TABLE public.t ("%s id" int, a text COLLATE "C", n int GENERATED ALWAYS AS ("%s id" * 0.1) STORED,'
        """CONSTRAINT upper_c CHECK (CASE WHEN "%s id" > 0 THEN upper(a) = a ELSE true END),"""
        "CONSTRAINT whole CHECK (n % 1 = 0));"
        "INSERT INTO public.t SELECT n, 'é' FROM generate_series(1, 40) AS n",
    )
    rules = rules_of('  public.t: {"%s id": {mask: permute_integer}, a: {keep: k}}\n', tmp_path)
    _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
    assert [one.check for one in findings if one.check.startswith("check-")] == ["check-sampled"] * 2


@pytest.mark.one_major
def test_the_constants_of_both_kinds_of_rows_are_read_as_their_type(database: str, tmp_path: Path) -> None:
    execute(database, "CREATE TABLE public.t (id int, born date)")
    for one, other in (("someday", "2000-01-01"), ("2000-01-01", "someday")):
        rules = rules_of(
            f"  public.t: {{id: {{keep: k}}, born: {{mask: constant, value: {one}, when: id = 1, "
            f"otherwise: {{mask: constant, value: {other}}}}}}}\n",
            tmp_path,
        )
        _, findings = check_rules(Target("production", Tier.PRODUCTION, lambda: database), rules)
        assert [one.where for one in findings if one.is_error] == ["public.t.born"]


@pytest.mark.parametrize("may_set", [True, False])
def test_what_is_tried_is_not_logged_where_the_role_may_say_so(database: str, *, may_set: bool) -> None:
    settings = ["log_parameter_max_length_on_error"] + ["log_parameter_max_length"] * may_set
    asked = " AND ".join(f"pg_catalog.current_setting('{name}') = '0'" for name in settings)
    role = f"dbtool_{database.rsplit('/', 1)[1]}"
    execute(database, f"CREATE ROLE {role}")
    try:
        with connect(database, read_only=True) as connection:
            if not may_set:
                connection.execute(f"SET ROLE {role}".encode())
            connection.execute("SET log_parameter_max_length_on_error = -1")
            question = check_trials.Question(f"n IS NOT NULL AND {asked}", {"n": "int4"}, {})
            assert check_trials.try_rows(connection, question, {"n": ["1"]}) == check_trials.Trial(1, 0)
    finally:
        execute(database, f"DROP ROLE {role}")
