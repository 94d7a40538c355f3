"""What belongs to one moment, one key or one place: stand-ins of another key, Alembic's revision, credentials that work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dbtool.digest import ProjectKey
from dbtool.refresh.pipeline import refresh
from tests.acceptance import inspection
from tests.databases import column_of, execute, query
from tests.integration.refreshing import KEY, request_for, rules_of

TwoDatabases = tuple[str, str]
pytestmark = pytest.mark.one_major

_PEOPLE = """
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE TABLE letter (id int PRIMARY KEY, sender text);
INSERT INTO person SELECT n, n || '@lovelace.dk' FROM generate_series(1, 50) n;
INSERT INTO letter SELECT n, n || '@lovelace.dk' FROM generate_series(1, 50) n;
"""
_PEOPLE_RULES = "  public.person: {id: {keep: k}, email: {mask: email}}\n  public.letter: {id: {keep: k}, sender: {mask: email}}\n"


def test_after_another_key_no_stand_in_of_the_former_is_left(
    two_databases: TwoDatabases, tmp_path: Path
) -> None:
    """Every row is made anew, so that no two keys are ever mixed in one copy."""
    source, target = two_databases
    execute(source, _PEOPLE)
    request = request_for(source, target, tmp_path, rules_of(_PEOPLE_RULES, tmp_path))
    first = refresh(request)
    stand_ins = "SELECT email FROM person UNION SELECT sender FROM letter"
    before = set(column_of(target, stand_ins))
    other = ProjectKey(b"the key of another year: 0123456789abcdef")
    second = refresh(replace(request, key=other))
    assert not before & set(column_of(target, stand_ins))
    assert query(target, "SELECT count(*) FROM person JOIN letter ON email = sender") == [(50,)]
    assert query(target, "SELECT key_id FROM dbtool.refresh") == [(other.key_id,)]
    assert (first.key_id, second.key_id) == (KEY.key_id, other.key_id)
    (said,) = (finding.message for finding in second.findings if finding.check == "key-changed")
    assert KEY.key_id in said
    assert other.key_id in said
    assert "key-changed" not in {finding.check for finding in first.findings}


@pytest.mark.parametrize(
    "subset", ["", "subset: {roots: [{table: public.person, ids: [1]}]}\n"], ids=["all rows", "a subset"]
)
def test_alembics_table_is_copied_whole_and_needs_no_rule(
    two_databases: TwoDatabases, tmp_path: Path, subset: str
) -> None:
    source, target = two_databases
    execute(source, _PEOPLE)
    execute(
        source,
        "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);"
        "INSERT INTO alembic_version VALUES ('4f1a'), ('99c0')",
    )
    refresh(request_for(source, target, tmp_path, rules_of(_PEOPLE_RULES + subset, tmp_path)))
    assert column_of(target, "SELECT version_num FROM alembic_version ORDER BY 1") == ["4f1a", "99c0"]
    assert column_of(target, "SELECT count(*) FROM person") == [1 if subset else 50]


_CREDENTIALS = """
CREATE TABLE account (
    id int PRIMARY KEY, api_key text NOT NULL UNIQUE, webhook_url text, device_token text, oauth jsonb, totp bytea,
    recovery text[], password_hash varchar(60)
);
CREATE TABLE session (id uuid PRIMARY KEY, account int REFERENCES account, cookie text);
CREATE TABLE outbox (id int PRIMARY KEY, account int REFERENCES account, payload jsonb);
INSERT INTO account
SELECT n, 'sk_live_' || md5('key' || n), 'https://hooks.lovelace.dk/' || md5('hook' || n), md5('device' || n),
    jsonb_build_object('refresh', md5('oauth' || n)), decode(md5('totp' || n), 'hex'), ARRAY[md5('code' || n)],
    '$2b$12$' || md5('password' || n)
FROM generate_series(1, 40) n;
INSERT INTO session SELECT md5('session' || n)::uuid, 1 + n % 40, md5('cookie' || n) FROM generate_series(1, 60) n;
INSERT INTO outbox SELECT n, 1 + n % 40, jsonb_build_object('to', md5('outbox' || n)) FROM generate_series(1, 60) n;
"""
_CREDENTIAL_RULES = """
  public.account:
    id: {keep: k}
    api_key: {mask: token}
    webhook_url: {mask: url}
    device_token: {mask: token}
    [oauth, totp, recovery]: {mask: empty}
    password_hash: {mask: 'null'}
  public.session: {id: {mask: uuid}, cookie: {mask: token}}
  public.outbox: {id: {keep: k}, payload: {mask: empty}}
"""


@pytest.mark.parametrize("way", ["subset", "script"])
def test_live_credentials_arrive_dead_and_queues_arrive_empty(
    two_databases: TwoDatabases, tmp_path: Path, way: str
) -> None:
    source, target = two_databases
    execute(source, _CREDENTIALS)
    script = tmp_path / "empty.sql"
    script.write_text("TRUNCATE public.session, public.outbox", encoding="utf-8")
    emptied = "{public.session: empty, public.outbox: empty}"
    subset = (
        f"subset: {{roots: [{{table: public.account, percent: 100}}], tables: {emptied}}}\n"
        if way == "subset"
        else ""
    )
    options = {} if subset else {"after_load": (script,)}
    secrets = {
        text
        for column in ("api_key", "webhook_url", "device_token", "oauth", "totp", "recovery", "password_hash")
        for text in inspection.read_distinct(source, ("public", "account", column))
    }
    assert len(secrets) == 280
    result = refresh(
        request_for(source, target, tmp_path, rules_of(_CREDENTIAL_RULES + subset, tmp_path), **options)
    )
    assert inspection.find_survivors(target, secrets) == {}
    assert query(target, "SELECT count(*), count(DISTINCT api_key) FROM account") == [(40, 40)]
    assert query(target, "SELECT DISTINCT oauth::text, totp, recovery, password_hash FROM account") == [
        ("{}", b"", [], None)
    ]
    assert query(target, "SELECT count(*) FROM account WHERE webhook_url LIKE '%lovelace%'") == [(0,)]
    assert query(target, "SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM outbox)") == [(0, 0)]
    assert "credential-kept" not in {finding.check for finding in result.findings}
