"""Every mask on every type: shown to work by a load on a real server, or refused when planning. There is no third."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from dbtool.catalog.catalog import Catalog
from dbtool.catalog.relations import ColumnRef, RelationName
from dbtool.copytext import parse_block, render_block
from dbtool.digest import ProjectKey
from dbtool.findings import Finding
from dbtool.masking.block import Tallies, mask_block
from dbtool.masking.compile import ColumnMask, MaskingPlan, plan_masking
from dbtool.masking.judgement import judge_tally
from dbtool.masking.mask import Overlap
from dbtool.masking.masks import MASKS
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.session import Connection, connect
from dbtool.refresh.chunks import Chunk, copy_out_of
from dbtool.refresh.ends import reaching_again
from dbtool.refresh.tried_on_source import try_on_source
from dbtool.report.type_families import FAMILIES, Family, Part
from dbtool.report.type_matrix import Served, build_matrix, decide_by, options_to_try, project_of_examples
from dbtool.report.types import render_types_page
from dbtool.rules.model import ColumnRule, Decision, Keep, PythonModules, RuleSet, TableRules
from dbtool.rules.position import Position
from dbtool.targets import Target, Tier
from tests.databases import column_of
from tests.integration.type_samples import OTHERS, SAMPLES, SCHEMA

_NEWEST = 18
_KEY = ProjectKey(b"the key of the matrix, 32 letters")
_BADGE = r"""
import re

import polars as pl

FORMS = {
    r"[tf]": "t",
    r"-?(\d+-\d\d-\d\d.*|infinity)": "2001-02-03",
    r"[0-9a-f]{8}-.*": "00000000-0000-4000-8000-{:012x}",
    r'[\[{].*|null|".*|true|false': "[{}]",
    r"\\x.*": r"\x{:08x}",
}


def badge(values: pl.Series, *, seed: pl.Series) -> pl.Series:
    return pl.Series([form_of(value).format(one % 100) for value, one in zip(values, seed)], dtype=pl.String)


def form_of(value: str) -> str:
    return next((form for pattern, form in FORMS.items() if re.fullmatch(pattern, value, re.DOTALL)), "{}")
