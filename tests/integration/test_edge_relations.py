"""Every kind of relation, and what stands beside them in a database: copied, made anew, or left out and named."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import PrivilegeMissing
from dbtool.findings import Finding
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.result import RefreshResult
from tests.acceptance import inspection
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for, rules_of

LoadSchema = Callable[[str], str]

_RULES = """
  public.town: {id: {keep: k}}
  public.visit: {[id, seen_on, town]: {keep: k}, guest: {mask: email}}
  public.bill: {id: {keep: k}}
  public.person: {id: {keep: k}, email: {mask: email}}
  public.pictured: {photo: {keep: k}}
  public.employee: {[id, photo, salary]: {keep: k}, email: {mask: email}}
  public.cached: {id: {keep: k}, email: {mask: email}}
  public.watched: {[id, note]: {keep: k}}
  public.ruled: {id: {keep: k}}
  public.guarded: {[id, owner_name]: {keep: k}}
  public.identity_full: {[id, note]: {keep: k}}
  public.identity_index: {[id, note]: {keep: k}}
  public.identity_nothing: {id: {keep: k}}
"""


@pytest.fixture
def relations(load_schema: LoadSchema) -> Iterator[str]:
    """A database with a subscription cannot be dropped."""
    source = load_schema("edge_relations")
    try:
        yield source
    finally:
        execute(
            source,
            "SET session_replication_role = replica; DROP EVENT TRIGGER IF EXISTS no_ddl; DROP SUBSCRIPTION heard",
        )


def dump(server: EmbeddedServer, url: str) -> str:
    """Everything that the server's own pg_dump has to say."""
    parts = urlsplit(url)
    address = {
        "PGHOST": parts.hostname,
        "PGPORT": str(parts.port),
        "PGUSER": parts.username,
        "PGPASSWORD": parts.password,
    }
    done = subprocess.run(
        [str(server.programs / "pg_dump"), parts.path.lstrip("/")],
        env={"PATH": os.environ["PATH"], **{name: str(value) for name, value in address.items()}},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def copy(source: str, owner: str, target: str, folder: Path) -> RefreshResult:
    """While a session of the source's owner has a temporary table."""
    with psycopg.connect(owner, autocommit=True) as session:
        session.execute("SET session_replication_role = replica")
        session.execute("CREATE TEMPORARY TABLE passing AS SELECT email FROM person")
        return refresh(request_for(source, target, folder, rules_of(_RULES, folder)))


def test_each_arrives_as_it_should(
    relations: str, target_url: str, tmp_path: Path, server: EmbeddedServer
) -> None:
    result = copy(relations, relations, target_url, tmp_path)
    _has_rows_where_they_were(relations, target_url)
    _has_what_acts_as_it_was(relations, target_url)
    _tells_what_is_left_out(result)
    told = dump(server, target_url)
    assert "lovelace" not in told
    assert "secret-of" not in told
    assert "CREATE VIEW public.addresses" in told
    for reaching in ("PUBLICATION", "SUBSCRIPTION", "USER MAPPING", "EVENT TRIGGER"):
        assert f"CREATE {reaching}" not in told, reaching


def _has_rows_where_they_were(source: str, target: str) -> None:
    """Each leaf and each table of a family has its own rows, once."""
    ours, theirs = inspection.count_rows(target), inspection.count_rows(source)
    assert theirs.pop(("public", "configured")) == 1
    assert ours == theirs
    assert ours["public", "person"] == 20
    assert column_of(target, "SELECT count(*) FROM person") == [30]
    for kept in (
        "SELECT tableoid::regclass::text, id, seen_on, town FROM visit ORDER BY id",
        "SELECT id, photo, salary FROM employee ORDER BY id",
        "SELECT n FROM counted",
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'visit'::regclass ORDER BY 1",
        "SELECT relname, relpersistence FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname <> 'configured' ORDER BY 1",
    ):
        assert query(target, kept) == query(source, kept), kept
    # A view's rows are made of what was loaded: those of the source hold originals.
    assert column_of(target, "SELECT count(*) FROM gathered WHERE email LIKE '%lovelace%'") == [0]
    assert column_of(target, "SELECT one FROM counted") == column_of(
        target, "SELECT max(email) FROM gathered"
    )


def _has_what_acts_as_it_was(source: str, target: str) -> None:
    for there in (
        "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
        "SELECT rulename, pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename = 'ruled_never'",
        "SELECT id, note FROM watched ORDER BY 1",
        "SELECT id FROM ruled ORDER BY 1",
        "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relname = 'guarded'",
        "SELECT polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy",
        "SELECT relname, relreplident FROM pg_class WHERE relname LIKE 'identity%' AND relkind = 'r' ORDER BY 1",
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indisreplident",
        "SELECT conname, convalidated FROM pg_constraint WHERE conparentid = 0 AND contype = 'f' ORDER BY 1",
    ):
        assert query(target, there) == query(source, there), there
        assert query(target, there), there


def _tells_what_is_left_out(result: RefreshResult) -> None:
    assert {"passing", "abroad", "configured"}.isdisjoint(table.name.name for table in result.tables)
    said = "\n".join(finding.message for finding in result.findings if finding.check == "not-copied")
    for sentence in (
        "public.abroad is a foreign table on server elsewhere: its rows are not copied",
        "public.configured belongs to extension hstore: rows that were added to it are not copied",
        "event triggers are not copied: no_ddl",
        "publications are not copied: told",
        "subscriptions are not copied: heard",
        "user mappings are not copied: of server elsewhere",
    ):
        assert sentence in said
    assert "passing" not in said


def test_a_reader_without_any_right_to_look_at_them_copies_the_same(
    relations: str, target_url: str, tmp_path: Path, server: EmbeddedServer
) -> None:
    """pg_subscription and pg_user_mapping hold passwords, and are not everybody's to read."""
    name = f"dbtool_edge_reader_{urlsplit(relations).path[1:]}"
    execute(server.url(), f"CREATE ROLE {name} LOGIN BYPASSRLS PASSWORD 'reader'")
    try:
        grant = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
        execute(relations, f"SET session_replication_role = replica; {grant}")
        parts = urlsplit(relations)
        reader = parts._replace(netloc=f"{name}:reader@{parts.hostname}:{parts.port}").geturl()
        result = copy(reader, relations, target_url, tmp_path)
        _has_rows_where_they_were(relations, target_url)
        _tells_what_is_left_out(result)
    finally:
        execute(relations, f"SET session_replication_role = replica; DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.mark.one_major
def test_an_extension_that_the_target_does_not_have_is_told_before_anything_is_copied(
    source_url: str, target_url: str, tmp_path: Path
) -> None:
    execute(source_url, "CREATE TABLE t (id int); CREATE EXTENSION hstore")
    execute(source_url, "UPDATE pg_catalog.pg_extension SET extname = 'nowhere' WHERE extname = 'hstore'")
    with pytest.raises(PrivilegeMissing) as refused:
        refresh(request_for(source_url, target_url, tmp_path))
    messages = [finding.message for finding in refused.value.findings if isinstance(finding, Finding)]
    assert any("does not have the extension nowhere" in message for message in messages)
    assert query(target_url, "SELECT count(*) FROM pg_class WHERE relname = 't'") == [(0,)]
