"""Extensions that the target's admin has made in template1, and a copy that begins as a copy of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dbtool.clones.embedded import EmbeddedServer, embedded_server
from dbtool.errors import PrivilegeMissing
from dbtool.findings import Finding
from dbtool.postgres.binaries import choose_server, find_installations
from dbtool.refresh.pipeline import refresh
from tests.databases import column_of, execute, query
from tests.integration.refreshing import request_for

NAME = f"dbtool_test_{os.getpid()}_expecting"


@pytest.fixture(scope="module")
def own_server(newest_server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Its template1 is nobody else's."""
    installation = choose_server(find_installations(), newest_server.major)
    with embedded_server(installation=installation, settings={"fsync": "off"}) as server:
        yield server


def errors_of(error: PrivilegeMissing) -> list[Finding]:
    return [one for one in error.findings if isinstance(one, Finding) and one.is_error]


def test_what_the_source_uses_is_expected_in_the_template_and_then_there(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    """A role without superuser could not make the untrusted one; unused ones are not asked for."""
    source, target = own_server.url(f"{NAME}_source"), own_server.url(f"{NAME}_target")
    execute(own_server.url(), f"CREATE DATABASE {NAME}_source TEMPLATE template0")
    writer = f"dbtool_writer_{NAME}"
    execute(own_server.url(), f"CREATE ROLE {writer} LOGIN CREATEDB PASSWORD 'writer'")
    execute(
        source,
        'CREATE SCHEMA "Ext s"; COMMENT ON SCHEMA "Ext s" IS \'theirs\'; CREATE SCHEMA "Ext s two"; CREATE EXTENSION citext SCHEMA "Ext s"; CREATE EXTENSION pageinspect; CREATE EXTENSION file_fdw;'
        "COMMENT ON EXTENSION citext IS 'ours'; CREATE TABLE t (id int PRIMARY KEY, name \"Ext s\".citext UNIQUE);"
        "CREATE VIEW pages AS SELECT (page_header(get_raw_page('t', 0))).lower FROM t; INSERT INTO t VALUES (1, 'One');"
        f'GRANT CREATE ON SCHEMA "Ext s" TO {writer}; GRANT SELECT ON t TO {writer};'
        f"GRANT USAGE ON FOREIGN DATA WRAPPER file_fdw TO {writer}",
    )
    url = f"postgresql://{writer}:writer@127.0.0.1:{own_server.port}/{NAME}_target"
    with pytest.raises(PrivilegeMissing) as refused:
        refresh(request_for(source, url, tmp_path, extensions="expect"))
    remedies = [one.remedy for one in errors_of(refused.value)]
    assert [one.split(": ", 1)[1] for one in remedies] == [
        'CREATE SCHEMA IF NOT EXISTS "Ext s"; GRANT USAGE ON SCHEMA "Ext s" TO PUBLIC; CREATE EXTENSION citext SCHEMA "Ext s"',
        "CREATE EXTENSION pageinspect SCHEMA public",
    ]
    execute(own_server.url("template1"), "; ".join(one.split(": ", 1)[1] for one in remedies))
    for _ in range(2):
        result = refresh(request_for(source, url, tmp_path, extensions="expect", grants="source"))
        assert "extension-untrusted" not in [one.check for one in result.findings]
        (refused_grant,) = [one for one in result.findings if one.check == "grant-refused"]
        assert refused_grant.message.endswith("in the source: Ext s, file_fdw")
    assert query(target, 'SELECT id FROM t WHERE name OPERATOR("Ext s".=) \'ONE\'::"Ext s".citext') == [(1,)]
    assert column_of(
        target, "SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'Ext%' ORDER BY 1"
    ) == [
        "Ext s",
        "Ext s two",
    ]
    assert column_of(target, "SELECT extname::text FROM pg_extension ORDER BY 1") == [
        "citext",
        "pageinspect",
        "plpgsql",
    ]


def test_to_be_made_one_that_only_superusers_make_is_told_before(
    own_server: EmbeddedServer, tmp_path: Path
) -> None:
    source = own_server.url(f"{NAME}_untrusted")
    execute(own_server.url(), f"CREATE DATABASE {NAME}_untrusted TEMPLATE template0")
    execute(source, "CREATE EXTENSION pageinspect; CREATE TABLE t (id int)")
    writer = f"dbtool_plain_{NAME}"
    execute(own_server.url(), f"CREATE ROLE {writer} LOGIN CREATEDB PASSWORD 'writer'")
    heard: list[Finding] = []
    request = request_for(
        source, f"postgresql://{writer}:writer@127.0.0.1:{own_server.port}/{NAME}_new", tmp_path
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(request.observer), "found", lambda _self, finding: heard.append(finding))
        with pytest.raises(Exception, match="pageinspect"):
            refresh(request)
    (told,) = [one for one in heard if one.check == "extension-untrusted"]
    assert "pageinspect" in told.message
    assert 'extensions = "expect"' in told.remedy