"""  # of every type that it is given, by its looks


@dataclass(frozen=True)
class Pairs:
    """One table per family with a column per mask, all with the same values, on a real server. ``families`` by the tables'
    numbers: all on the newest server, another quarter on each other major.
    """

    families: Mapping[int, Family]
    url: str
    catalog: Catalog
    plan: MaskingPlan
    refused: Mapping[ColumnRef, Finding]


def _table(number: int) -> RelationName:
    return RelationName("public", f"t{number}")


@pytest.fixture(scope="session")
def matrix() -> Mapping[tuple[str, str], Served]:
    return {(one.family.label, one.mask.name): one for one in build_matrix()}


@pytest.fixture
def pairs(database: str, matrix: Mapping[tuple[str, str], Served]) -> Iterator[Pairs]:
    with psycopg.connect(database, autocommit=True) as connection:
        families = _families_for(connection)
        connection.execute(SCHEMA)
        for number, family in families.items():
            _fill(connection, _table(number), family)
    with connect(database) as connection:
        catalog = read_catalog(connection)
    with project_of_examples() as (at, modules):
        Path(modules.folder, "shop_masks.py").write_text(_BADGE, encoding="utf-8")
        decisions = {
            ColumnRef(_table(number), mask.name): _decide(matrix[family.label, mask.name], at)
            for number, family in families.items()
            for mask in MASKS.values()
        }
        first = _plan(catalog, decisions, modules)
        source = Target("source", Tier.SCRATCH, lambda: database)
        with reaching_again(source) as lend:
            refused = _refusals(try_on_source(lend, first), decisions)
        kept: dict[ColumnRef, Decision] = {ref: Keep("refused", at) for ref in refused}
        plan = _plan(catalog, decisions | kept, modules)
        yield Pairs(families, database, catalog, plan, refused)


def _families_for(connection: psycopg.Connection) -> dict[int, Family]:
    """Older servers may have been built without some extension."""
    every = dict(enumerate(FAMILIES))
    major = connection.info.server_version // 10000
    offered = connection.execute("SELECT array_agg(name::text) FROM pg_available_extensions").fetchall()[0][0]
    chosen = (
        every
        if major >= _NEWEST
        else {
            number: family
            for number, family in every.items()
            if number % 4 == major % 4 and (family.type.extension in {None, *offered})
        }
    )
    for name in sorted({family.type.extension for family in chosen.values() if family.type.extension}):
        connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(name)))
    return chosen


def _decide(served: Served, at: Position) -> Decision:
    options = served.options
    if options is None:
        options = next(iter(options_to_try(served.mask, served.family)))
    return decide_by(served.mask, served.family, options, at)


def _fill(connection: psycopg.Connection, table: RelationName, family: Family) -> None:
    name = sql.Identifier(table.schema, table.name)
    kind = sql.SQL(family.sql)
    columns = sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(mask), kind) for mask in MASKS)
    connection.execute(sql.SQL("CREATE TABLE {} (b int, {})").format(name, columns))
    values = sql.SQL(", ").join(sql.SQL("$1") for _ in MASKS)
    insert = sql.SQL("INSERT INTO {} SELECT $2, {}").format(name, values)
    connection.execute(sql.SQL("PREPARE fill ({}, int) AS {}").format(kind, insert))
    for row, value in enumerate([None, *SAMPLES[family.label], None]):
        connection.execute(sql.SQL("EXECUTE fill ({}, {})").format(value, row))
    connection.execute("DEALLOCATE fill")


def _plan(catalog: Catalog, decisions: Mapping[ColumnRef, Decision], modules: PythonModules) -> MaskingPlan:
    rules: dict[RelationName, list[ColumnRule]] = defaultdict(list)
    for ref, decision in decisions.items():
        rules[ref.relation].append(ColumnRule((ref.column,), decision, decision.at))
    tables = {
        name: TableRules(name, (*found, ColumnRule(("b",), Keep("b", found[0].at), found[0].at)), found[0].at)
        for name, found in rules.items()
    }
    return plan_masking(catalog, RuleSet(tables, modules=modules), _KEY, MASKS)


def _refusals(
    findings: Iterable[Finding], decisions: Mapping[ColumnRef, Decision]
) -> dict[ColumnRef, Finding]:
    columns = {str(ref): ref for ref in decisions}
    return {columns[finding.where]: finding for finding in findings if finding.is_error}


def test_each_pair_loads_or_is_refused_when_planning_with_what_to_do_instead(
    pairs: Pairs, matrix: Mapping[tuple[str, str], Served]
) -> None:
    _check_refusals(pairs)
    problems: list[str] = []
    for number, family in pairs.families.items():
        there = pairs.catalog.relations[_table(number)].get_column("uuid").type
        assert replace(there, made_of=()) == family.type  # what a type is made of matters to no mask
        accepted = {mask for mask in MASKS if ColumnRef(_table(number), mask) not in pairs.refused}
        promised = {mask for mask in MASKS if matrix[family.label, mask].options is not None}
        if family.type.domain_checks and family.type.base == "text":
            promised.discard("python")  # that function's numbers do not satisfy it, as the rows have shown
        problems += [f"{family.label}: {mask} differs from the page" for mask in accepted ^ promised]
        with connect(pairs.url) as connection:
            problems += [
                f"{family.label}: {problem}" for problem in _try_load(connection, pairs, _table(number))
            ]
    assert not problems, "\n".join(problems)


def _try_load(connection: Connection, pairs: Pairs, table: RelationName) -> Iterator[str]:
    """The way of a refresh: the source's COPY, masked, and COPY into a table of the same columns."""
    masks = pairs.plan.relations[table]
    tallies: Tallies = {}
    with connection.cursor().copy(copy_out_of(masks, Chunk(table, 0), binary=False).statement()) as copy:
        block = b"".join(bytes(piece) for piece in copy)
    stand_ins, _ = mask_block(masks, block, tallies, 7)
    name = sql.Identifier(table.schema, table.name)
    connection.execute(sql.SQL("CREATE TEMP TABLE landed (LIKE {})").format(name))
    names = [column.name for column in masks.relation.copied_columns]
    refused = list(_load(connection, names, stand_ins))
    if refused:
        yield from refused
        return
    for column in masks.columns:
        yield from _compare(connection, name, column)
        finding, _ = judge_tally(column, ColumnRef(table, column.column), tallies[column.column])
        if finding:
            yield f"{column.column}: {finding.message}"


