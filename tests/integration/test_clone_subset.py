"""A clone filled with a masked subset of the target's own rows: what is on it, what is refused, and what is left of it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.clones.leftovers import servers_area
from dbtool.errors import (
    DbtoolError,
    EnvironmentFailed,
    FindingsRefuse,
    RulesInvalid,
    UsageError,
    VerificationFailed,
)
from dbtool.findings import Finding
from dbtool.masking.masks import MASKS
from dbtool.masking.resolve import option_names
from dbtool.migrate.clone.make import CloneRequest, rehearsal_clone
from dbtool.refresh.pipeline import refresh
from dbtool.rules.loader import load_rules
from tests.acceptance import inspection
from tests.integration import cloning
from tests.integration.refreshing import KEY, column_of, execute, query, request_for

pytestmark = pytest.mark.one_major

TwoDatabases = tuple[str, str]

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


@pytest.fixture
def server(newest_server: EmbeddedServer) -> EmbeddedServer:
    """The major makes no difference here."""
    return newest_server


@pytest.fixture
def shop(source_url: str) -> str:
    execute(source_url, SHOP)
    return source_url


@pytest.fixture(autouse=True)
def nothing_is_left(server: EmbeddedServer) -> Iterator[None]:
    """Of the servers that were started for clones, whatever became of these."""
    assert server
    before = our_servers()
    yield
    assert our_servers() == before


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
    rules = load_rules(file, MASKS.keys(), option_names(MASKS))
    return replace(cloning.request_for(url), data="subset", rules=rules, key=KEY, profile=profile)


def refuse(request: CloneRequest, error: type[DbtoolError], match: str) -> tuple[DbtoolError, list[str]]:
    """What was raised, and the stages until then."""
    stages: list[str] = []
    with pytest.raises(error, match=match) as refused, rehearsal_clone(request, stages.append):
        pytest.fail("there is no such clone")
    return refused.value, stages


def test_masked_rows_of_the_target_are_on_the_clone(shop: str, tmp_path: Path) -> None:
    with rehearsal_clone(subset_of(shop, tmp_path)) as clone:
        assert clone.findings == ()
        assert column_of(clone.url, "SELECT id FROM tenant ORDER BY id") == [3, 5]
        followed = "SELECT id FROM customer WHERE tenant IN (3, 5) ORDER BY id"
        assert column_of(clone.url, "SELECT id FROM customer ORDER BY id") == column_of(shop, followed)
        moods = "SELECT mood::text, count(*) FROM answer JOIN customer ON id = customer WHERE tenant IN (3, 5) GROUP BY 1"
        assert sorted(query(clone.url, moods)) == sorted(query(shop, moods))
        emails = set(column_of(clone.url, "SELECT email FROM customer"))
        assert len(emails) == 40
        assert not [email for email in emails if "lovelace" in email]
        assert clone.rows == 2 + 40 + 120 + 2
        assert (clone.data, clone.population.data, clone.population.masked) == ("subset", "subset", True)
        assert clone.population.clone["public.customer"].rows == 40
        assert clone.population.target["public.customer"].rows == 400


def test_the_rest_of_the_clone_is_as_the_target(shop: str, tmp_path: Path) -> None:
    with rehearsal_clone(subset_of(shop, tmp_path)) as clone:
        cloning.compare_catalogs(shop, clone)
        assert column_of(clone.url, "SELECT version_num FROM alembic_version") == ["1"]
        assert column_of(clone.superuser_url, "SELECT code FROM country ORDER BY 1") == ["dk", "no"]
        forced = "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'country'"
        assert column_of(clone.url, forced) == [True]
        assert query(clone.url, "SELECT tenant, count FROM size ORDER BY 1") == [(3, 20), (5, 20)]
        assert inspection.sequences_behind(clone.superuser_url) == []
        assert column_of(clone.url, "SELECT nspname FROM pg_namespace WHERE nspname = 'dbtool'") == []
        ours = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dbtool %'"
        assert column_of(shop, ours) == []


def test_tables_that_the_rules_skip_are_on_the_clone_without_rows(shop: str, tmp_path: Path) -> None:
    """A refresh would refuse: the view needs the table. Nobody need decide on the columns of what is not copied."""
    with rehearsal_clone(subset_of(shop, tmp_path)) as clone:
        assert column_of(clone.url, "SELECT count FROM audited") == [0]
        execute(clone.url, "ALTER TABLE audit ADD COLUMN at timestamptz")


def test_a_profile_chooses_the_rows(shop: str, tmp_path: Path) -> None:
    with rehearsal_clone(subset_of(shop, tmp_path, profile="one")) as clone:
        assert column_of(clone.url, "SELECT id FROM tenant") == [7]


def test_stages_are_told_and_the_snapshot_is_given_back_before_indexes_are_built(
    shop: str, tmp_path: Path
) -> None:
    holding: dict[str, list[str]] = {}
    held = (
        "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
        "WHERE application_name LIKE 'dbtool %' AND relation = 'customer'::regclass"
    )
    with rehearsal_clone(
        subset_of(shop, tmp_path), lambda stage: holding.update({stage: column_of(shop, held)})
    ):
        assert list(holding) == ["target", "server", "schema", "keys", "rows", "verify", "indexes"]
    assert holding["rows"] == ["dbtool rehearse snapshot"]
    assert holding["verify"] == []
    assert holding["indexes"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rules": None}, "--data subset needs the project's masking rules"),
        ({"key": None}, "--data subset needs the masking key"),
        ({"profile": "on"}, "the rules have no profile on, so nothing was done; .*did you mean one?"),
        ({"profile": "full"}, "by the profile full every row of production would be copied"),
    ],
)
def test_what_a_subset_is_made_of_must_be_there(
    shop: str, tmp_path: Path, changes: dict[str, str | None], message: str
) -> None:
    request = replace(subset_of(shop, tmp_path), **changes)  # type: ignore[arg-type]  # the cases have the right ones
    _, stages = refuse(request, UsageError, message)
    assert stages == []


def test_rules_without_a_subset_name_a_whole_copy(shop: str, tmp_path: Path) -> None:
    whole = RULES[: RULES.index("subset:")]
    refuse(
        subset_of(shop, tmp_path, whole), UsageError, "by the rules every row of production would be copied"
    )


def checks(error: DbtoolError) -> list[tuple[str, str]]:
    findings = getattr(error, "findings", ())
    return [(one.check, one.where) for one in findings if isinstance(one, Finding)]


def test_nothing_is_copied_while_a_column_is_undecided(shop: str, tmp_path: Path) -> None:
    request = subset_of(shop, tmp_path, RULES.replace("    email: {mask: email}\n", ""))
    refused, stages = refuse(request, FindingsRefuse, "no clone was made and production was only read")
    assert checks(refused) == [("column-not-covered", "public.customer.email")]
    assert "server" not in stages


def test_a_condition_that_cannot_be_read_is_shown_in_the_rules(shop: str, tmp_path: Path) -> None:
    _, stages = refuse(
        subset_of(shop, tmp_path, profile="broken"), RulesInvalid, r"rules\.yaml:\d+:\d+: .*syntax error"
    )
    assert "server" not in stages


def test_a_root_that_selects_nothing_gives_no_clone(shop: str, tmp_path: Path) -> None:
    refused, _ = refuse(subset_of(shop, tmp_path, profile="none"), FindingsRefuse, "nothing was copied")
    assert [check for check, _ in checks(refused)] == ["subset-root-empty"]


def test_a_masked_copy_is_rehearsed_with_its_rows_as_they_are(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    production, staging = two_databases
    execute(
        production, "CREATE TABLE tenant (id int PRIMARY KEY, plan text); INSERT INTO tenant VALUES (3, 'x')"
    )
    refresh(request_for(production, staging, tmp_path))
    refused, stages = refuse(subset_of(staging, tmp_path, _TENANT), FindingsRefuse, "must be settled")
    assert checks(refused) == [("already-masked", "production")]
    assert "server" not in stages


_TENANT = """\
version: 1
tables: {public.tenant: {id: {keep: a key}, plan: {keep: says nothing}}}
subset: {roots: [{table: public.tenant, ids: [3]}]}
"""


def test_rows_that_a_policy_hides_are_not_left_out(shop: str, tmp_path: Path) -> None:
    role = f"dbtool_reader_{os.getpid()}"
    execute(shop, f"CREATE ROLE {role} LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data")
    try:
        parts = urlsplit(shop)
        reader = parts._replace(netloc=f"{role}:reader@{parts.hostname}:{parts.port}").geturl()
        refused, stages = refuse(subset_of(reader, tmp_path), FindingsRefuse, "must be settled")
        assert checks(refused) == [("rows-hidden", "public.country")]
        assert "server" not in stages
    finally:
        execute(shop, f"DROP ROLE {role}")


def test_an_original_that_stands_elsewhere_ends_the_clone(shop: str, tmp_path: Path) -> None:
    execute(shop, "UPDATE customer SET note = 'write to p22@lovelace.dk' WHERE id = 2")
    refused, stages = refuse(subset_of(shop, tmp_path), VerificationFailed, "the clone was removed")
    assert checks(refused) == [("surviving-value", "public.customer.note")]
    assert "lovelace" not in f"{refused} {checks(refused)}"
    assert stages[-1] == "verify"


def test_rows_that_the_disk_has_no_room_for_are_not_copied(
    shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=10)
    monkeypatch.setattr("dbtool.migrate.clone.make.shutil.disk_usage", lambda _folder: usage)
    _, stages = refuse(
        subset_of(shop, tmp_path), EnvironmentFailed, "a copy of the subset's 0 MB does not fit"
    )
    assert stages[-1] == "keys"
