"""Of what a subset skips the source's role need not read a row, and nothing is said of it or asked of the target for it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from dbtool.catalog.relations import RelationName
from dbtool.catalog.without import with_belongings
from dbtool.errors import Drift, FindingsRefuse, PrivilegeMissing
from dbtool.postgres.facts import read_schema_texts
from dbtool.postgres.introspect import read_catalog
from dbtool.postgres.requirements import read_needed_roles
from dbtool.postgres.session import connect
from dbtool.refresh.pipeline import refresh
from dbtool.refresh.plan import plan_refresh
from dbtool.refresh.preflight import preflight
from dbtool.refresh.request import RefreshRequest, Silent
from dbtool.refresh.snapshot import hold_snapshot
from dbtool.targets import Target, Tier
from tests.databases import column_of, execute, query
from tests.integration.test_refresh_subset import findings_of, subset_request

pytestmark = pytest.mark.one_major

MakeDatabase = Callable[[], str]

_SCRATCH = """
CREATE TABLE kept (id int PRIMARY KEY, note text);
INSERT INTO kept SELECT n, 'note' FROM generate_series(1, 20) n;
CREATE SCHEMA attic;
CREATE TABLE attic.scratch (id serial PRIMARY KEY, day date NOT NULL DEFAULT '2025-01-01', note text DEFAULT 'ada@lovelace.dk',
    kept int CONSTRAINT noted REFERENCES kept, CONSTRAINT who CHECK (note <> 'bob@lovelace.dk'));