def _load(connection: Connection, names: list[str], rows: bytes) -> Iterator[str]:
    """All columns at once; where that fails, each alone, to tell whose fault it is."""
    if _copy_in(connection, names, rows) is None:
        return
    frame = parse_block(rows, len(names))
    for index, name in enumerate(names):
        error = _copy_in(connection, [name], render_block(frame.select(frame.columns[index])))
        if error is not None:
            yield f"{name}: {error}"


def _copy_in(connection: Connection, names: list[str], rows: bytes) -> str | None:
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    try:
        with connection.cursor().copy(sql.SQL("COPY landed ({}) FROM STDIN").format(columns)) as copy:
            copy.write(rows)
    except psycopg.Error as error:
        return str(error).splitlines()[0]
    return None


def _compare(connection: Connection, source: sql.Composable, column: ColumnMask) -> Iterator[str]:
    """NULL stays NULL, and nothing else becomes it; what a mask puts in place of all is one value."""
    one = sql.Identifier(column.column)
    query = sql.SQL(
        "SELECT count(*) FILTER (WHERE (s.{0} IS DISTINCT FROM NULL) <> (l.{0} IS DISTINCT FROM NULL)), count(DISTINCT l.{0}::text), "
        "count(s.{0}), count(l.{0}) FROM {1} AS s JOIN landed AS l USING (b)"
    ).format(one, source)
    ((different, distinct, originals, values),) = connection.execute(query).fetchall()
    is_null = column.mask is not None and column.mask.makes_null
    if (values if is_null else different) > 0:
        yield f"{column.column}: NULL did not stay NULL, or a value became it"
    if column.overlap is Overlap.NOT_READ and not column.layers and distinct > 1:
        yield f"{column.column}: {distinct} different values in place of {originals}"


def _check_refusals(pairs: Pairs) -> None:
    """Each names the column, the mask, the type and what to do instead."""
    for ref, finding in pairs.refused.items():
        family = FAMILIES[int(ref.relation.name.removeprefix("t"))]
        whole = {family.sql, family.sql.removesuffix("[]"), *family.type.domains}
        kinds = (
            whole
            if family.part in {Part.WHOLE, Part.ELEMENT}
            else {"does not fit $.v", "does not fit v", "does not fit //v"}
        )
        assert any(kind in finding.message for kind in kinds), finding
        assert f"mask {ref.column} " in finding.message
        assert finding.where == str(ref)
        assert "mask" in finding.remedy or finding.remedy.startswith("use "), finding


@pytest.mark.one_major
def test_every_type_of_the_server_is_in_the_matrix_or_named_with_why_it_is_not(database: str) -> None:
    own = (
        "SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm') "
        "AND typcategory <> 'A' OR typname IN ('int2vector', 'oidvector')"
    )
    there = {family.type.base for family in FAMILIES}
    assert set(column_of(database, own)) - there - OTHERS.keys() == set()
    assert {family.label for family in FAMILIES} == SAMPLES.keys()


@pytest.mark.one_major
def test_the_page_of_types_is_what_the_matrix_says(matrix: Mapping[tuple[str, str], Served]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "types.md").read_text(encoding="utf-8")
    rendered = render_types_page(tuple(matrix.values()))
    assert page == rendered, "write it anew: python -m dbtool.report.types > docs/types.md"


def test_every_mask_serves_something_by_options_that_its_example_tells(
    matrix: Mapping[tuple[str, str], Served],
) -> None:
    assert {one.mask.name for one in matrix.values() if one.options is not None} == MASKS.keys()
