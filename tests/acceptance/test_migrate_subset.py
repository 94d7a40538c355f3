"""Both arrows where the rules choose a subset: what staging had stays, and revisions are rehearsed as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import MigrationProject
from tests.acceptance.test_migrate_refresh import RULES, SETTINGS, refresh

pytestmark = pytest.mark.one_major

_AT_FIRST = """
CREATE TABLE customer (id integer PRIMARY KEY, email text NOT NULL, nickname text);
INSERT INTO customer SELECT i, 'person' || i || '@lovelace.dk', 'n' || i FROM generate_series(1, 500) AS i;
CREATE TABLE remark (id integer PRIMARY KEY, about_type text, about_id integer);
INSERT INTO remark SELECT i, CASE WHEN i % 2 = 0 THEN 'customer' ELSE 'shop' END, i FROM generate_series(1, 100) AS i;
CREATE TABLE scratch (line text);
INSERT INTO scratch VALUES ('a'), ('b');
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r1');
"""
_MORE = "  public.remark: {id: {keep: a number}, about_type: {keep: a type}}\n  public.scratch: {line: {keep: nobody's}}\n"
_RELATIONS = "relations: [{from: public.remark.about_id, by: {public.remark.about_type: {customer: public.customer.id, shop: null}}}]\n"
_SUBSET = (
    "subset: {roots: [{table: public.customer, percent: 10}], tables: {public.scratch: skip}}\n"
    "profiles: {dev: {subset: {roots: [{table: public.customer, limit: 5}]}}}\n"
)


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    """Staging holds every row of production, and is one revision ahead."""
    project = MigrationProject(tmp_path, on_newest(), on_newest())
    project.configure(project=SETTINGS)
    project.environ["DBTOOL_MASK_KEY"] = "a key of these tests alone: 0123456789abcdef"
    (project.folder / "rules.yaml").write_text(RULES + _MORE + _RELATIONS)
    project.write("r1", None, 'op.create_table("customer", sa.Column("id", sa.Integer, primary_key=True))')
    project.execute(project.production, _AT_FIRST)
    assert refresh(project, "--yes").code == 0
    project.write("r2", "r1", 'op.add_column("customer", sa.Column("points", sa.Integer))')
    assert project.apply("staging").code == 0
    (project.folder / "rules.yaml").write_text(RULES + _MORE + _RELATIONS + _SUBSET)
    return project


def test_a_subset_takes_the_place_of_a_whole_copy_and_keeps_its_ledger_and_revision(
    project: MigrationProject,
) -> None:
    before = project.events(project.staging)
    done = refresh(project)
    assert done.code == 0, done.messages
    assert project.version(project.staging) == ["r2"]
    assert project.version(project.production) == ["r1"]
    ((customers, points),) = project.query(project.staging, "SELECT count(*), count(points) FROM customer")
    assert 20 < customers < 90
    assert points == 0
    orphans = "SELECT count(*) FROM remark WHERE about_type = 'customer' AND about_id NOT IN (SELECT id FROM customer)"
    assert project.query(project.staging, orphans) == [(0,)]
    assert project.query(project.staging, "SELECT to_regclass('scratch')") == [(None,)]
    events = project.events(project.staging)
    assert events[: len(before)] == before
    assert [event for event, _ in events][-2:] == ["refreshed", "forwarded"]
    small = refresh(project, "--profile", "dev")
    assert small.code == 0, small.messages
    assert project.version(project.staging) == ["r2"]
    assert project.query(project.staging, "SELECT count(*) FROM customer") == [(5,)]
    assert project.events(project.staging)[: len(events)] == events


def test_revisions_are_rehearsed_by_rules_that_choose_a_subset(project: MigrationProject) -> None:
    assert refresh(project).code == 0
    adding = 'op.add_column("{}", sa.Column("born", sa.Date))'
    project.write("r3", "r2", "; ".join(adding.format(table) for table in ("scratch", "customer")))
    refused = project.rehearse()
    assert refused.code == 1, refused.messages
    assert "public.customer.born" in refused.output
    assert "public.scratch.born" not in refused.output + refused.messages