CREATE INDEX by_note ON attic.scratch (note) WHERE note <> 'cid@lovelace.dk';
CREATE FUNCTION attic.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER touch BEFORE INSERT ON attic.scratch FOR EACH ROW EXECUTE FUNCTION attic.touch();
CREATE POLICY own ON attic.scratch USING (id > 1);
CREATE RULE quiet AS ON DELETE TO attic.scratch DO INSTEAD NOTHING;
CREATE STATISTICS attic.both ON id, note FROM attic.scratch;
CREATE TABLE log (who text) PARTITION BY LIST (who);
CREATE TABLE attic.log_dan PARTITION OF log FOR VALUES IN ('dan@lovelace.dk');
ALTER TABLE attic.scratch ENABLE ROW LEVEL SECURITY;
"""
_COMMENTS = (
    "TABLE attic.scratch",
    "COLUMN attic.scratch.note",
    "INDEX attic.by_note",
    "CONSTRAINT who ON attic.scratch",
    "CONSTRAINT noted ON attic.scratch",
    "TRIGGER touch ON attic.scratch",
    "POLICY own ON attic.scratch",
    "RULE quiet ON attic.scratch",
    "STATISTICS attic.both",
    "SEQUENCE attic.scratch_id_seq",
    "TYPE attic.scratch",
    "TABLE attic.log_dan",
)
_SKIPPING = (
    "subset: {roots: [{table: public.kept, ids: [3]}], tables: {attic.scratch: skip, public.log: skip}}\n"
)
_SKIPPED = {RelationName("attic", "scratch"), RelationName("public", "log")}


@pytest.fixture
def source(source_url: str) -> str:
    comments = "".join(f"COMMENT ON {one} IS 'eve@lovelace.dk';" for one in _COMMENTS)
    execute(source_url, _SCRATCH + comments)
    return source_url


@pytest.fixture
def role(source: str) -> Iterator[str]:
    name = f"dbtool_skipper_{os.getpid()}_{secrets.token_hex(3)}"
    execute(source, f"CREATE ROLE {name} LOGIN PASSWORD 'reader'")
    yield name
    execute(source, f"DROP OWNED BY {name}; DROP ROLE {name}")


def as_role(request: RefreshRequest, url: str, role: str) -> RefreshRequest:
    reader = psycopg.conninfo.make_conninfo(url, user=role, password="reader")
    return replace(request, source=Target("production", Tier.PRODUCTION, lambda: reader))


def test_a_role_that_may_not_read_what_is_skipped_copies_the_rest(
    source: str, role: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    target = make_database()
    request = as_role(subset_request(source, target, tmp_path, _SKIPPING), source, role)
    with pytest.raises(PrivilegeMissing) as lacking:
        preflight(request)
    assert f"GRANT SELECT ON TABLE public.kept TO {role};" in str(lacking.value)
    assert "attic" not in str(lacking.value)
    assert "log" not in str(lacking.value)
    execute(source, f"GRANT SELECT ON kept TO {role}")
    assert plan_refresh(request).subset is not None
    assert [one.check for one in preflight(request).findings if one.is_error] == []
    refresh(request)
    assert column_of(target, "SELECT id FROM kept") == [3]
    assert query(target, "SELECT to_regclass('attic.scratch'), to_regclass('log')") == [(None, None)]


def test_where_nothing_is_skipped_the_same_role_is_refused(
    source: str, role: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    execute(source, f"GRANT SELECT ON kept TO {role}")
    request = subset_request(source, make_database(), tmp_path, _SKIPPING.replace("skip", "empty"))
    with pytest.raises(PrivilegeMissing, match=r"attic\.scratch"):
        preflight(as_role(request, source, role))
    execute(
        source,
        f"GRANT USAGE ON SCHEMA attic TO {role}; GRANT SELECT ON attic.scratch, log, attic.log_dan TO {role}",
    )
    with pytest.raises(FindingsRefuse) as refused:
        preflight(as_role(request, source, role))
    assert [check for check, _ in findings_of(refused.value)] == ["rows-hidden"]


def test_texts_of_what_is_skipped_are_not_spoken_of(source: str) -> None:
    with connect(source, read_only=True) as connection:
        gone = with_belongings(read_catalog(connection), _SKIPPED)
        texts = read_schema_texts(connection)
        left = read_schema_texts(connection, gone)
    spoken = {what for what, text in texts if "lovelace" in text}
    assert len(spoken) == len(_COMMENTS) + 4  # the default, the check, the predicate and the bound
    assert [what for what, text in left if "lovelace" in text] == []
    assert ("function attic.touch", "BEGIN RETURN new; END") in left


def test_a_comment_on_what_is_copied_is_spoken_of_all_the_same(source: str) -> None:
    execute(
        source, "COMMENT ON CONSTRAINT kept_pkey ON kept IS 'fay@lovelace.dk'; COMMENT ON SCHEMA attic IS 'x'"
    )
    with connect(source, read_only=True) as connection:
        gone = with_belongings(read_catalog(connection), _SKIPPED)
        left = dict(read_schema_texts(connection, gone))
    assert left["comment on table constraint kept_pkey on public.kept"] == "fay@lovelace.dk"
    assert left["comment on schema attic"] == "x"


def test_roles_that_only_what_is_skipped_names_are_not_asked_for(source: str, role: str) -> None:
    execute(
        source, f"CREATE POLICY theirs ON attic.scratch TO {role} USING (true); GRANT SELECT ON log TO {role}"
    )
    with connect(source, read_only=True) as connection:
        gone = with_belongings(read_catalog(connection), _SKIPPED)
        assert (read_needed_roles(connection).in_policies, read_needed_roles(connection).in_grants) == (
            (role,),
            (role,),
        )
        needed = read_needed_roles(connection, gone)
    assert (needed.in_policies, needed.in_grants) == ((), ())
    execute(
        source, f"CREATE POLICY theirs ON kept TO {role} USING (true); GRANT USAGE ON SCHEMA attic TO {role}"
    )
    with connect(source, read_only=True) as connection:
        needed = read_needed_roles(connection, gone)
    assert (needed.in_policies, needed.in_grants) == ((role,), (role,))


def test_ddl_on_what_is_skipped_is_in_nobody_s_way(source: str) -> None:
    ours = Target("production", Tier.PRODUCTION, lambda: source)
    with connect(source, read_only=True) as connection:
        catalog = read_catalog(connection)
    with hold_snapshot(ours, catalog, skipped=_SKIPPED) as held, psycopg.connect(source) as other:
        assert set(held.catalog.relations) == {RelationName("public", "kept")}
        other.execute("LOCK attic.scratch, log IN ACCESS EXCLUSIVE MODE NOWAIT")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("LOCK kept IN ACCESS EXCLUSIVE MODE NOWAIT")
    execute(
        source, "ALTER TABLE attic.scratch ADD age int; CREATE TABLE attic.log_eve PARTITION OF log DEFAULT"
    )
    with pytest.raises(Drift), hold_snapshot(ours, catalog):
        pass
    with hold_snapshot(ours, catalog, skipped=_SKIPPED) as held:
        assert RelationName("attic", "log_eve") in held.left_out
    execute(source, "ALTER TABLE kept ADD age int")
    with pytest.raises(Drift), hold_snapshot(ours, catalog, skipped=_SKIPPED):
        pass


def test_nothing_is_said_of_a_copy_of_what_is_skipped(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    execute(
        source,
        "CREATE TABLE blank (id int); COMMENT ON TABLE blank IS 'ask joe@lovelace.dk';"
        "CREATE UNLOGGED TABLE attic.blank (id int); COMMENT ON TABLE attic.blank IS 'ask joe@lovelace.dk'",
    )
    request = subset_request(
        source,
        make_database(),
        tmp_path,
        _SKIPPING.replace("public.log: skip", "public.log: skip, public.blank: skip"),
    )
    found = preflight(request).findings
    assert [(one.check, one.where) for one in found if "blank" in one.where] == [
        ("personal-data-in-schema", "comment on table attic.blank")
    ]
    assert not any("lovelace" in one.message or "scratch" in one.where for one in found)


class _AtStream(Silent):
    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def stage(self, name: str) -> None:
        if name == "stream":
            self.act()


def test_what_is_skipped_may_be_dropped_while_the_rest_is_copied(
    source: str, make_database: MakeDatabase, tmp_path: Path
) -> None:
    """Production goes on with its partitions: a DROP that waited for us would make their readers wait behind it."""
    target = make_database()
    dropped: list[str] = []

    def drop() -> None:
        execute(source, "SET lock_timeout = '2s'; DROP TABLE attic.log_dan")
        dropped.append("attic.log_dan")

    request = subset_request(source, target, tmp_path, _SKIPPING)
    refresh(replace(request, observer=_AtStream(drop)))
    assert dropped == ["attic.log_dan"]
    assert column_of(target, "SELECT id FROM kept") == [3]
