"""A shop whose rules choose a subset of it, and the clones that are made of that, or refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.clones.leftovers import servers_area
from dbtool.errors import DbtoolError
from dbtool.findings import Finding
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import OptionNames
from dbtool.migrate.clone.make import CloneRequest, rehearsal_clone
from dbtool.rules.loader import load_rules
from tests.integration import cloning
from tests.integration.refreshing import KEY

SHOP = """
CREATE TABLE tenant (id serial PRIMARY KEY, plan text NOT NULL);
CREATE TABLE customer (
    id int PRIMARY KEY, tenant int NOT NULL REFERENCES tenant, email text NOT NULL UNIQUE, note text
);
CREATE TYPE mood AS ENUM ('good', 'bad', 'odd', 'sad');
CREATE TABLE answer (customer int REFERENCES customer, mood mood) PARTITION BY HASH (mood);
CREATE TABLE answer_0 PARTITION OF answer FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE answer_1 PARTITION OF answer FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE country (code text PRIMARY KEY);
CREATE TABLE audit (id bigserial PRIMARY KEY, line text);
CREATE VIEW audited AS SELECT count(*) FROM audit;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('1');
INSERT INTO country VALUES ('dk'), ('no');
INSERT INTO tenant (plan) SELECT 'plan' FROM generate_series(1, 20) n;
INSERT INTO customer SELECT n, 1 + n % 20, 'p' || n || '@lovelace.dk', 'nothing' FROM generate_series(1, 400) n;
INSERT INTO answer SELECT 1 + n % 400, (enum_range(NULL::mood))[1 + n % 4] FROM generate_series(1, 1200) n;
INSERT INTO audit (line) SELECT 'p' || n || '@lovelace.dk did it' FROM generate_series(1, 400) n;
CREATE MATERIALIZED VIEW size AS SELECT tenant, count(*) FROM customer GROUP BY tenant;
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$;
CREATE TRIGGER never BEFORE INSERT OR DELETE ON customer FOR EACH ROW EXECUTE FUNCTION refuse();
CREATE POLICY nobody ON country USING (false);
ALTER TABLE country ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ANALYZE
"""
RULES = """\
version: 1
tables:
  public.tenant:
    id: {keep: a surrogate key}
    plan: {keep: says nothing}
  public.customer:
    id: {keep: a surrogate key}
    email: {mask: email}
    note: {keep: says nothing}
  public.answer:
    mood: {keep: says nothing}
  public.country:
    code: {keep: a code}
subset:
  roots: [{table: public.tenant, ids: [3, 5]}]
  tables: {public.country: all, public.audit: skip}
profiles:
  one: {subset: {roots: [{table: public.tenant, ids: [7]}]}}
  none: {subset: {roots: [{table: public.tenant, where: id < 0}]}}
  broken: {subset: {roots: [{table: public.tenant, where: id = = 1}]}}
  full: {subset: everything}
"""


def our_servers() -> set[Path]:
    owners = [owner for owner in servers_area().glob("server-*/owner.json") if is_ours(owner)]
    return {owner.parent for owner in owners}


def is_ours(owner: Path) -> bool:
    """Others come and go."""
    try:
        process = json.loads(owner.read_text()).get("process") or ""
    except OSError:
        return False
    return bool(process.startswith(f"{os.getpid()} "))


def subset_of(url: str, folder: Path, text: str = RULES, profile: str | None = None) -> CloneRequest:
    file = folder / "rules.yaml"
    file.write_text(text, encoding="utf-8")
    rules = load_rules(file, MASKS.keys(), OptionNames(MASKS))
    return replace(cloning.request_for(url), data="subset", rules=rules, key=KEY, profile=profile)


def refuse(request: CloneRequest, error: type[DbtoolError], match: str) -> tuple[DbtoolError, list[str]]:
    """What was raised, and the stages until then."""
    stages: list[str] = []
    with pytest.raises(error, match=match) as refused, rehearsal_clone(request, stages.append):
        pytest.fail("there is no such clone")
    return refused.value, stages


def checks(error: DbtoolError) -> list[tuple[str, str]]:
    findings = getattr(error, "findings", ())
    return [(one.check, one.where) for one in findings if isinstance(one, Finding)]
