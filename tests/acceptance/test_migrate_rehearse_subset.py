"""`dbtool migrate rehearse --data subset`: production's own rows, chosen and masked, under the revisions that are pending."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import MakeDatabase
from tests.acceptance.migration_project import MigrationProject, document
from tests.acceptance.project import Done

pytestmark = pytest.mark.one_major

AT_FIRST = """
CREATE TABLE shop (id integer PRIMARY KEY);
CREATE TABLE customer (id integer PRIMARY KEY, shop integer REFERENCES shop, email text NOT NULL, nickname text);
INSERT INTO shop SELECT generate_series(1, 30);
INSERT INTO customer SELECT i, 1 + i % 30, 'person' || i || '@lovelace.dk', CASE WHEN i % 30 <> 6 THEN 'n' || i END
FROM generate_series(1, 3000) AS i;
CREATE TABLE alembic_version (version_num varchar(32) NOT NULL CONSTRAINT alembic_version_pkc PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r1');
"""
# The column points is decided before production has it: the revision that brings it comes with its rule.
RULES = """\
version: 1
tables:
  public.shop: {id: {keep: a surrogate key}}
  public.customer:
    id: {keep: a surrogate key}
    email: {mask: email}
    nickname: {mask: username}
    points: {keep: says nothing}
profiles:
  dev: {subset: {roots: [{table: public.shop, ids: [7, 8]}]}}
  other: {subset: {roots: [{table: public.shop, ids: [9]}]}}
"""
SETTINGS = 'rules = "rules.yaml"\nkey = { env = "DBTOOL_MASK_KEY" }\n'
NOT_NULL = 'op.alter_column("customer", "nickname", nullable=False)'
LOOKS_AROUND = """\
import os
assert not {"DBTOOL_MASK_KEY", "PRODUCTION_URL", "DBTOOL_EVIDENCE_KEY"} & set(os.environ)
found = op.get_bind().execute(sa.text("SELECT id, email FROM customer")).all()
assert len(found) == 200 and not [email for _, email in found if "lovelace" in email]
op.add_column("customer", sa.Column("points", sa.Integer))
"""


@pytest.fixture
def project(tmp_path: Path, on_newest: MakeDatabase) -> MigrationProject:
    """There is no staging: nothing of it is asked."""
    project = MigrationProject(tmp_path, on_newest(), "postgresql://127.0.0.1:1/nobody")
    project.configure(project=SETTINGS)
    project.environ["DBTOOL_MASK_KEY"] = "a key of these tests alone: 0123456789abcdef"
    (project.folder / "rules.yaml").write_text(RULES)
    project.write("r1", None, 'op.create_table("customer", sa.Column("id", sa.Integer, primary_key=True))')
    project.execute(project.production, AT_FIRST)
    return project


def rehearse(project: MigrationProject, profile: str) -> Done:
    options = ("--data", "subset", "--profile", profile, "--format", "json")
    done = project.run("rehearse", "--target", "production", *options)
    evidence = "".join(file.read_text() for file in (project.folder / ".dbtool").rglob("*.json"))
    assert "lovelace" not in done.output + done.messages + evidence
    assert project.version(project.production) == ["r1"]
    return done


def test_a_revision_that_fails_on_rows_of_the_subset_fails_the_rehearsal(project: MigrationProject) -> None:
    project.write("r2", "r1", NOT_NULL)
    failed = rehearse(project, "dev")
    assert failed.code == 1, failed.messages
    told = document(failed)
    assert told["verdict"] == "fail"
    assert (told["clone"]["data"], told["clone"]["masked"], told["clone"]["rows"]) == ("subset", True, 202)
    assert told["revisions"][0]["statements"][0]["error"]["sqlstate"] == "23502"
    assert "the clone held a subset of the target's rows" in "".join(told["not_rehearsed"])
    passed = rehearse(project, "other")
    assert (passed.code, document(passed)["clone"]["rows"]) == (0, 101), passed.messages


def test_revisions_see_stand_ins_and_no_key(project: MigrationProject) -> None:
    project.write("r2", "r1", LOOKS_AROUND)
    done = rehearse(project, "dev")
    assert done.code == 0, done.messages + done.output


def test_rows_are_not_taken_where_no_profile_chooses_them(project: MigrationProject) -> None:
    project.write("r2", "r1", NOT_NULL)
    done = project.run("rehearse", "--target", "production", "--data", "subset")
    assert done.code == 2
    assert "every row of production would be copied" in done.messages


def test_rows_are_not_taken_where_a_kept_column_is_not_as_accepted(project: MigrationProject) -> None:
    project.write("r2", "r1", NOT_NULL)
    lock = project.folder / "dbtool.lock"
    lines = "version: 1\npublic.customer.id  {}  key\npublic.customer.shop  integer\npublic.shop.id  integer  key\n"
    lock.write_text(lines.format("smallint"))
    done = rehearse(project, "other")
    assert done.code == 4
    assert "no clone was made and production was only read" in done.messages
    lock.write_text(lines.format("integer"))
    assert rehearse(project, "other").code == 0
