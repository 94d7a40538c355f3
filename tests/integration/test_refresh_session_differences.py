"""Sessions that begin with odd settings, wherever these come from: the copy is the same as without them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql

from dbtool.clones.embedded import EmbeddedServer
from dbtool.errors import PrivilegeMissing
from dbtool.postgres.urls import parse_url
from tests.databases import drop_databases, execute, query
from tests.integration.odd_sessions import (
    OF_SUPERUSERS,
    SCHEMAS,
    SUBSET,
    Copy,
    Ends,
    as_role,
    copy,
    describe,
    odd_settings,
    odd_tablespace,
    set_for,
)

LoadSchema = Callable[[str], str]


@pytest.fixture
def ends(
    server: EmbeddedServer, load_schema: LoadSchema, target_url: str, make_database: Callable[[], str]
) -> Iterator[Ends]:
    source, maintenance = load_schema("session_dependent"), make_database()
    for url in (source, maintenance):
        execute(url, (SCHEMAS / "shadow_names.sql").read_text(encoding="utf-8"))
    name = parse_url(target_url)["dbname"]
    reader, writer = f"{name}reader", f"{name}writer"
    execute(
        server.url(),
        f"CREATE ROLE {reader} LOGIN PASSWORD 'odd'; GRANT pg_read_all_data TO {reader};"
        f"CREATE ROLE {writer} LOGIN PASSWORD 'odd' CREATEDB; GRANT pg_signal_backend TO {writer};"
        f"ALTER DATABASE {name} OWNER TO {writer}",
    )
    with odd_tablespace(server):
        yield Ends(source, target_url, maintenance, as_role(source, reader), as_role(target_url, writer))
    # The roles stay, and whoever clones this server carries their settings over.
    execute(server.url(), f"ALTER ROLE {reader} RESET ALL; ALTER ROLE {writer} RESET ALL")


@pytest.fixture(scope="session")
def _plain_copies() -> dict[tuple[int, str], Copy]:
    return {}


@pytest.fixture
def expected(
    server: EmbeddedServer,
    ends: Ends,
    tmp_path: Path,
    *,
    subset: str,
    _plain_copies: dict[tuple[int, str], Copy],
) -> Copy:
    """The copy of the same rows by sessions without oddities, made once: it is the same every time."""
    key = server.port, subset
    if key not in _plain_copies:
        copy(ends, tmp_path, subset, ends.reader, ends.writer)
        _plain_copies[key] = describe(server, ends.target)
    return _plain_copies[key]


@pytest.fixture(params=["", SUBSET], ids=["whole", "subset"])
def subset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_settings_of_roles_change_nothing(
    server: EmbeddedServer, ends: Ends, tmp_path: Path, subset: str, expected: Copy
) -> None:
    roles = [parse_url(url)["user"] for url in (ends.reader, ends.writer)]
    set_for(server, *(f"ROLE {role}" for role in roles))
    copy(ends, tmp_path, subset, ends.reader, ends.writer)
    assert describe(server, ends.target) == expected


def test_a_role_that_acts_as_another_from_the_start_can_refresh(
    server: EmbeddedServer, ends: Ends, tmp_path: Path, expected: Copy, subset: str
) -> None:
    """It may do itself no more than become the other one, to whom the copy belongs."""
    name = parse_url(ends.target)["dbname"]
    for url, rights in ((ends.reader, ""), (ends.writer, "CREATEDB")):
        role = parse_url(url)["user"]
        group = f"{role}group"
        execute(
            server.url(),
            f"CREATE ROLE {group} {rights}; GRANT {group} TO {role}; ALTER ROLE {role} NOCREATEDB; ALTER ROLE {role} SET role = {group};"
            f"GRANT pg_read_all_data, pg_signal_backend TO {group}; REVOKE pg_read_all_data, pg_signal_backend FROM {role}",
        )
    execute(server.url(), f"ALTER DATABASE {name} OWNER TO {name}writergroup")
    execute(
        ends.target,
        f"DROP SCHEMA IF EXISTS dbtool CASCADE; REASSIGN OWNED BY {name}writer TO {name}writergroup",
    )
    copy(ends, tmp_path, subset, ends.reader, ends.writer)
    assert describe(server, ends.target) == expected
    owners = (
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    assert query(ends.target, owners) == [(f"{name}writergroup",)]


@pytest.mark.one_major
def test_the_copy_lies_in_the_tablespace_of_the_live_database(
    server: EmbeddedServer, ends: Ends, tmp_path: Path
) -> None:
    name, writer = parse_url(ends.target)["dbname"], parse_url(ends.writer)["user"]
    where = "SELECT spcname FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = current_database()"
    execute(server.url(), f"ALTER DATABASE {name} SET TABLESPACE dbtool_test_odd")
    with pytest.raises(PrivilegeMissing, match="permission denied for tablespace dbtool_test_odd"):
        copy(ends, tmp_path, "", ends.reader, ends.writer)
    execute(server.url(), f"GRANT CREATE ON TABLESPACE dbtool_test_odd TO {writer}")
    copy(ends, tmp_path, "", ends.reader, ends.writer)
    assert query(ends.target, where) == [("dbtool_test_odd",)]
    drop_databases(server, name)


@pytest.mark.parametrize("said_of", ["DATABASE {}", "ROLE postgres IN DATABASE {}"])
def test_settings_of_databases_change_nothing(
    server: EmbeddedServer, ends: Ends, tmp_path: Path, *, subset: str, expected: Copy, said_of: str
) -> None:
    set_for(server, *(said_of.format(name) for name in ends.names()))
    copy(ends, tmp_path, subset)
    carried = query(
        ends.target, "SELECT current_setting('DateStyle'), current_setting('transform_null_equals')"
    )
    assert carried == [("SQL, DMY", "on")]
    execute(server.url(), f"ALTER {said_of} RESET ALL".format(parse_url(ends.target)["dbname"]))
    assert describe(server, ends.target) == expected


def test_the_caller_s_environment_changes_nothing(
    server: EmbeddedServer,
    ends: Ends,
    tmp_path: Path,
    *,
    subset: str,
    expected: Copy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = {**odd_settings(server), "default_tablespace": ""}
    options = " ".join(f"-c {name}={value}".replace(", ", ",\\ ") for name, value in settings.items())
    (tmp_path / ".psqlrc").write_text("\\set ON_ERROR_STOP off\nSET DateStyle = 'SQL, DMY'; SELECT 'odd';\n")
    with monkeypatch.context() as patch:
        for name, value in {
            "HOME": str(tmp_path),
            "PSQLRC": str(tmp_path / ".psqlrc"),
            "PGOPTIONS": options,
            "PGCLIENTENCODING": "LATIN1",
            "PGDATESTYLE": "German",
            "PGTZ": "America/St_Johns",
            "PGGEQO": "off",
            "PGSSLMODE": "prefer",
            "PGAPPNAME": "odd",
            "PGDATABASE": "odd",
            "PGUSER": "odd",
        }.items():
            patch.setenv(name, value)
        copy(ends, tmp_path, subset)
    assert describe(server, ends.target) == expected


_LOGIN = """
CREATE FUNCTION shadow.greet() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE WARNING 'welcome';
    {}
END $$;
CREATE EVENT TRIGGER greet ON login EXECUTE FUNCTION shadow.greet();
ALTER EVENT TRIGGER greet ENABLE ALWAYS
"""


@pytest.mark.one_major  # 17 and newer know the event
def test_what_a_login_trigger_sets_changes_nothing(
    server: EmbeddedServer, ends: Ends, tmp_path: Path, subset: str, expected: Copy
) -> None:
    settings = "".join(
        f"PERFORM pg_catalog.set_config({sql.Literal(name).as_string()}, {sql.Literal(value).as_string()}, false);"
        for name, value in odd_settings(server).items()
        if name not in {"client_encoding", "temp_tablespaces", *OF_SUPERUSERS}
    )
    for url in (ends.source, ends.maintenance):
        execute(url, _LOGIN.format(settings))
    copy(ends, tmp_path, subset, ends.reader, ends.writer)
    assert query(ends.target, "SELECT evtname FROM pg_event_trigger") == []
    execute(ends.target, "DROP FUNCTION shadow.greet()")
    assert describe(server, ends.target) == expected
